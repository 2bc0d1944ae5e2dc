/** Sums are kept in whole units, so that taking out what was put in leaves nothing behind. */
export const USD_UNITS = 2 ** 34
export const VALUE_UNITS = 2 ** 23

export function toUnits(amount: number, units: number): number {
  return Math.round(amount * units)
}
/** Larger sums are refused: they are no sums of dollars. */
export const SUM_MAX_USD = 1e30
