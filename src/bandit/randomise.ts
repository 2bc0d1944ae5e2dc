/**
 * Chance in decisions: for a share epsilon of them, so that the log can say what other policies would have earned, and
 * for posterior sampling. Like the tie-break it has no state of its own: the numbers come from the seed and the request
 * count.
 */

/** Salts that tell the two draws of a request apart, and both from the tie-break. */
const WHETHER = 0x3c6ef372
const WHICH = 0xa54ff53a
/** Of the two numbers that a normal draw is made from. */
const RADIUS = 0x510e527f
const ANGLE = 0x1f83d9ab
const GOLDEN = 0x9e3779b9
const TWO_32 = 0x1_0000_0000

/** Whether the decision after `requestCount` requests is left to chance: true for a share epsilon of them. */
export function isLeftToChance(epsilon: number, seed: number, requestCount: number): boolean {
  return unit(seed, WHETHER, requestCount) < epsilon
}

/** A uniform choice among 0 .. count - 1 for that decision, independent of `isLeftToChance`. */
export function chanceIndex(count: number, seed: number, requestCount: number): number {
  return Math.floor(unit(seed, WHICH, requestCount) * count)
}

/** Probability of a choice among `count`, given all that happened before: epsilon / count, and the rest for the best. */
export function propensityOf(epsilon: number, count: number, isBest: boolean): number {
  if (count === 1) return 1
  return epsilon / count + (isBest ? 1 - epsilon : 0)
}

/**
 * A standard normal number for one arm of that decision (Box and Muller 1958). It differs in its last bits between
 * engines, so a fold must not draw it: decisions do, and their events carry what came of it.
 */
export function standardNormal(seed: number, requestCount: number, slot: number): number {
  const arm = finalize(slot + 1)
  const radius = Math.sqrt(-2 * Math.log(1 - unit(seed ^ arm, RADIUS, requestCount)))
  return radius * Math.cos(2 * Math.PI * unit(seed ^ arm, ANGLE, requestCount))
}

/** A number in [0, 1) of 32 bits. */
function unit(seed: number, salt: number, requestCount: number): number {
  const low = requestCount | 0
  const high = Math.floor(requestCount / TWO_32)
  let h = finalize(seed ^ salt)
  h = finalize(h + Math.imul(low, GOLDEN))
  h = finalize(h ^ high)
  return (h >>> 0) / TWO_32
}

/** The finalizer of MurmurHash3 (Appleby, public domain): every input bit moves every output bit. */
function finalize(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
