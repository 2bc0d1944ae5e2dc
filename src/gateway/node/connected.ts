import type { Socket } from 'node:net'
import type { buildConnector } from 'undici'

/** A connector of undici's whose sockets are prepared before anybody reads or writes. */
export function prepared(
  connect: buildConnector.connector,
  prepare: (socket: Socket) => void,
): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...made) => {
      const [, socket] = made
      // Missing where the connection failed, whatever its type says.
      if (socket) prepare(socket)
      callback(...made)
    })
}
