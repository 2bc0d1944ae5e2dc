import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type AnswerSink, type AnswerStream, type ClientAnswer, dropAnswer } from '../doors/client-answer.js'
import {
  BodyTooLong,
  type ClientRequest,
  type HeaderReader,
  type TakeBytes,
} from '../doors/client-request.js'
import type { CompleteByPath } from '../doors/complete-by-path.js'

/** What is left of a body that nobody wants may still come for so long, or its client would not read the answer. */
const REST_OF_BODY_MS = 500

/** As nearly all hosts are written; whether another is one is the web's to judge. */
const PLAIN_HOST = /^[a-z\d._-]+(?::(?:\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}))?$/

/**
 * Answers a request of Node's own server without the objects of the web.
 * @returns false: it is not one that can be answered so
 */
export function answerCompletion(
  complete: CompleteByPath,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): boolean {
  const { method, url = '', headers } = incoming
  if (method !== 'POST') return false
  if (headers.host !== undefined && !PLAIN_HOST.test(headers.host)) return false
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  const answer = complete(path, new NodeRequest(incoming, outgoing))
  if (answer === null) return false
  answer
    .then((given) => send(given, incoming, outgoing))
    .catch(() => {
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(500).end()
    })
  return true
}

class NodeRequest implements ClientRequest, HeaderReader {
  private readonly incoming: IncomingMessage
  private readonly outgoing: ServerResponse

  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    this.incoming = incoming
    this.outgoing = outgoing
  }

  get headers(): HeaderReader {
    return this
  }

  get(name: string): string | null {
    const value = this.incoming.headers[name]
    return typeof value === 'string' ? value : (value?.join(', ') ?? null)
  }

  get isGone(): boolean {
    return this.outgoing.destroyed || this.incoming.socket.destroyed
  }

  onGone(listener: () => void): void {
    whenGone(this.incoming, this.outgoing, listener)
  }

  body(bytesMax: number, take?: TakeBytes): Promise<Uint8Array> {
    const { incoming } = this
    if (Number(this.get('content-length') ?? 0) > bytesMax) return Promise.reject(new BodyTooLong())
    // It says no more when it was over before anybody listened.
    if (incoming.destroyed) return Promise.reject(brokenOff())
    return new Promise((resolve, reject) => {
      let chunks: Buffer[] = []
      let bytes = 0
      let isWhole = false
      let isRefused = false
      const refuse = (error: unknown): void => {
        isRefused = true
        chunks = []
        reject(error)
      }
      incoming
        .on('data', (chunk: Buffer) => {
          if (isRefused) return
          bytes += chunk.byteLength
          if (bytes > bytesMax) {
            refuse(new BodyTooLong())
            return
          }
          try {
            take?.(chunk.byteLength)
          } catch (error) {
            refuse(error)
            return
          }
          chunks.push(chunk)
        })
        .on('end', () => {
          isWhole = true
          resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
        })
        .on('close', () => {
          // Every request ends with this, and an error that nobody sees costs as much as any.
          if (!isWhole) reject(brokenOff())
        })
    })
  }
}

/** Requests of a connection that are under way. One listener of a socket is enough for all of them. */
const underWay = new WeakMap<Socket, (() => void)[]>()

/**
 * Calls back once when the client has gone before its answer was on its way. Of requests that were sent one after the other
 * without waiting only the first has the socket: answers of the others hear nothing of its end.
 */
export function whenGone(incoming: IncomingMessage, outgoing: ServerResponse, listener: () => void): void {
  const { socket } = incoming
  const all = underWay.get(socket) ?? watched(socket)
  const gone = (): void => {
    const place = all.indexOf(gone)
    if (place < 0) return
    all.splice(place, 1)
    if (!outgoing.writableFinished) listener()
  }
  all.push(gone)
  outgoing.once('close', gone)
}

/** @returns whether a request has come on it that is not answered yet */
export function hasRequest(socket: Socket): boolean {
  return (underWay.get(socket)?.length ?? 0) > 0
}

function watched(socket: Socket): (() => void)[] {
  // No set: its tables outlive what was in them, and keep it (`UnderWay`).
  const all: (() => void)[] = []
  underWay.set(socket, all)
  socket.once('close', () => {
    for (const gone of [...all]) gone()
  })
  return all
}

function brokenOff(): Error {
  return new Error('the client went away in the middle of its request')
}

function send(answer: ClientAnswer, incoming: IncomingMessage, outgoing: ServerResponse): void {
  let isOnItsWay = false
  try {
    if (outgoing.destroyed || incoming.socket.destroyed) return
    write(answer, incoming, outgoing)
    isOnItsWay = true
  } finally {
    if (!isOnItsWay) dropAnswer(answer)
    answer.sent?.()
  }
}

function write(
  { status, headers, body }: ClientAnswer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  if (!incoming.complete) outgoing.once('finish', () => readRestOfBody(incoming))
  if (body === null) outgoing.writeHead(status, headers).end()
  else if (typeof body === 'string') {
    const bytes = Buffer.byteLength(body)
    outgoing.writeHead(status, withLength(headers, bytes))
    // Head and body in one piece, and not with that of the end, which is empty: sockets take a text faster than a list. In ASCII it is the same bytes.
    outgoing.write(body, bytes === body.length ? 'latin1' : 'utf8')
    outgoing.socket?.uncork()
    outgoing.end()
  } else {
    outgoing.writeHead(status, headers)
    new NodeSink(body, incoming, outgoing).begin()
  }
}

/** Names and values by turns: to copy an object of headers takes as long as to write them. */
function withLength(headers: Readonly<Record<string, string>>, bytes: number): string[] {
  const all = ['content-length', String(bytes)]
  for (const name in headers) all.push(name, headers[name])
  return all
}

/** The rest of a body is passed over, for as long as that takes a moment. */
function readRestOfBody(incoming: IncomingMessage): void {
  if (incoming.complete) return
  const late = setTimeout(() => incoming.socket.destroySoon(), REST_OF_BODY_MS).unref()
  incoming.once('close', () => clearTimeout(late)).resume()
}

/** A stream on its way to a socket, no faster than that takes it. */
class NodeSink implements AnswerSink {
  private readonly stream: AnswerStream
  private readonly incoming: IncomingMessage
  private readonly outgoing: ServerResponse
  private isPulling = false
  private isBegun = false
  private isOver = false

  constructor(stream: AnswerStream, incoming: IncomingMessage, outgoing: ServerResponse) {
    this.stream = stream
    this.incoming = incoming
    this.outgoing = outgoing
  }

  begin(): void {
    whenGone(this.incoming, this.outgoing, () => {
      this.isOver = true
      this.stream.cancel()
    })
    this.stream.begin(this)
    this.pull()
  }

  send(text: string): void {
    if (this.isOver) return
    const { outgoing } = this
    // Called back when the socket has taken it: there may be room again.
    outgoing.write(text, this.onTaken)
    if (this.isBegun) return
    // Node holds pieces back until all that is to be done at the moment is done; the first token is not to wait for that.
    this.isBegun = true
    outgoing.socket?.uncork()
  }

  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.outgoing.end()
  }

  private readonly onTaken = (): void => this.pull()

  private pull(): void {
    if (this.isPulling || this.isOver || this.outgoing.writableLength >= this.stream.waitingBytesMax) return
    const pulled = this.stream.pull()
    if (pulled === undefined) return
    this.isPulling = true
    void pulled.then(() => {
      this.isPulling = false
      this.pull()
    })
  }
}
