import { isRecord, isText } from '../../base/check.js'
import type { LatestOutcomes } from '../../models/latest-outcomes.js'
import { SWITCHES, type Switch } from '../../models/registry.js'
import { TOKEN_KINDS } from '../../models/token-kinds.js'
import { type SavedMix, TOKENS_SUM_MAX } from '../../models/token-mix.js'
import { LATEST_OUTCOMES } from '../../models/tuning.js'
import { ORIGIN_NAME, type OriginRecord } from '../pending/origins.js'
import { invalidSnapshot, isCount, SUM_MAX } from './invalid-snapshot.js'

/** The part of a snapshot that is text; src/state/snapshot/snapshot.ts has the format. */
export interface SnapshotText {
  /** Of the router: the first part of its request ids. */
  readonly name: string
  readonly encoder: string | null
  readonly policy: string
  readonly models: readonly {
    readonly id: string
    readonly enabled: boolean
    /** Left out where it is enabled, or an operator alone took it out. */
    readonly disabledBy?: readonly Switch[] | undefined
    /** It is removed once none of its requests is in flight; left out where it stays. */
    readonly draining?: true | undefined
    /** Of its implausible bills; left out for none. */
    readonly correctedBills?: number | undefined
    /** What tokens its requests have had; left out where no bill has told any. */
    readonly tokenMix?: SavedMix | undefined
    /** What was learned of its costs was scaled to new prices; left out where it was not. */
    readonly isRescaled?: true | undefined
    /** Its latest calls. Left out before the first, and in snapshots older than this field. */
    readonly latest?: LatestOutcomes | undefined
  }[]
  /** Prices that models and waiting requests refer to by their place here; checked when they are read. */
  readonly prices: readonly unknown[]
  readonly budget: boolean
  /** Lowest and highest reward, unchecked; left out for [0, 1] and in snapshots older than this field. */
  readonly rewardRange?: unknown
  readonly origins: readonly OriginRecord[]
  /** What the policy keeps besides, checked when it is loaded. */
  readonly own: unknown
}

/** A checksum proves that nothing was altered by accident, not that a router wrote it: the shape is checked as well. */
export function readSnapshotText(bytes: Uint8Array, version: number, next: number): SnapshotText {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw invalidSnapshot('its text section is not JSON')
  }
  if (!isRecord(value) || !Array.isArray(value.models) || typeof value.budget !== 'boolean') {
    throw invalidSnapshot('its text section lacks a field')
  }
  const { name, encoder, budget, policy, own } = value
  if (!isText(policy)) throw invalidSnapshot('its policy has no name')
  if (!isText(name)) throw invalidSnapshot('its name is not a text')
  if (encoder !== null && !isText(encoder)) throw invalidSnapshot('its encoder is not a name')
  const models = value.models.map((model: unknown) => {
    if (!isRecord(model) || !isText(model.id) || typeof model.enabled !== 'boolean') {
      throw invalidSnapshot('it lists a model without an id')
    }
    const { id, enabled, draining, correctedBills = 0, isRescaled } = model
    if (!isCount(correctedBills)) throw invalidSnapshot('a number of a model is not valid')
    if (isRescaled !== undefined && isRescaled !== true)
      throw invalidSnapshot('a model is not repriced as models are')
    const disabledBy = readSwitches(enabled, model.disabledBy)
    const scaled = isRescaled === undefined ? undefined : (true as const)
    const read = {
      id,
      enabled,
      disabledBy,
      correctedBills,
      isRescaled: scaled,
      tokenMix: readMix(model.tokenMix),
      latest: readOutcomes(model.latest),
    }
    if (draining === undefined) return read
    if (draining !== true || !disabledBy.includes('operator'))
      throw invalidSnapshot('a model is not drained as models are')
    return { ...read, draining: true as const }
  })
  if (new Set(models.map(({ id }) => id)).size !== models.length)
    throw invalidSnapshot('it lists a model twice')
  return {
    name,
    encoder,
    policy,
    budget,
    models,
    rewardRange: value.rewardRange,
    prices: readPrices(version, value.prices),
    origins: readOrigins(version, name, next, value.origins),
    own,
  }
}

function readMix(value: unknown): SavedMix | undefined {
  if (value === undefined) return undefined
  const { bills, tokens, assumedInput, assumedOutput, outputBills } = isRecord(value) ? value : {}
  const isMix =
    isTokens(bills) &&
    isTokens(assumedInput) &&
    isTokens(assumedOutput) &&
    isTokens(outputBills) &&
    outputBills <= bills
  if (!isMix || bills === 0 || !isRecord(tokens)) throw invalidSnapshot('the tokens of a model are not valid')
  const sums: Record<string, number> = {}
  for (const [kind, sum] of Object.entries(tokens)) {
    if (!TOKEN_KINDS.byName.has(kind) || !isTokens(sum))
      throw invalidSnapshot('the tokens of a model are not valid')
    sums[kind] = sum
  }
  return { bills, tokens: sums, assumedInput, assumedOutput, outputBills }
}

function readOutcomes(value: unknown): LatestOutcomes | undefined {
  if (value === undefined) return undefined
  const { latenciesMs, billsUsd } = isRecord(value) ? value : {}
  if (!isLatest(latenciesMs) || !isLatest(billsUsd))
    throw invalidSnapshot('the latest calls of a model are not valid')
  return { latenciesMs, billsUsd }
}

function isLatest(value: unknown): value is number[] {
  const isOutcome = (entry: unknown) => typeof entry === 'number' && entry >= 0 && entry <= SUM_MAX
  return Array.isArray(value) && value.length <= LATEST_OUTCOMES && value.every(isOutcome)
}

function isTokens(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= TOKENS_SUM_MAX
}

function readSwitches(enabled: boolean, value: unknown): readonly Switch[] {
  if (value === undefined) return enabled ? [] : ['operator']
  const found = SWITCHES.filter((each) => Array.isArray(value) && value.includes(each))
  if (enabled || found.length === 0 || !Array.isArray(value) || found.length !== value.length)
    throw invalidSnapshot('a model is not disabled as models are')
  return found
}

/** Before version 5 prices stood among the numbers. */
function readPrices(version: number, value: unknown): readonly unknown[] {
  if (version < 5) return []
  if (!Array.isArray(value)) throw invalidSnapshot('it lists no prices')
  return value
}

/** Before version 4 all requests of a snapshot were its router's own, numbered without a gap. */
function readOrigins(version: number, name: string, next: number, value: unknown): OriginRecord[] {
  if (version < 4) return next > 1 ? [{ name, index: 1, nextRequest: next, lastEvent: 0 }] : []
  if (!Array.isArray(value)) throw invalidSnapshot('it lists no origins')
  let before = 0
  const names = new Set<unknown>()
  return value.map((origin: unknown) => {
    const { name, index, nextRequest, lastEvent } = isRecord(origin) ? origin : {}
    if (typeof name !== 'string' || !ORIGIN_NAME.test(name) || names.has(name))
      throw invalidSnapshot("an origin's name is not valid")
    if (!isCount(index) || index <= before || !isCount(nextRequest) || nextRequest < 1 || !isCount(lastEvent))
      throw invalidSnapshot("an origin's numbers are not valid")
    before = index
    names.add(name)
    return { name, index, nextRequest, lastEvent }
  })
}
