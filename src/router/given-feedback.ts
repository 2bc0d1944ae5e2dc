import { checkEach, checkKeys, checkRecord } from '../base/check.js'
import { expectedGot, ParetoBanditError } from '../base/errors.js'
import { reading, readRecordOnce } from '../base/read-once.js'
import { RETRY_AFTER_MS_MAX } from '../models/tuning.js'
import { BillRemarks } from '../models/usage/flags.js'
import { checkId } from '../state/find-request.js'
import { BILL_KEYS, type Bill, flagsOf, type GivenBill, readAmount, readBill, tellsCost } from './bill.js'

/** What is known of a finished call: its cost or what it was billed for, and how long it took. */
export type Settlement = Bill & {
  readonly latencyMs?: number | null | undefined
}

/** What a failed call cost all the same. Default: nothing. */
export type Failure = Bill & {
  /** How long it took to fail. */
  readonly latencyMs?: number | null | undefined
  /** How long the provider asks to be left alone: the model gets no request for as long, an hour at most. */
  readonly retryAfterMs?: number | null | undefined
}

/** What a call had cost, and how long it had taken, when its caller broke it off. Default: nothing. */
export type Cancellation = Bill & {
  readonly latencyMs?: number | null | undefined
}

const SETTLEMENT_KEYS = [...BILL_KEYS, 'latencyMs']
const FAILURE_KEYS = [...SETTLEMENT_KEYS, 'retryAfterMs']

/** A settlement as it was given, or what a call cost that was broken off. */
export interface GivenSettlement extends GivenBill {
  readonly latencyMs: number | null
}

/** A failure as it was given. */
export interface GivenFailure extends GivenSettlement {
  readonly retryAfterMs: number | null
}

/** @throws INVALID_ARGUMENT for what is no object, UNKNOWN_OPTION */
export function readSettlement(settlement: unknown, field: string): GivenSettlement {
  const given = readRecordOnce(checkRecord(settlement, field), field)
  return readCall(given, SETTLEMENT_KEYS, field, new BillRemarks(false))
}

/** A bill that somebody looked up: what is wrong with it is theirs to mend. @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
export function readCorrection(bill: unknown, field: string): GivenSettlement {
  const given = readRecordOnce(checkRecord(bill, field), field)
  const read = readCall(given, SETTLEMENT_KEYS, field, new BillRemarks(true))
  const what = 'costUsd, or inputTokens and outputTokens, or usage'
  if (!tellsCost(read)) throw expectedGot('INVALID_ARGUMENT', field, what, 'none')
  // In place of a bill that was whole half of one would be taken for all of it.
  if (read.costUsd === null && read.usageFlags?.includes('count-missing') === true)
    throw expectedGot('INVALID_ARGUMENT', field, what, 'the tokens of one side alone')
  return read
}

/** @throws INVALID_ARGUMENT for what is no object, UNKNOWN_OPTION */
export function readCancellation(value: unknown, field: string): GivenSettlement {
  return readCall(readOptional(value, field), SETTLEMENT_KEYS, field, new BillRemarks(false))
}

/** @throws INVALID_ARGUMENT for what is no object, UNKNOWN_OPTION */
export function readFailure(value: unknown, field: string): GivenFailure {
  const failure = readOptional(value, field)
  const remarks = new BillRemarks(false)
  const read = readCall(failure, FAILURE_KEYS, field, remarks)
  const { costUsd, counts, serviceTier, tokens, latencyMs } = read
  const retryAfterMs = readAmount(failure, field, 'retryAfterMs', remarks)
  if (retryAfterMs !== null && retryAfterMs > RETRY_AFTER_MS_MAX) remarks.add('retry-too-long')
  return { costUsd, counts, serviceTier, tokens, usageFlags: flagsOf(remarks), latencyMs, retryAfterMs }
}

function readOptional(value: unknown, field: string): Record<string, unknown> {
  return value === undefined ? {} : readRecordOnce(checkRecord(value, field), field)
}

function readCall(
  given: Record<string, unknown>,
  keys: readonly string[],
  field: string,
  remarks: BillRemarks,
): GivenSettlement {
  checkKeys(given, keys, field)
  const latencyMs = readAmount(given, field, 'latencyMs', remarks)
  const { costUsd, counts, serviceTier, tokens, usageFlags } = readBill(given, field, remarks)
  return { costUsd, counts, serviceTier, tokens, usageFlags, latencyMs }
}

/** An item of a batch as it was given. */
export interface GivenItem<T> {
  readonly id: string
  readonly field: string
  readonly value: T
}

/**
 * Reads every item of a batch.
 * @throws what `read` throws; `twice` for a request that is listed twice
 */
export function readBatch<T>(
  items: unknown,
  twice: 'ALREADY_SETTLED' | 'ALREADY_REWARDED',
  read: (item: Record<string, unknown>, field: string) => T,
): GivenItem<T>[] {
  const seen = new Set<string>()
  return readEach(items, (item, field) => {
    const given = readItem(item, field, read)
    if (seen.has(given.id)) throw new ParetoBanditError(twice, `${field}.id`, `'${given.id}' is listed twice`)
    seen.add(given.id)
    return given
  })
}

/** Reads each item by itself: an item, or why it cannot be one. @throws INVALID_ARGUMENT for what is no list */
export function readApart<T>(
  items: unknown,
  read: (item: Record<string, unknown>, field: string) => T,
): (GivenItem<T> | ParetoBanditError)[] {
  return readEach(items, (item, field) => attempt(() => readItem(item, field, read)))
}

/** @throws what is no error of this library */
export function attempt<T>(run: () => T): T | ParetoBanditError {
  try {
    return run()
  } catch (error) {
    if (error instanceof ParetoBanditError) return error
    throw error
  }
}

function readEach<T>(items: unknown, read: (item: unknown, field: string) => T): T[] {
  return reading('items', () => checkEach(items, 'items', (item, i) => read(item, `items[${i}]`)))
}

function readItem<T>(
  item: unknown,
  field: string,
  read: (item: Record<string, unknown>, field: string) => T,
): GivenItem<T> {
  const given = readRecordOnce(checkRecord(item, field), field)
  const { id } = given
  // The copy is ours. A rest would leave out what a class has as a getter.
  delete given.id
  return { id: checkId(id, `${field}.id`), field, value: read(given, field) }
}
