import { LOG_LATENCY_MAX } from '../../events/feedback.js'
import { invalidSnapshot, isCount, SUM_MAX } from './invalid-snapshot.js'

/** Rounding of many updates stays far under this share of the largest variance. */
const COVARIANCE_NOISE = 1e-6
const ROUNDING = 2 ** -53
/** Operations on one number of an arm in one update, all rounded. */
const ROUNDED_STEPS = 16
/** Weights of evidence that has all but decayed are denormal, and have no digits left. */
const THETA_NOISE = 1e-100

/** What an arm must agree with. */
interface ArmBounds {
  readonly dimension: number
  /** Of the router, and of the arm's model. */
  readonly requests: number
  readonly played: number
  readonly rewardMax: number
  readonly lambda0: number
}

/** lastUpdate, lastPlay, ridge, price, theta, response, inverse, precision: see `Arms.sections`. */
export function checkArm(
  arm: Float64Array,
  { dimension, requests, played, rewardMax, lambda0 }: ArmBounds,
): void {
  const [lastUpdate, lastPlay, ridge, price] = arm
  if (!isCount(lastUpdate) || !isCount(lastPlay) || Math.max(lastUpdate, lastPlay) > requests) {
    throw invalidSnapshot('an arm was last seen after the last request')
  }
  if (!(ridge > 0 && price >= 0 && price <= 1))
    throw invalidSnapshot("an arm's update counters are not valid")
  if (!arm.every((entry) => Math.abs(entry) <= SUM_MAX))
    throw invalidSnapshot("an arm's statistic is not valid")
  const triangle = (dimension * (dimension + 1)) / 2
  const reward = 4 + 2 * dimension
  // Behind both triangles: two numbers and, of two heads, theta and b, then the triangles of the settled requests.
  const settled = reward + 2 * triangle + 2 + 4 * dimension
  const shape = { dimension, updates: 1 + played, lambda0 }
  checkDesign(arm, { ...shape, start: reward, heads: 1, ridge, targetMax: rewardMax })
  if (arm.length <= settled) return
  const [settledUpdate, settledRidge] = arm.subarray(reward + 2 * triangle)
  if (!isCount(settledUpdate) || settledUpdate > requests || !(settledRidge > 0))
    throw invalidSnapshot("an arm's update counters are not valid")
  checkDesign(arm, { ...shape, start: settled, heads: 2, ridge: settledRidge, targetMax: LOG_LATENCY_MAX })
}

/** A of an arm's rewards, packed, a view; of no arm, nothing. */
export function precisionIn(arm: Float64Array | undefined, dimension: number): Float64Array {
  const triangle = (dimension * (dimension + 1)) / 2
  const start = 4 + 2 * dimension + triangle
  return arm?.subarray(start, start + triangle) ?? new Float64Array()
}

interface Design {
  /** Where its inverse begins; before it stand the thetas of all heads, then their b. */
  readonly start: number
  readonly heads: number
  readonly dimension: number
  /** What is left of lambda0 in A. */
  readonly ridge: number
  /** Of the router that reads it: the one that wrote it may have had another. */
  readonly lambda0: number
  /** No more updates than this made it, and none was taught more than that. */
  readonly updates: number
  readonly targetMax: number
}

/**
 * Of one design: both triangles are of matrices that could be, A and its inverse, and theta is what they and b give, up to
 * what rounding can have done. In O(d^2): an elimination would take as long as inverting.
 *
 * How much that is: let e = theta - A^-1 b. In exact arithmetic an update takes A e to gamma A e, so what rounding adds to e
 * is passed on and never grows in the norm |A^1/2 e|, and |e_i| <= s_i |A^1/2 e| with s_i^2 = (A^-1)_ii. One update adds at
 * most c eps d s_i sum_j s_j |b_j| sqrt(d k), the last factor for cancellation in A^-1 x, with k = trace(A) / ridge, which
 * bounds sum_j A_jj s_j^2. By Cauchy and Schwarz |b_j| <= sqrt(A_jj S), S the decayed sum of squares of what was taught: at
 * most b A^-1 b and the squares of the updates' errors. So |e_i| <= updates c eps d^2 k^(3/2) sqrt(S) s_i. An absolute value
 * of a weight and its terms is no measure: contexts that are each other's mirror images leave nothing but rounding of both.
 * Where k leaves no digits, |theta_i| and |(A^-1 b)_i| <= s_i sqrt(S) are bounds still.
 */
