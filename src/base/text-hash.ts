import { expected } from './errors.js'

/** 53 bits of a text as a number in [0, 1), fast and the same everywhere (cyrb53). */
export function textDraw(text: string): number {
  return bitsOf(text) / 2 ** 53
}

/** The same bits as a short text. Two texts have the same once in 2^53 pairs: it tells texts apart, and proves nothing. @throws INVALID_ARGUMENT */
export function textHash(text: string): string {
  if (typeof text !== 'string') throw expected('INVALID_ARGUMENT', 'text', 'a text', text)
  return bitsOf(text).toString(36)
}

function bitsOf(text: string): number {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 2654435761)
    b = Math.imul(b ^ unit, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 4294967296 * (2097151 & b) + (a >>> 0)
}
