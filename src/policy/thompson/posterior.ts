/** Standard deviations that the integration covers on each side of the mean: a normal draw is outside with probability 2e-9. */
const REACH = 6
/** Largest error that is accepted in the integral over one interval. */
const TOLERANCE = 1e-9
/** Intervals of this width, in standard deviations, are not halved again: what that could gain is under the tolerance. */
const WIDTH_MIN = 2 ** -20
/** Least probability given: a model that was drawn had some chance, however small, and a propensity must be above 0. */
const PROBABILITY_MIN = 1e-9

/** An interval of the integration, in standard deviations, and the integrand at its ends and in its middle. */
interface Interval {
  readonly start: number
  readonly width: number
  readonly low: number
  readonly middle: number
  readonly high: number
}

/**
 * Probability that the draw of the arm at `chosen` is the largest of independent normal draws: the integral over z of
 *     phi(z) prod_j Phi((m + s z - m_j) / s_j)
 * by adaptive Simpson quadrature, a standard deviation at a time: the product never falls, so that a halving sees any
 * step in it, however steep (an arm that is well known beside one that is not). Of two it is
 * Phi((m - m_1) / sqrt(s^2 + s_1^2)).
 * @param means of the draws, `deviations` their standard deviations; the first `count` of each
 * @returns a number in (0, 1] within 1e-5
 */
export function probabilityOfBest(
  means: Float64Array,
  deviations: Float64Array,
  count: number,
  chosen: number,
): number {
  const mean = means[chosen]
  const deviation = deviations[chosen]
  // Those further behind would win with a probability under 1e-9 each.
  const rivals: number[] = []
  for (let arm = 0; arm < count; arm++) {
    const reach = REACH * Math.hypot(deviation, deviations[arm])
    if (arm !== chosen && means[arm] + reach >= mean) rivals.push(arm)
  }
  if (deviation === 0) return probabilityOfCertain(means, deviations, rivals, mean)
  if (rivals.length === 0) return 1
  if (rivals.length === 1) {
    const [rival] = rivals
    const won = normalBelow(mean - means[rival], Math.hypot(deviation, deviations[rival]))
    return Math.max(won, PROBABILITY_MIN)
  }
  const integrand = (z: number): number => {
    let product = normalDensity(z)
    for (const rival of rivals) product *= normalBelow(mean + deviation * z - means[rival], deviations[rival])
    return product
  }
  let sum = 0
  let low = integrand(-REACH)
  for (let z = -REACH; z < REACH; z++) {
    const high = integrand(z + 1)
    sum += simpson(integrand, { start: z, width: 1, low, middle: integrand(z + 0.5), high })
    low = high
  }
  return Math.min(1, Math.max(sum, PROBABILITY_MIN))
}

/** The same for a draw that is certain: those that are certain and equal share what they win, as the tie-break says. */
function probabilityOfCertain(
  means: Float64Array,
  deviations: Float64Array,
  rivals: readonly number[],
  mean: number,
): number {
  let tied = 1
  let product = 1
  for (const rival of rivals) {
    if (deviations[rival] === 0 && means[rival] === mean) tied++
    else product *= normalBelow(mean - means[rival], deviations[rival])
  }
  return Math.max(product / tied, PROBABILITY_MIN)
}

/** The integral over an interval. */
function simpson(integrand: (z: number) => number, interval: Interval): number {
  const { start, width, low, middle, high } = interval
  const half = width / 2
  const left = integrand(start + half / 2)
  const right = integrand(start + half + half / 2)
  const whole = (width / 6) * (low + 4 * middle + high)
  const first = (half / 6) * (low + 4 * left + middle)
  const second = (half / 6) * (middle + 4 * right + high)
  const error = first + second - whole
  if (width <= WIDTH_MIN || Math.abs(error) <= 15 * TOLERANCE) return first + second + error / 15
  return (
    simpson(integrand, { start, width: half, low, middle: left, high: middle }) +
    simpson(integrand, { start: start + half, width: half, low: middle, middle: right, high })
  )
}

/** P(N(0, deviation^2) < x). */
function normalBelow(x: number, deviation: number): number {
  if (deviation === 0) return x > 0 ? 1 : 0
  return normalDistribution(x / deviation)
}

/** Phi(x) within 7.5e-8 (Abramowitz and Stegun 26.2.17). */
export function normalDistribution(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const above = normalDensity(x) * polynomial
  return x >= 0 ? 1 - above : above
}

function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
}
