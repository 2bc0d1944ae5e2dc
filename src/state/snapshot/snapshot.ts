import { crc32 } from '../../base/checksum.js'
import type { Ledger } from '../ledger.js'
import type { RoutingState } from '../routing-state.js'
import type { SnapshotTotals } from './check-snapshot.js'

/**
 * Snapshot format, version 5. All numbers are little-endian.
 *
 *     0   4  magic "PBRS"
 *     4   4  version, uint32
 *     8   4  dimension d, uint32
 *     12  4  length of the text section in bytes, uint32 (a multiple of 8)
 *     16  4  length of the number section in 64-bit floats, uint32
 *     20  4  CRC-32 of everything but these four bytes
 *     24     text: JSON {name, encoder, policy, models: [{id, enabled, disabledBy and draining: true or left out,
 *            correctedBills: left out for 0, tokenMix, isRescaled: true or left out, latest: {latenciesMs, billsUsd} or left out}],
 *            budget: boolean,
 *            rewardRange: [low, high],
 *            prices: [a model's price, as events have it],
 *            origins: [{name, index, nextRequest, lastEvent}], own: what the policy keeps as text},
 *            padded with spaces
 *            numbers, as float64:
 *              state     requests, events, incarnations, B (0 without a budget), running mean of costs,
 *                        spend, reserved, allowance, unsettled, requests with an allowance, what was spent
 *                        or set aside without a budget, closed requests, next sequence number, waiting requests
 *              models    each: slot, incarnation, place of its price in `prices`, its counters (MODEL_NUMBERS), its
 *                        arm (Arms.sections)
 *              requests  each: sequence number, its row (PendingRequests), with such a place in column PRICES
 *              closed    each: the row of a request that takes nothing but a bill, likewise
 *              policy    what it keeps besides: PolicyState.save
 */
export const MAGIC = 0x53524250
export const VERSION = 5
export const HEADER_BYTES = 24
export const CHECKSUM_OFFSET = 20
export const LEDGER_TOTALS = [
  'spendUsd',
  'reservedUsd',
  'allowanceUsd',
  'unsettled',
  'allowed',
  'unbudgetedUsd',
] as const satisfies readonly (keyof Ledger)[]
/** The state's numbers by name; behind them comes the count of waiting requests. */
export const TOTALS = [
  'requests',
  'events',
  'incarnations',
  'usdPerRequest',
  'meanCostUsd',
  ...LEDGER_TOTALS,
  'closed',
  'next',
] as const satisfies readonly (keyof SnapshotTotals)[]
export const STATE_NUMBERS = TOTALS.length + 1
/** Of one step: requests that are looked at, that are copied, and bytes that are summed up. */
export const STEP_PLACES = 4096
export const STEP_ROWS = 1024
export const STEP_BYTES = 1 << 19
export const STEP_NUMBERS = 1 << 16
export const NEXT = TOTALS.indexOf('next')

/** Ends of the rewards; undefined for [0, 1]: JSON leaves it out. */
export function rangeOf({ rewards }: RoutingState): readonly number[] {
  return rewards === null ? [0, 1] : [rewards.low, rewards.high]
}

/** Whether these bytes are a snapshot of which some are not what was written. Of other bytes nobody can say. */
export function isDamagedSnapshot(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) return false
  const sum = checksum(bytes)
  for (;;) {
    const step = sum.next()
    if (step.done === true) return view.getUint32(CHECKSUM_OFFSET, true) !== step.value
  }
}

/** CRC-32 of everything but the checksum itself. */
export function* checksum(bytes: Uint8Array): Generator<void, number> {
  let sum = crc32(bytes, 0, 0, CHECKSUM_OFFSET)
  for (let start = CHECKSUM_OFFSET + 4; start < bytes.length; start += STEP_BYTES) {
    sum = crc32(bytes, sum, start, Math.min(start + STEP_BYTES, bytes.length))
    yield
  }
  return sum
}

export function runToEnd<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