function checkDesign(arm: Float64Array, design: Design): void {
  const { start, heads, dimension, ridge, lambda0, updates, targetMax } = design
  const triangle = (dimension * (dimension + 1)) / 2
  checkTriangle(arm, start, dimension)
  checkTriangle(arm, start + triangle, dimension)
  let trace = 0
  let least = Number.POSITIVE_INFINITY
  for (let i = 0, r = start + triangle; i < dimension; r += dimension - i, i++) {
    trace += arm[r]
    // What is known of the bias, which comes last, may have been taken down to less.
    if (i < dimension - 1) least = Math.min(least, arm[r])
  }
  if (ridge > lambda0 * (1 + 1e-6) && ridge > least * (1 + 1e-6))
    throw invalidSnapshot("more of an arm's ridge is left than its statistics hold")
  const condition = Math.max(1, trace / ridge)
  const lost = updates * ROUNDED_STEPS * ROUNDING * dimension * dimension * condition ** 1.5
  const share = Math.min(lost, 2)
  checkInverse(arm, start, dimension, share)
  for (let head = 0; head < heads; head++) {
    const response = start - (heads - head) * dimension
    const theta = response - heads * dimension
    const found = symmetricTimes(arm, start, arm.subarray(response, response + dimension))
    let explained = 0
    for (let i = 0; i < dimension; i++) explained += Math.abs(found[i] * arm[response + i])
    // Priors count as observations of contexts whose entries are about 1.
    const taught = Math.sqrt(explained + (updates + trace) * targetMax * targetMax)
    for (let i = 0, r = start; i < dimension; r += dimension - i, i++) {
      if (Math.abs(arm[theta + i] - found[i]) > share * taught * Math.sqrt(arm[r]) + THETA_NOISE)
        throw invalidSnapshot("an arm's weights do not follow from its statistics")
    }
  }
}

/**
 * That the first triangle is the inverse of the second, up to what rounding can have done: A^-1 (A v) = v, of one v in
 * O(d^2). Its entries are about as large as weights', s_i, and no multiples of each other, so that wrong entries do not
 * cancel by chance. Rounding is a `share` of s_i s_j in entry (i, j) of the inverse, as it is of weights; with
 * |A_jl| <= sqrt(A_jj A_ll), what comes out is off by no more than share s_i (sum_j sqrt(A_jj) s_j)^2.
 */
function checkInverse(arm: Float64Array, start: number, dimension: number, share: number): void {
  const triangle = (dimension * (dimension + 1)) / 2
  const deviations = new Float64Array(dimension)
  let total = 0
  for (let i = 0, k = start; i < dimension; k += dimension - i, i++) {
    deviations[i] = Math.sqrt(arm[k])
    total += deviations[i] * Math.sqrt(arm[k + triangle])
  }
  const v = deviations.map((deviation, i) => deviation * Math.cos(1 + i * i))
  const found = symmetricTimes(arm, start, symmetricTimes(arm, start + triangle, v))
  for (let i = 0; i < dimension; i++) {
    if (!(Math.abs(found[i] - v[i]) <= share * deviations[i] * total * total))
      throw invalidSnapshot("an arm's variances do not follow from its statistics")
  }
}

/** The product of a packed symmetric matrix that begins at `start` and a vector. */
function symmetricTimes(arm: Float64Array, start: number, vector: Float64Array): Float64Array {
  const product = new Float64Array(vector.length)
  for (let i = 0, k = start; i < vector.length; i++) {
    for (let j = i; j < vector.length; j++, k++) {
      product[i] += arm[k] * vector[j]
      if (j > i) product[j] += arm[k] * vector[i]
    }
  }
  return product
}

/** Positive variances, and no covariance above what they allow (Cauchy and Schwarz), up to rounding. */
function checkTriangle(arm: Float64Array, start: number, dimension: number): void {
  const variances = new Float64Array(dimension)
  for (let i = 0, r = start; i < dimension; r += dimension - i, i++) {
    if (!(arm[r] > 0)) throw invalidSnapshot("an arm's variance is not positive")
    variances[i] = arm[r]
  }
  const noise = variances.reduce((largest, each) => Math.max(largest, each), 0) * COVARIANCE_NOISE
  for (let i = 0, k = start; i < dimension; i++) {
    for (let j = i; j < dimension; j++, k++) {
      if (Math.abs(arm[k]) > Math.sqrt(variances[i]) * Math.sqrt(variances[j]) * (1 + 1e-6) + noise)
        throw invalidSnapshot("an arm's covariance is larger than its variances allow")
    }
  }
}
