import type { buildConnector } from 'undici'

/** How a connection ends that its other side has closed, by the code of its error. */
const RESET = new Set(['ECONNRESET', 'EPIPE'])
/** What undici says of one, which has a code for all that goes wrong with a connection. */
const CLOSED = 'other side closed'
const ofUsed = new WeakSet<Error>()

/** Connections whose errors are known by whether anything had come on them before. */
export function notingUse(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...made) => {
      const [, socket] = made
      socket?.once('error', (error) => {
        if (socket.bytesRead > 0) ofUsed.add(error)
      })
      callback(...made)
    })
}

/**
 * Whether the other side has closed a connection that had been used before. What an upstream that breaks off does looks the same: nobody can tell them
 * apart.
 */
export function isClosedAfterUse(error: Error & { readonly code?: unknown }): boolean {
  return ofUsed.has(error) && (RESET.has(String(error.code)) || error.message === CLOSED)
}
