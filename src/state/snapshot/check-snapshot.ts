import { AMOUNT_MAX, CONTEXT_ENTRY_MAX } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import { CEILING_MIN_USD } from '../../events/budget.js'
import { LOG_LATENCY_MAX } from '../../events/feedback.js'
import type { Model } from '../../models/registry.js'
import type { OriginMark } from '../pending/origins.js'
import {
  BOOKED,
  BOOKED_AT,
  INCARNATION,
  NUMBER,
  ORIGIN,
  PENDING_NUMBERS,
  PRICES,
  RESERVED,
  SLOT,
  STATE,
} from '../pending/request-row.js'
import { isUnsettled, isWaiting } from '../pending/request-state.js'

/** One model of a snapshot, with its arm's numbers as `Arms.sections` lists them. */
export interface SnapshotModel {
  readonly model: Model
  readonly arm: Float64Array
}

/** One waiting request of a snapshot, with its numbers as `PendingRequests.row` lists them. */
export interface SnapshotRequest {
  readonly sequence: number
  readonly row: Float64Array
}

/** The numbers of a snapshot that belong to no single model or request. */
export interface SnapshotTotals {
  /** Closed requests that a bill may still come for. */
  readonly closed: number
  readonly requests: number
  readonly events: number
  readonly incarnations: number
  readonly usdPerRequest: number
  readonly meanCostUsd: number
  readonly spendUsd: number
  readonly reservedUsd: number
  readonly allowanceUsd: number
  readonly unsettled: number
  readonly allowed: number
  readonly unbudgetedUsd: number
  readonly next: number
}

const COUNTERS = [
  'requests',
  'settled',
  'failed',
  'expired',
  'rewarded',
  'latencyCount',
  'forcedRemaining',
  'forcedDone',
  'rewardAlarms',
  'costAlarms',
  'latencyAlarms',
  'flaggedUsages',
  'cancelled',
  'lateBills',
  'implausibleBills',
  'failureLatencyCount',
  'failuresInRow',
  'rowFrom',
  'rowRequests',
  'overtaken',
  'callsUp',
  'trips',
  'trippedAfter',
  'answersNeeded',
  'answersInRow',
  'pausedUntilRequests',
  'outages',
  'costTries',
  'latencyTries',
] as const
/** What a request does at most once. */
const ONCE_A_REQUEST = ['settled', 'failed', 'expired', 'rewarded', 'cancelled'] as const
const AMOUNTS = [
  'spendUsd',
  'settledCostUsd',
  'latencySumMs',
  'realisedUsd',
  'assumedUsd',
  'predictedUsd',
  'unpricedTokens',
  'failureLatencySumMs',
  'freeUsd',
  'freeSettled',
  'recentLatencyMs',
  'recentLatencies',
  'usualCostRatio',
] as const
const TIMES = ['pausedUntil', 'retryAt'] as const
/** Larger sums and statistics are refused: their products could overflow. */
const SUM_MAX = 1e30
/** Rounding of many updates stays far under this share of the largest variance. */
const COVARIANCE_NOISE = 1e-6
const ROUNDING = 2 ** -53
/** Operations on one number of an arm in one update, all rounded. */
const ROUNDED_STEPS = 16
/** Weights of evidence that has all but decayed are denormal, and have no digits left. */
const THETA_NOISE = 1e-100
/** Requests that one step checks. */
const STEP_REQUESTS = 1024
/** Every bit that a request's state can have. */
const STATE_MAX = 1023

/** What a snapshot holds, but for what policies keep besides. */
interface SnapshotParts {
  readonly totals: SnapshotTotals
  readonly budget: boolean
  readonly models: readonly SnapshotModel[]
  readonly requests: readonly SnapshotRequest[]
  /** Rows of those that take nothing but a bill. */
  readonly closed: readonly Float64Array[]
  readonly origins: readonly OriginMark[]
  readonly dimension: number
  /** Where a request's context begins in its row. */
  readonly contextStart: number
  /** The largest magnitude of a reward as models count them. */
  readonly rewardMax: number
  /** How many price lists it has. */
  readonly priceLists: number
}

/**
 * A checksum proves that nothing was altered by accident, not that a router wrote it. What is taken in must be a state
 * that this router could have come to, so that nothing it does later can go wrong. In steps.
 * @throws SNAPSHOT_INVALID
 */
