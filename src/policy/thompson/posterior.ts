/** Integration over the chosen arm's standard normal: from -6 to 6, beyond which lies a share of 2e-9. */
const REACH = 6
const STEPS = 192
const WIDTH = (2 * REACH) / STEPS
const DENSITY = Float64Array.from({ length: STEPS + 1 }, (_, i) => {
  const z = i * WIDTH - REACH
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * WIDTH
})

/**
 * Probability that a draw of the arm at `chosen` is the largest of independent normal draws: the integral over z of
 * phi(z) times the product over the others of Phi((m + s z - m_j) / s_j), by the trapezoidal rule.
 * @param means of the draws, `deviations` their standard deviations; the first `count` of each
 * @returns a number in (0, 1], at least 1e-9: what has been drawn was possible
 */
export function probabilityOfBest(
  means: Float64Array,
  deviations: Float64Array,
  count: number,
  chosen: number,
): number {
  let sum = 0
  for (let i = 0; i <= STEPS; i++) {
    const draw = means[chosen] + deviations[chosen] * (i * WIDTH - REACH)
    let product = DENSITY[i]
    for (let other = 0; other < count && product > 0; other++)
      if (other !== chosen) product *= normalBelow(draw - means[other], deviations[other])
    sum += product
  }
  return Math.min(1, Math.max(sum, 1e-9))
}

/** P(N(0, deviation^2) < x); half at a tie of certain values. */
function normalBelow(x: number, deviation: number): number {
  if (deviation === 0) return x > 0 ? 1 : x < 0 ? 0 : 0.5
  return normalDistribution(x / deviation)
}

/** Phi(x) within 7.5e-8 (Abramowitz and Stegun 26.2.17). */
export function normalDistribution(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const above = density * polynomial
  return x >= 0 ? 1 - above : above
}
