import type { Socket } from 'node:net'
import type { buildConnector } from 'undici'

/** How a connection ends that its other side has closed, by the code of its error. */
const RESET = new Set(['ECONNRESET', 'EPIPE'])
/** What undici says of one, which has a code for all that goes wrong with a connection. */
const CLOSED = 'other side closed'
const ofUsed = new WeakSet<Error>()

/** Connections whose errors are known by whether an answer had ended on them before. */
export function notingUse(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...made) => {
      const [, socket] = made
      // Missing where the connection failed, whatever its type says.
      if (socket) noteUse(socket)
      callback(...made)
    })
}

/**
 * A request goes out in one piece, and the next one after the answer to it: what comes before that may be of TLS, or no more than `100 Continue`.
 */
function noteUse(socket: Socket): void {
  const write: Socket['write'] = socket.write.bind(socket)
  let bytesBefore: number | null = null
  let isUsed = false
  const noting = (...given: Parameters<Socket['write']>) => {
    bytesBefore ??= socket.bytesRead
    isUsed ||= socket.bytesRead > bytesBefore
    return write(...given)
  }
  socket.write = noting as Socket['write']
  socket.once('error', (error) => {
    if (isUsed) ofUsed.add(error)
  })
}

/**
 * Whether the other side has closed a connection that had been used before. What an upstream that breaks off does looks the same: nobody can tell them
 * apart.
 */
export function isClosedAfterUse(error: Error & { readonly code?: unknown }): boolean {
  return ofUsed.has(error) && (RESET.has(String(error.code)) || error.message === CLOSED)
}
