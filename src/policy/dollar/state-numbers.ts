import { DRIFT_MAX, DRIFT_NUMBERS } from '../../bandit/drift.js'
import { isRecord } from '../../base/check.js'
import type { FoldInSnapshot, PolicySnapshot } from '../../state/policy-state.js'
import { invalidSnapshot } from '../../state/snapshot/invalid-snapshot.js'
import type { Accounts } from './accounts/accounts.js'
import { loadAccounts, saveAccounts } from './accounts/accounts-snapshot.js'
import type { DemandCurve } from './demand/demand-curve.js'
import type { Shrinkage } from './estimate/shrinkage.js'
import type { CostRises } from './exploration/cost-rises.js'
import type { Recoveries } from './exploration/recoveries.js'
import type { Rises } from './exploration/rises.js'
import type { Objectives } from './objectives.js'

/** Of a model, in a snapshot: two watches. */
const WATCH_NUMBERS = 2 * DRIFT_NUMBERS

/** A watch over drift, one row a slot. */
interface Watch {
  start(slot: number): void
  row(slot: number): Float64Array
}

/** What policy `dollar` keeps. */
interface StateParts {
  readonly accounts: Accounts
  readonly demand: DemandCurve
  readonly objectives: Objectives
  readonly shrinkage: Shrinkage
  readonly rewards: { readonly drift: Watch; readonly recoveries: Recoveries; readonly rises: Rises }
  readonly costLevels: Watch & { readonly rises: CostRises }
}

/** All of it for a snapshot: each part as numbers, one after the other. */
export function saveState(parts: StateParts, slots: readonly number[]): PolicySnapshot {
  const accounts = saveAccounts(parts.accounts)
  const drift = slots.length * WATCH_NUMBERS
  const shrinkage = parts.shrinkage.save()
  const rises = parts.rewards.rises.save()
  const steady = parts.rewards.recoveries.saveSteady()
  const costRises = parts.costLevels.rises.save()
  const rest = [
    accounts.numbers,
    parts.rewards.recoveries.save(),
    parts.objectives.save(slots),
    shrinkage,
    rises,
    steady,
    costRises,
    parts.demand.save(),
  ]
  const numbers = new Float64Array(rest.reduce((sum, { length }) => sum + length, drift))
  slots.forEach((slot, i) => {
    const at = i * WATCH_NUMBERS
    numbers.set(parts.rewards.drift.row(slot), at)
    numbers.set(parts.costLevels.row(slot), at + DRIFT_NUMBERS)
  })
  let at = drift
  for (const part of rest) {
    numbers.set(part, at)
    at += part.length
  }
  const text = shrinkage.length === 0 ? {} : { shrinkageNumbers: shrinkage.length }
  const risen = rises.length === 0 ? {} : { risesNumbers: rises.length }
  const held = steady.length === 0 ? {} : { steadyNumbers: steady.length }
  const dearer = costRises.length === 0 ? {} : { costRisesNumbers: costRises.length }
  return { text: { ...accounts.text, ...text, ...risen, ...held, ...dearer }, numbers }
}

/**
 * Takes over what `saveState` gave.
 * @throws SNAPSHOT_INVALID
 */
export function loadState(
  parts: StateParts,
  { text, numbers }: PolicySnapshot,
  dimension: number,
  slots: readonly number[],
  fold: FoldInSnapshot,
): void {
  const drift = slots.length * WATCH_NUMBERS
  const rows = numbers.subarray(0, drift)
  if (numbers.length < drift || !rows.every(isDriftNumber))
    throw invalidSnapshot('its drift statistics are not valid')
  // What is remembered of changes is loaded after: a new watch forgets it.
  slots.forEach((slot, i) => {
    const at = i * WATCH_NUMBERS
    parts.rewards.drift.start(slot)
    parts.costLevels.start(slot)
    parts.rewards.drift.row(slot).set(rows.subarray(at, at + DRIFT_NUMBERS))
    parts.costLevels.row(slot).set(rows.subarray(at + DRIFT_NUMBERS, at + WATCH_NUMBERS))
  })
  const taken = drift + loadAccounts(parts.accounts, text, numbers.subarray(drift))
  const fallen = parts.rewards.recoveries.load(numbers.subarray(taken), dimension, slots)
  if (fallen < 0) throw invalidSnapshot('what it knows of a fallen model is not valid')
  const asked = parts.objectives.load(numbers.subarray(taken + fallen), slots)
  if (asked < 0) throw invalidSnapshot('its latency objective or quality floor is not valid')
  const at = taken + fallen + asked
  const learned = countOf(text, 'shrinkageNumbers', 'how far its features are trusted')
  const risen = countOf(text, 'risesNumbers', 'what it knows of models that may have risen')
  const held = (slot: number) => parts.rewards.recoveries.precisionOf(slot, dimension)
  if (!parts.shrinkage.load(numbers.subarray(at, at + learned), slots, fold, held))
    throw invalidSnapshot('how far its features are trusted is not valid')
  if (!parts.rewards.rises.load(numbers.subarray(at + learned, at + learned + risen), dimension, slots))
    throw invalidSnapshot('what it knows of models that may have risen is not valid')
  const steady = countOf(text, 'steadyNumbers', 'what it knows of a fallen model')
  const dearer = countOf(text, 'costRisesNumbers', 'what it knows of models that cost more')
  const after = at + learned + risen
  if (!parts.rewards.recoveries.loadSteady(numbers.subarray(after, after + steady)))
    throw invalidSnapshot('what it knows of a fallen model is not valid')
  if (!parts.costLevels.rises.load(numbers.subarray(after + steady, after + steady + dearer), slots))
    throw invalidSnapshot('what it knows of models that cost more is not valid')
  const window = numbers.subarray(after + steady + dearer)
  if (!parts.demand.accepts(window, new Set(slots)))
    throw invalidSnapshot('its window of requests is not valid')
  parts.demand.load(window)
}

/** Two sums that no residual made negative, and a variance above 0. */
function isDriftNumber(entry: number, i: number): boolean {
  return entry <= DRIFT_MAX && (i % DRIFT_NUMBERS === DRIFT_NUMBERS - 1 ? entry > 0 : entry >= 0)
}

/** How many numbers of a snapshot say that: none where an older release wrote it, or there is nothing to say. */
function countOf(
  text: unknown,
  key: 'shrinkageNumbers' | 'risesNumbers' | 'steadyNumbers' | 'costRisesNumbers',
  what: string,
): number {
  const count = isRecord(text) ? (text[key] ?? 0) : 0
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0)
    throw invalidSnapshot(`${what} is not valid`)
  return count
}