export function* checkSnapshot(parts: SnapshotParts): Generator<void> {
  const { totals, budget, models, requests, closed, origins, dimension, rewardMax } = parts
  checkTotals(totals, budget)
  const incarnationAt = new Map<number, number>()
  for (const { model, arm } of models) {
    checkModel(model, totals, rewardMax)
    checkArm(arm, dimension, totals.requests, model.requests, rewardMax)
    if (incarnationAt.has(model.slot)) throw invalidSnapshot('two models share a slot')
    incarnationAt.set(model.slot, model.incarnation)
  }
  if (new Set(incarnationAt.values()).size !== models.length)
    throw invalidSnapshot('two models share a registration')
  let before = 0
  let unsettled = 0
  const latestOf = new Map<number, number>()
  const nextOf = new Map(origins.map(({ index, nextRequest }) => [index, nextRequest]))
  for (const [i, request] of requests.entries()) {
    if (i % STEP_REQUESTS === 0) yield
    checkRequest(request, incarnationAt, parts)
    checkNumber(request, latestOf, nextOf, origins.at(-1)?.index ?? 0)
    if (request.sequence <= before || request.sequence >= totals.next)
      throw invalidSnapshot('a request is misplaced')
    before = request.sequence
    if (isUnsettled(request.row[STATE])) unsettled++
  }
  for (const row of closed) checkClosed(row, parts)
  if (unsettled !== totals.unsettled) throw invalidSnapshot('its unsettled requests do not add up')
}

export function invalidSnapshot(why: string): ParetoBanditError {
  return new ParetoBanditError('SNAPSHOT_INVALID', 'snapshot', `not a snapshot this router can read: ${why}`)
}

function checkTotals(totals: SnapshotTotals, budget: boolean): void {
  const { requests, events, incarnations, unsettled, allowed, next } = totals
  if (![requests, events, incarnations, unsettled, allowed].every(isCount) || next !== requests + 1) {
    throw invalidSnapshot('a count is no count')
  }
  const { usdPerRequest, meanCostUsd, spendUsd, reservedUsd, allowanceUsd, unbudgetedUsd } = totals
  if (![meanCostUsd, spendUsd, reservedUsd, allowanceUsd, unbudgetedUsd].every(isAmount)) {
    throw invalidSnapshot('a sum of dollars is negative')
  }
  if (budget ? !isCeiling(usdPerRequest) : usdPerRequest !== 0)
    throw invalidSnapshot('its budget is not valid')
  if (allowanceUsd !== 0 && allowanceUsd < CEILING_MIN_USD / 2)
    throw invalidSnapshot('its allowance is not valid')
}

function checkModel(model: Model, { incarnations, requests }: SnapshotTotals, rewardMax: number): void {
  const { slot, incarnation } = model
  if (!isCount(slot) || slot >= incarnations) throw invalidSnapshot('a slot is no slot')
  if (!isCount(incarnation) || incarnation === 0 || incarnation > incarnations) {
    throw invalidSnapshot('a registration is not valid')
  }
  if (model.id === '') throw invalidSnapshot('it lists a model without an id')
  const counted =
    COUNTERS.every((name) => isCount(model[name])) &&
    AMOUNTS.every((name) => isAmount(model[name])) &&
    TIMES.every((name) => isAmount(Math.abs(model[name]))) &&
    model.failureShare >= 0 &&
    model.failureShare <= 1 &&
    isAmount(Math.abs(model.rewardSum))
  if (!counted) throw invalidSnapshot('a counter of a model is negative')
  if (model.requests > requests || ONCE_A_REQUEST.some((name) => model[name] > model.requests))
    throw invalidSnapshot('a model has more feedback than requests')
  if (Math.abs(model.rewardSum) > model.rewarded * rewardMax * (1 + 1e-6))
    throw invalidSnapshot('the rewards of a model are larger than they can be')
}

/** lastUpdate, lastPlay, ridge, price, theta, response, inverse, precision: see `Arms.sections`. */
function checkArm(
  arm: Float64Array,
  dimension: number,
  requests: number,
  played: number,
  rewardMax: number,
): void {
  const [lastUpdate, lastPlay, ridge, price] = arm
  if (!isCount(lastUpdate) || !isCount(lastPlay) || Math.max(lastUpdate, lastPlay) > requests) {
    throw invalidSnapshot('an arm was last seen after the last request')
  }
  if (!(ridge > 0 && price >= 0 && price <= 1)) throw invalidSnapshot("an arm's marks are not valid")
  if (!arm.every((entry) => Math.abs(entry) <= SUM_MAX))
    throw invalidSnapshot("an arm's statistic is not valid")
  const triangle = (dimension * (dimension + 1)) / 2
  const reward = 4 + 2 * dimension
  // Behind both triangles: two marks and, of two heads, theta and b, then the triangles of the settled requests.
  const settled = reward + 2 * triangle + 2 + 4 * dimension
  const shape = { dimension, updates: 1 + played }
  checkDesign(arm, { ...shape, start: reward, heads: 1, ridge, targetMax: rewardMax })
  if (arm.length <= settled) return
  const settledRidge = arm[reward + 2 * triangle + 1]
  if (!(settledRidge > 0)) throw invalidSnapshot("an arm's marks are not valid")
  checkDesign(arm, { ...shape, start: settled, heads: 2, ridge: settledRidge, targetMax: LOG_LATENCY_MAX })
}

