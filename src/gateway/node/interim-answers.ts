import type { Socket } from 'node:net'

/** HTTP/1.x 100, 102, 103 and the like, a reason and headers, or neither. After 101 a connection speaks something else. */
const INTERIM = /^HTTP\/1\.[01] 10[02-9](?: [^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n/
const BEGIN = /^HTTP\/1\.[01] 10[02-9]/
const EXAMPLE = 'HTTP/1.1 100'
/** Before the digits of a status. */
const STATUS_AT = 'HTTP/1.1 '.length
const [ONE] = Buffer.from('1')
/** A longer one is not waited for. */
const HEAD_BYTES_MAX = 4096

/**
 * Passes over interim answers on a connection, as HTTP has it for who did not ask for them (RFC 9110, 15.2): some servers and proxies send
 * `100 Continue` to every request with a body, and undici takes it for a bad answer and ends the connection. They come before an answer alone: what
 * stands in one is nobody's to look at.
 */
export function passInterim(socket: Socket): void {
  const write: Socket['write'] = socket.write.bind(socket)
  const read = socket.read.bind(socket)
  let isBeforeAnswer = false
  /** The beginning of what may be an interim answer. */
  let held: Buffer | null = null
  const asking = (...given: Parameters<Socket['write']>) => {
    isBeforeAnswer = true
    return write(...given)
  }
  socket.write = asking as Socket['write']
  socket.read = (size?: number) => {
    for (;;) {
      const chunk: unknown = read(size)
      if (!isBeforeAnswer || !Buffer.isBuffer(chunk)) return chunk
      const rest = afterInterim(held === null ? chunk : Buffer.concat([held, chunk]))
      held = mayBecomeInterim(rest) ? rest : null
      if (held !== null) continue
      isBeforeAnswer = false
      return rest
    }
  }
}

/** Whether a status would begin as those of interim answers do. Asked of every answer: most end here, without a text. */
function mayBeInterim(bytes: Buffer): boolean {
  return bytes.byteLength <= STATUS_AT || bytes[STATUS_AT] === ONE
}

/** Empty: there was nothing else, and more may come. */
function mayBecomeInterim(bytes: Buffer): boolean {
  if (!mayBeInterim(bytes) || bytes.byteLength >= HEAD_BYTES_MAX) return false
  const text = bytes.toString('latin1')
  return BEGIN.test(text + EXAMPLE.slice(text.length)) && !text.includes('\r\n\r\n')
}

function afterInterim(bytes: Buffer): Buffer {
  let rest = bytes
  for (;;) {
    if (!mayBeInterim(rest)) return rest
    const [head = ''] = INTERIM.exec(rest.toString('latin1', 0, HEAD_BYTES_MAX)) ?? []
    if (head === '') return rest
    rest = rest.subarray(head.length)
  }
}
