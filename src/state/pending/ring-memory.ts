import { ParetoBanditError } from '../../base/errors.js'

/** One less than the least power of two that is at least `length`. */
export function maskOf(length: number): number {
  return 2 ** Math.ceil(Math.log2(length)) - 1
}

/** @throws OUT_OF_MEMORY */
export function allocateRows(length: number, numbers: number): Float64Array {
  try {
    return new Float64Array(numbers)
  } catch (cause) {
    const message = `no memory for ${length} pending requests`
    throw new ParetoBanditError('OUT_OF_MEMORY', 'pendingCapacity', message, { cause })
  }
}
