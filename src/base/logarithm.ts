const LN_2 = Math.LN2
/** Terms of the series: the last is below 1e-17 of the sum, as z is at most 1/3. */
const TERMS = 17

/**
 * The natural logarithm of a positive number by + - * / alone, so that a fold gets the same bits on every machine, which
 * `Math.log` does not promise. Within 4 ulp or 4e-16 of it.
 */
export function foldedLog(value: number): number {
  let halvings = 0
  let rest = value
  for (; rest > 4 / 3; rest /= 2) halvings++
  for (; rest < 2 / 3; rest *= 2) halvings--
  // ln x = 2 (z + z^3/3 + z^5/5 + ...), z = (x - 1)/(x + 1)
  const z = (rest - 1) / (rest + 1)
  let sum = 0
  for (let i = TERMS - 1; i >= 0; i--) sum = sum * z * z + 1 / (2 * i + 1)
  return halvings * LN_2 + 2 * z * sum
}
