/** Bins of the shadow price (reward per dollar): 32 an octave, from 2^-20 to 2^39. */
const BINS_PER_OCTAVE = 32
const OCTAVE_LOW = -20
const OCTAVES = 59
export const BIN_COUNT = BINS_PER_OCTAVE * OCTAVES
/** Bits of the upper half of a double that are below its exponent and the top 5 of its mantissa. */
const BIN_SHIFT = 15
const FIRST_BIN = (1023 + OCTAVE_LOW) * BINS_PER_OCTAVE

const BITS = new Float64Array(1)
const HIGH = new Uint32Array(BITS.buffer)
/** Where a double's upper half is: the second word on little-endian machines. */
const UPPER = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0

/** The bin of a shadow price: the leading bits of its double, a logarithm in straight pieces. */
export function binOf(price: number): number {
  BITS[0] = price
  const bin = (HIGH[UPPER] >>> BIN_SHIFT) - FIRST_BIN
  return Math.min(Math.max(bin, 0), BIN_COUNT - 1)
}

/** The shadow price at the upper edge of the bins before `bin`. */
export function edgeOf(bin: number): number {
  HIGH[1 - UPPER] = 0
  HIGH[UPPER] = (bin + FIRST_BIN) << BIN_SHIFT
  return BITS[0]
}

/** A place among the bins: sums of the steps of all bins before it. */
export interface Walk {
  bin: number
  passed: number
}
