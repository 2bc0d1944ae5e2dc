import type { Socket } from 'node:net'

/** How a connection ends that its other side has closed, by the code of its error. */
const RESET = new Set(['ECONNRESET', 'EPIPE'])
/** What undici says of one, which has a code for all that goes wrong with a connection. */
const CLOSED = 'other side closed'
const ofUsed = new WeakSet<Error>()

/**
 * Has `isClosedAfterUse` know the errors of a connection. To stand below whatever reads of it and passes something over.
 *
 * A request goes out in one piece, and the next one after the answer to it. What undici reads is counted, and not `bytesRead`: with TLS that has records
 * of its own too, such as the one that says the end.
 */
export function noteUse(socket: Socket): void {
  const write: Socket['write'] = socket.write.bind(socket)
  const read = socket.read.bind(socket)
  let isUsed = false
  /** Whether something came since the last request. */
  let isAnswered = false
  const noting = (...given: Parameters<Socket['write']>) => {
    isUsed ||= isAnswered
    isAnswered = false
    return write(...given)
  }
  socket.write = noting as Socket['write']
  socket.read = (size?: number) => {
    const chunk: unknown = read(size)
    isAnswered ||= chunk !== null
    return chunk
  }
  socket.once('error', (error) => {
    if (isUsed && !isAnswered) ofUsed.add(error)
  })
}

/**
 * Whether the other side has closed a connection that had been used before, with nothing on it for the latest request. What an upstream does that breaks
 * off before it says anything looks the same: nobody can tell them apart.
 */
export function isClosedAfterUse(error: Error & { readonly code?: unknown }): boolean {
  return ofUsed.has(error) && (RESET.has(String(error.code)) || error.message === CLOSED)
}