interface Design {
  /** Where its inverse begins; before it stand the thetas of all heads, then their b. */
  readonly start: number
  readonly heads: number
  readonly dimension: number
  /** What is left of lambda0 in A. */
  readonly ridge: number
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
  const { start, heads, dimension, ridge, updates, targetMax } = design
  const triangle = (dimension * (dimension + 1)) / 2
  checkTriangle(arm, start, dimension)
  checkTriangle(arm, start + triangle, dimension)
  let trace = 0
  for (let i = 0, r = start + triangle; i < dimension; r += dimension - i, i++) trace += arm[r]
  const condition = Math.max(1, trace / ridge)
  const lost = updates * ROUNDED_STEPS * ROUNDING * dimension * dimension * condition ** 1.5
  const share = Math.min(lost, 2)
  for (let head = 0; head < heads; head++) {
    const response = start - (heads - head) * dimension
    const theta = response - heads * dimension
    const found = new Float64Array(dimension)
    for (let i = 0, k = start; i < dimension; i++) {
      for (let j = i; j < dimension; j++, k++) {
        found[i] += arm[k] * arm[response + j]
        if (j > i) found[j] += arm[k] * arm[response + i]
      }
    }
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

function checkRequest(
  { row }: SnapshotRequest,
  incarnationAt: ReadonlyMap<number, number>,
  { contextStart, priceLists }: SnapshotParts,
): void {
  const state = row[STATE]
  if (incarnationAt.get(row[SLOT]) !== row[INCARNATION]) throw invalidSnapshot('a request has no model')
  if (!isWaiting(state)) throw invalidSnapshot('a request waits for nothing')
  checkRow(row, contextStart, priceLists)
}

/** Its model may be gone, and its origin forgotten. */
function checkClosed(row: Float64Array, { contextStart, priceLists }: SnapshotParts): void {
  checkRow(row, contextStart, priceLists)
  if (![SLOT, INCARNATION, ORIGIN, NUMBER].every((column) => isCount(row[column])))
    throw invalidSnapshot('a closed request has no model')
}

function checkRow(row: Float64Array, contextStart: number, priceLists: number): void {
  const state = row[STATE]
  if (!isCount(state) || state > STATE_MAX) throw invalidSnapshot('a request waits for nothing')
  if (row[BOOKED] !== -1 && !isAmount(row[BOOKED])) throw invalidSnapshot('a request costs no amount')
  if (!(Math.abs(row[BOOKED_AT]) <= SUM_MAX)) throw invalidSnapshot('a request was booked at no time')
  if (!row.subarray(RESERVED, BOOKED).every(isAmount)) throw invalidSnapshot('a request costs no amount')
  if (!isCount(row[PRICES]) || row[PRICES] >= priceLists) throw invalidSnapshot('a request has no prices')
  const own = row.subarray(PENDING_NUMBERS, contextStart)
  if (!own.every((entry) => entry >= -SUM_MAX && entry <= SUM_MAX))
    throw invalidSnapshot("a policy's number of a request is not valid")
  if (!row.subarray(contextStart).every((entry) => Math.abs(entry) <= CONTEXT_ENTRY_MAX))
    throw invalidSnapshot('a context is not valid')
}

/** Numbers of an origin's requests rise, and the next one's is above them: else its id would not lead to a request. */
function checkNumber(
  { row }: SnapshotRequest,
  latestOf: Map<number, number>,
  nextOf: ReadonlyMap<number, number>,
  registrations: number,
): void {
  const [origin, number] = [row[ORIGIN], row[NUMBER]]
  // An origin that was registered and is no longer listed has been forgotten.
  const next = nextOf.get(origin) ?? (origin > registrations ? 0 : Number.POSITIVE_INFINITY)
  if (!isCount(origin) || !isCount(number) || number <= (latestOf.get(origin) ?? 0) || number >= next)
    throw invalidSnapshot("a request's number is not valid")
  latestOf.set(origin, number)
}

function isCeiling(value: number): boolean {
  return value >= CEILING_MIN_USD && value <= AMOUNT_MAX
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isAmount(value: number): boolean {
  return value >= 0 && value <= SUM_MAX
}
