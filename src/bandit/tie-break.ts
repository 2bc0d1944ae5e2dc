/**
 * An unsigned 32-bit number from the router's seed and the request count: the random choice among exactly equal
 * scores. Having no state of its own, it needs no place in a snapshot, and a restored router goes on as the old one.
 */
export function tieBreak(seed: number, requestCount: number): number {
  // Two rounds of a multiply-xorshift mixer over the seed and both halves of the count.
  let h = (seed ^ 0x9e3779b9) | 0
  h = Math.imul(h ^ (requestCount | 0), 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h ^ Math.floor(requestCount / 0x1_0000_0000), 0xc2b2ae35)
  h ^= h >>> 16
  h = Math.imul(h, 0x27d4eb2f)
  return (h ^ (h >>> 15)) >>> 0
}
