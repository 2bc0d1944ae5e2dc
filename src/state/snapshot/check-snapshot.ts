import { AMOUNT_MAX, CONTEXT_ENTRY_MAX } from '../../base/check.js'
import { CEILING_MIN_USD } from '../../events/budget.js'
import { MODEL_NUMBERS, type Model } from '../../models/registry.js'
import type { OriginRecord } from '../pending/origins.js'
import {
  ALLOWANCE,
  BOOKED,
  BOOKED_AT,
  INCARNATION,
  LIST_COST,
  NUMBER,
  ORIGIN,
  PENDING_NUMBERS,
  PREDICTED,
  PRICES,
  RESERVED,
  SLOT,
  STATE,
} from '../pending/request-row.js'
import { isUnsettled, isWaiting } from '../pending/request-state.js'
import { checkArm } from './check-arm.js'
import { invalidSnapshot, isCount, REQUEST_USD_MAX, SUM_MAX } from './invalid-snapshot.js'

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

/** What each number of a model may be: none is without a check. */
const MODEL_CHECKS: Readonly<Record<(typeof MODEL_NUMBERS)[number], (value: number) => boolean>> = {
  requests: isCount,
  settled: isCount,
  settledAlone: isCount,
  forcedAlone: isCount,
  failed: isCount,
  expired: isCount,
  rewarded: isCount,
  latencyCount: isCount,
  forcedRemaining: isCount,
  forcedDone: isCount,
  rewardAlarms: isCount,
  costAlarms: isCount,
  latencyAlarms: isCount,
  flaggedUsages: isCount,
  cancelled: isCount,
  lateBills: isCount,
  implausibleBills: isCount,
  failureLatencyCount: isCount,
  failuresInRow: isCount,
  rowFrom: isCount,
  rowRequests: isCount,
  overtaken: isCount,
  callsUp: isCount,
  trips: isCount,
  trippedAfter: isCount,
  answersNeeded: isCount,
  answersInRow: isCount,
  pausedUntilRequests: isCount,
  outages: isCount,
  costTries: isCount,
  latencyTries: isCount,
  costHopes: isCount,
  latencyHopes: isCount,
  triedRequest: isCount,
  costLimitUsd: isAmount,
  latencyLimitMs: isAmount,
  usualFreeUsd: isAmount,
  triedAt: isSum,
  spendUsd: isAmount,
  settledCostUsd: isAmount,
  latencySumMs: isAmount,
  realisedUsd: isAmount,
  assumedUsd: isAmount,
  predictedUsd: isAmount,
  unpricedTokens: isAmount,
  failureLatencySumMs: isAmount,
  freeUsd: isAmount,
  freeSettled: isAmount,
  recentLatencyMs: isAmount,
  recentLatencies: isAmount,
  usualCostRatio: isAmount,
  pausedUntil: isSum,
  retryAt: isSum,
  routedAt: isSum,
  rewardSum: isSum,
  failureShare: (share) => share >= 0 && share <= 1,
}
/** What a request does at most once. */
const ONCE_A_REQUEST = ['settled', 'failed', 'expired', 'rewarded', 'cancelled'] as const
/** Dollars of one request. */
const AMOUNTS = [RESERVED, LIST_COST, ALLOWANCE, PREDICTED] as const
/** Requests that one step checks. */
const STEP_REQUESTS = 1024
/** Every bit that a request's state can have. */
const STATE_MAX = 8191

/** What a snapshot holds, but for what policies keep besides. */
interface SnapshotParts {
  readonly totals: SnapshotTotals
  readonly budget: boolean
  readonly models: readonly SnapshotModel[]
  readonly requests: Iterable<SnapshotRequest>
  /** Rows of those that take nothing but a bill. */
  readonly closed: Iterable<Float64Array>
  readonly origins: readonly OriginRecord[]
  readonly dimension: number
  /** Where a request's context begins in its row. */
  readonly contextStart: number
  /** The largest magnitude of a reward as models count them. */
  readonly rewardMax: number
  /** How many price lists it has. */
  readonly priceLists: number
  /** Of the router that reads it. */
  readonly lambda0: number
}

/**
 * A checksum proves that nothing was altered by accident, not that a router wrote it. What is taken in must be a state
 * that this router could have come to, so that nothing it does later can go wrong. In steps.
 * @throws SNAPSHOT_INVALID
 */
export function* checkSnapshot(parts: SnapshotParts): Generator<void> {
  const { totals, budget, models, requests, closed, origins } = parts
  checkTotals(totals, budget)
  const incarnationAt = new Map<number, number>()
  for (const { model, arm } of models) {
    checkModel(model, totals, parts.rewardMax)
    checkArm(arm, { ...parts, requests: totals.requests, played: model.requests })
    if (incarnationAt.has(model.slot)) throw invalidSnapshot('two models share a slot')
    incarnationAt.set(model.slot, model.incarnation)
  }
  if (new Set(incarnationAt.values()).size !== models.length)
    throw invalidSnapshot('two models share a registration')
  let before = 0
  let unsettled = 0
  const latestOf = new Map<number, number>()
  const nextOf = new Map(origins.map(({ index, nextRequest }) => [index, nextRequest]))
  let checked = 0
  for (const request of requests) {
    if (checked++ % STEP_REQUESTS === 0) yield
    checkRequest(request, incarnationAt, parts)
    checkNumber(request, latestOf, nextOf, origins.at(-1)?.index ?? 0)
    if (request.sequence <= before || request.sequence >= totals.next)
      throw invalidSnapshot('a request is misplaced')
    before = request.sequence
    if (isUnsettled(request.row[STATE])) unsettled++
  }
  for (const row of closed) {
    checkClosed(row, parts)
    if (checked++ % STEP_REQUESTS === 0) yield
  }
  if (unsettled !== totals.unsettled) throw invalidSnapshot('its unsettled requests do not add up')
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
  const counted = MODEL_NUMBERS.every((name) => MODEL_CHECKS[name](model[name]))
  if (!counted) throw invalidSnapshot('a number of a model cannot be')
  if (
    model.requests > requests ||
    ONCE_A_REQUEST.some((name) => model[name] > model.requests) ||
    model.settledAlone > model.settled ||
    model.forcedAlone > model.forcedDone
  )
    throw invalidSnapshot('a model has more feedback than requests')
  if (Math.abs(model.rewardSum) > model.rewarded * rewardMax * (1 + 1e-6))
    throw invalidSnapshot('the rewards of a model are larger than they can be')
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
  if (row[BOOKED] !== -1 && !isAmountOfOne(row[BOOKED])) throw invalidSnapshot('a request costs no amount')
  if (!(Math.abs(row[BOOKED_AT]) <= SUM_MAX)) throw invalidSnapshot('a request was booked at no time')
  if (!AMOUNTS.every((column) => isAmountOfOne(row[column])))
    throw invalidSnapshot('a request costs no amount')
  if (!row.subarray(RESERVED, BOOKED).every(isAmount)) throw invalidSnapshot('a request has no such number')
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

function isAmount(value: number): boolean {
  return value >= 0 && value <= SUM_MAX
}

/** Of one request. */
function isAmountOfOne(value: number): boolean {
  return value >= 0 && value <= REQUEST_USD_MAX
}

function isSum(value: number): boolean {
  return isAmount(Math.abs(value))
}
