import type { Socket } from 'node:net'

/** Of such an answer: HTTP/1.x 100, a reason and headers, or neither. A server sends the whole of it at once. */
const CONTINUE = /^HTTP\/1\.[01] 100(?: [^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n/
const HEAD_BYTES_MAX = 4096
/** Before the digits of a status. */
const STATUS_AT = 'HTTP/1.1 '.length
const [H, ONE, ZERO] = Buffer.from('H10')

/**
 * Passes over `100 Continue` on a connection, as HTTP has it for who did not ask for it (RFC 9110, 15.2.1): some servers and proxies send it to every request
 * with a body, and undici takes it for a bad answer and ends the connection.
 */
export function passContinue(socket: Socket): void {
  const read = socket.read.bind(socket)
  socket.read = (size?: number) => {
    for (;;) {
      const chunk = read(size)
      if (!isContinue(chunk)) return chunk
      const rest = afterContinue(chunk)
      if (rest.byteLength > 0) return rest
    }
  }
}

/** No body of ours begins so, whatever is cut where: neither JSON nor an event of a stream has such a line. */
function isContinue(chunk: unknown): chunk is Buffer {
  return (
    Buffer.isBuffer(chunk) &&
    chunk[0] === H &&
    chunk[STATUS_AT] === ONE &&
    chunk[STATUS_AT + 1] === ZERO &&
    chunk[STATUS_AT + 2] === ZERO &&
    CONTINUE.test(chunk.toString('latin1', 0, HEAD_BYTES_MAX))
  )
}

function afterContinue(chunk: Buffer): Buffer {
  let rest = chunk
  for (;;) {
    const [head = ''] = CONTINUE.exec(rest.toString('latin1', 0, HEAD_BYTES_MAX)) ?? []
    if (head === '') return rest
    rest = rest.subarray(head.length)
  }
}
