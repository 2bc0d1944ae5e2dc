import { expected } from '../base/errors.js'

/** Models of one request that a curve remembers: beyond these few the best choice at no price is among the rest. */
export const CURVE_POINTS_MAX = 8
/** A contender is three numbers: its slot, its value (reward units), its expected cost (USD). */
export const CURVE_POINT_NUMBERS = 3
/** Expected costs are cut here: 512 of them, in units, still add up to less than 2^53. */
export const CURVE_POINT_COST_MAX_USD = 1024
/** Values of contenders lie within +- this, in parts of the range of rewards. */
export const CURVE_POINT_VALUE_MAX = 2 ** 20
/** Those of an event may exceed it by this factor: they are converted to the units of rewards and back, which rounds. */
const ROUNDING = 1 + 2 ** -40

/** Whether these are contenders, of slots that are known, their values in parts of the range of rewards. */
export function areCurvePoints(numbers: Float64Array, isSlot: (slot: number) => boolean): boolean {
  if (numbers.length % CURVE_POINT_NUMBERS !== 0 || numbers.length > CURVE_POINTS_MAX * CURVE_POINT_NUMBERS)
    return false
  for (let at = 0; at < numbers.length; at += CURVE_POINT_NUMBERS) {
    if (!isSlot(numbers[at]) || !(Math.abs(numbers[at + 1]) <= CURVE_POINT_VALUE_MAX * ROUNDING)) return false
    if (!(numbers[at + 2] >= 0 && numbers[at + 2] <= CURVE_POINT_COST_MAX_USD)) return false
  }
  return true
}

/** Whether the numbers have the form of contenders, in whatever unit their values are. @throws INVALID_ARGUMENT */
export function checkCurvePointForm(numbers: Float64Array, path: string): void {
  const whole = numbers.length % CURVE_POINT_NUMBERS === 0
  if (whole && numbers.length <= CURVE_POINTS_MAX * CURVE_POINT_NUMBERS && numbers.every(Number.isFinite))
    return
  throw expected('INVALID_ARGUMENT', path, 'slots, values and costs of models', numbers)
}

/** @throws INVALID_ARGUMENT */
export function checkCurvePoints(
  numbers: Float64Array,
  path: string,
  isSlot: (slot: number) => boolean,
): void {
  if (areCurvePoints(numbers, isSlot)) return
  throw expected('INVALID_ARGUMENT', path, 'slots, values and costs of models', numbers)
}
