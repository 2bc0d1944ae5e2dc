import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { ListenConfig } from '../config/config.js'
import type { LimitsConfig, TimeoutsConfig } from '../config/limit-config.js'
import type { CompleteByPath } from '../doors/complete-by-path.js'
import { refuse } from './bad-bytes.js'
import { Connections } from './connections.js'
import { answerCompletion, whenGone } from './node-door.js'
import { plainTarget } from './plain-path.js'

/** Idle connections stay so long: longer than load balancers keep theirs (60 s), or these would find them closed. */
const KEEP_ALIVE_MS = 65_000
/** Headers are short: whoever is slower sends them slowly on purpose. */
const HEADERS_MS_MAX = 10_000
const DRAIN_CHECK_MS = 25
/** Once the server ends, a connection may be without a request for so long: no longer than the moment that Node gives the rest of a body. */
const ASK_MS = 1000
const ASK_CHECK_MS = 100
/** Of bytes that wait for a client some are read within it, or its connection ends: there would be no end to such. */
const UNREAD_MS = 300_000
/** The last answer of a request that was cut is read within it, or not at all. */
const CUT_MS = 500

/** Of a config, what sockets need. */
export interface HttpSettings {
  readonly listen: ListenConfig
  readonly limits: Pick<LimitsConfig, 'headerBytesMax'>
  readonly timeouts: Pick<TimeoutsConfig, 'requestMs'>
}

export interface HttpServer {
  /** Where it listens, with the port that it got. */
  readonly url: string
  /**
   * No connection is taken any more, those that are idle end, and those on which for a moment no request is under way whose head has
   * come whole (a browser and a load balancer open some in advance). Resolves when all requests have ended.
   * @param drainMs after it `cut` is called, once; what has not ended a moment later loses its connection
   * @param cut ends what is under way, so that each client gets an answer. Default: none does
   */
  drain(drainMs: number, cut?: () => void): Promise<void>
}

/**
 * Listens for HTTP. Limits of headers and of the time that a request may take to arrive are those of the config at the start.
 * @param unreadMs so long nothing of an answer may be read
 * @param complete answers what it can without the objects of the web, which cost more than all the rest of a request
 * @throws (the promise is rejected with) what keeps it from listening
 */
export async function listen(
  { listen: { host, port }, limits, timeouts }: HttpSettings,
  fetch: (request: Request) => Response | Promise<Response>,
  complete: CompleteByPath = () => null,
  unreadMs = UNREAD_MS,
): Promise<HttpServer> {
  const byFetch = getRequestListener(fetch, { overrideGlobalObjects: false, hostname: host })
  const connections = new Connections()
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytesMax,
      requestTimeout: timeouts.requestMs,
      headersTimeout: Math.min(timeouts.requestMs, HEADERS_MS_MAX),
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(1000, timeouts.requestMs),
      // A request with two lengths, or a length and chunks, is two requests to somebody else.
      insecureHTTPParser: false,
      noDelay: true,
      // As the web has it: what comes twice is one text.
      joinDuplicateHeaders: true,
    },
    (incoming, outgoing) => {
      connections.moved(incoming.socket)
      outgoing.on('timeout', endUnread)
      incoming.url = plainTarget(incoming.url ?? '')
      if (answerCompletion(complete, incoming, outgoing)) return
      whenGone(incoming, outgoing, () => {
        // The web's answer listens to this alone, and one that waits for its turn on the socket is never told by Node.
        if (outgoing.socket === null) outgoing.emit('close')
      })
      void byFetch(incoming, outgoing)
    },
  )
  server.on('connection', (socket) => connections.add(socket))
  server.on('clientError', (error, socket: Socket) => {
    connections.moved(socket)
    refuse(error, socket)
  })
  // Node ends connections on which nothing has moved for so long, unless an answer under way listens for it.
  server.timeout = unreadMs
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return { url: urlOf(server), drain: (...how) => drain(server, connections, ...how) }
}

/** An answer that is not there yet is waited for. */
function endUnread(socket: Socket): void {
  if (socket.writableLength > 0) socket.destroy()
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

async function drain(
  server: Server,
  connections: Connections,
  drainMs: number,
  cut?: () => void,
): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection becomes idle when its last answer has ended.
  const check = setInterval(() => server.closeIdleConnections(), DRAIN_CHECK_MS)
  const end = () => server.closeAllConnections()
  // To Node a connection that has asked for nothing is not idle, nor one with half of a head, whose time it watches no longer.
  const unasked = setInterval(() => connections.endQuiet(ASK_MS, performance.now()), ASK_CHECK_MS)
  let late = setTimeout(() => {
    cut?.()
    if (cut === undefined) end()
    else late = setTimeout(end, CUT_MS)
  }, drainMs)
  server.closeIdleConnections()
  await ended
  clearInterval(check)
  clearInterval(unasked)
  clearTimeout(late)
}
