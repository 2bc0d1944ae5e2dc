import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** So long is waited for the client to read its last answer and close; what it sends meanwhile is passed over. */
const CLOSE_MS = 500

const STATUSES: Readonly<Record<string, readonly [status: string, code: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'header_too_large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'request_timeout'],
}

/** A socket of Node's server. */
interface ServerSocket extends Socket {
  /** Of the answers under way, one after another has it. */
  readonly _httpMessage?: ServerResponse | null
  /** Its `incoming`: the latest request. */
  readonly parser?: { readonly incoming: IncomingMessage | null } | null
}

/** Sockets of which bytes were no request. Node's parser takes nothing more of them, and says so of each piece that comes. */
const refused = new WeakSet<Socket>()

/**
 * Bytes that are no request: a short answer, after those to the requests before them, and the end of the connection.
 * The socket is still read, or nobody would notice that the client has gone.
 */
export function refuse(error: NodeJS.ErrnoException, socket: ServerSocket): void {
  if (refused.has(socket)) return
  refused.add(socket)
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
  else afterAnswers(socket, error)
}

function afterAnswers(socket: ServerSocket, error: NodeJS.ErrnoException): void {
  const answer = socket._httpMessage ?? null
  // The bytes may be of the body of a request that has been answered. None has two answers.
  if (answer === null) end(socket, socket.parser?.incoming?.complete === false ? '' : textOf(error))
  // Node's own listener came first: the next answer has the socket.
  else if (answer.req.complete) answer.once('finish', () => afterAnswers(socket, error))
  // The bytes are of its own body.
  else if (!answer.headersSent) end(socket, textOf(error))
  else answer.once('finish', () => end(socket, ''))
}

function end(socket: Socket, text: string): void {
  // The last answer said that it would be.
  if (socket.writable) socket.end(text)
  const late = setTimeout(() => socket.destroy(), CLOSE_MS).unref()
  socket.once('close', () => clearTimeout(late))
}

function textOf({ code: cause = '' }: NodeJS.ErrnoException): string {
  const [status, code] = STATUSES[cause] ?? ['400 Bad Request', 'bad_request']
  const body = JSON.stringify({
    error: { message: status.slice(4), type: 'invalid_request_error', param: null, code },
  })
  return `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}
