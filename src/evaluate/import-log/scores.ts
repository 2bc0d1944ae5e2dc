import { isRecord } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import type { Json } from '../../base/json.js'
import { fieldAt, firstOf, isNothing, numberIn, recordIn, textIn, timeIn, unfolded } from './values.js'

/** How rewards are found and read. */
export interface RewardSettings {
  /** Name of the score, or of the field. */
  readonly name: string
  readonly low: number
  readonly high: number
  /** What words are worth, within the range. */
  readonly words: ReadonlyMap<string, number>
}

/** A reward in [0, 1], or what is wrong with it. */
export type Reward = number | 'no-reward' | 'reward-not-a-number' | 'reward-out-of-range'

/** Scores that are kept at most: some 100 bytes each. */
const SCORES_MAX = 5_000_000
/** Names of other scores that are told. */
const OTHER_NAMES_MAX = 20

/** Characters of a word that is told, at most: what is longer is what somebody wrote. */
const WORD_MAX = 30

const SCORE_IDS = [
  'observationId',
  'observation_id',
  'traceId',
  'trace_id',
  'request_id',
  'custom_id',
] as const

/** Scores of other files by the id of the call or of its trace; of several the latest counts. */
export class ScoreBook {
  private readonly settings: RewardSettings
  private readonly byId = new Map<string, unknown>()
  /** When they were given, as far as they say. */
  private readonly times = new Map<string, number>()
  /** How many scores have which other names. */
  readonly otherNames = new Map<string, number>()
  /** Scores of other files with the name of the reward. */
  read = 0
  /** Calls that one of these is of. */
  calls = 0

  constructor(settings: RewardSettings) {
    this.settings = settings
  }

  /** @returns whether it was a score of a call. @throws DATA_INVALID for more than are kept */
  take(record: Json, place: string): boolean {
    const { name } = this.settings
    const own = textIn(firstOf(record.name, isOfRun(record) ? record.key : undefined))
    if (own !== null && own !== name) {
      this.noteOther(own)
      return true
    }
    const value = own === null ? firstOf(fieldAt(record, name), scoreValue(record)) : scoreValue(record)
    const id = textIn(
      isOfRun(record)
        ? record.run_id
        : firstOf(...SCORE_IDS.map((field) => record[field]), own === null ? record.id : undefined),
    )
    if (id === null || value === undefined) return false
    this.read++
    const at = scoreTime(record)
    // An API gives the latest first.
    if (isBefore(at, this.times.get(id) ?? null)) return true
    this.byId.set(id, value)
    if (at === null) this.times.delete(id)
    else this.times.set(id, at)
    if (this.byId.size <= SCORES_MAX) return true
    throw new ParetoBanditError(
      'DATA_INVALID',
      place,
      `expected at most ${SCORES_MAX} scores of calls, got more`,
    )
  }

  /** What a record and the scores say of a call; undefined where they say nothing. */
  of(record: Json, ids: readonly string[], scores: unknown): unknown {
    const { name } = this.settings
    const id = ids.find((each) => this.byId.has(each))
    if (id !== undefined) {
      this.calls++
      return this.byId.get(id)
    }
    const within = unfolded(scores)
    if (Array.isArray(within)) {
      const named = within.filter(isRecord)
      for (const { name: other } of named)
        if (typeof other === 'string' && other !== name) this.noteOther(other)
      const ours = named.filter((score) => score.name === name)
      if (ours.length > 0) return scoreValue(ours.reduce(later))
    } else if (isRecord(within)) {
      for (const other of Object.keys(within)) if (other !== name) this.noteOther(other)
      if (Object.hasOwn(within, name)) return within[name]
    }
    return firstOf(fieldAt(record, name), fieldAt(recordIn(record.metadata), name))
  }

  private noteOther(name: string): void {
    const count = this.otherNames.get(name)
    if (count !== undefined || this.otherNames.size < OTHER_NAMES_MAX)
      this.otherNames.set(name, (count ?? 0) + 1)
  }
}

/** When it was given, or edited last; null where it does not say. */
function scoreTime(score: Json): number | null {
  const { updatedAt, updated_at, modified_at, timestamp, createdAt, created_at } = score
  const at = timeIn(firstOf(updatedAt, updated_at, modified_at, timestamp, createdAt, created_at))
  return Number.isFinite(at) ? at : null
}

function isBefore(at: number | null, known: number | null): boolean {
  return at !== null && known !== null && at < known
}

/** The later of two scores, the second where nobody knows. */
function later(first: Json, second: Json): Json {
  return isBefore(scoreTime(second), scoreTime(first)) ? first : second
}

/** Feedback of LangSmith, whose name is its `key`. */
function isOfRun(score: Json): boolean {
  return Object.hasOwn(score, 'run_id') && Object.hasOwn(score, 'key')
}

/** Categories of Langfuse have a text beside a value of 0; feedback of LangSmith has what was said beside its score. */
function scoreValue(score: Json): unknown {
  if (isOfRun(score)) return firstOf(score.score, score.value)
  const type = firstOf(score.dataType, score.data_type)
  const text = firstOf(score.stringValue, score.string_value)
  return type === 'CATEGORICAL' ? text : firstOf(score.value, text, score.score, score.reward)
}

/** A reward as a part of its range. Of several the last counts, as of a list. */
export function rewardIn(raw: unknown, { low, high, words }: RewardSettings): Reward {
  const value = latestValue(raw)
  if (value === undefined || value === null) return 'no-reward'
  if (typeof value === 'string' && isNothing(value) && !words.has(value)) return 'no-reward'
  const reward = amountOf(value, low, high, words)
  if (Number.isNaN(reward)) return 'reward-not-a-number'
  if (!(reward >= low && reward <= high)) return 'reward-out-of-range'
  return (reward - low) / (high - low)
}

/** The word that stands for a reward, as `rewardIn` takes it; null for none, and for what is longer than a word. */
export function wordIn(raw: unknown): string | null {
  const value = latestValue(raw)
  return typeof value === 'string' && value.length <= WORD_MAX ? value : null
}

/** Of several scores the last. */
function latestValue(raw: unknown): unknown {
  const unpacked = unfolded(raw)
  const last = Array.isArray(unpacked) ? unpacked.at(-1) : unpacked
  return isRecord(last) ? scoreValue(last) : last
}

function amountOf(value: unknown, low: number, high: number, words: ReadonlyMap<string, number>): number {
  if (typeof value === 'boolean') return value ? high : low
  const word = typeof value === 'string' ? words.get(value) : undefined
  if (word !== undefined) return word
  if (typeof value === 'string' && /^(true|false)$/i.test(value)) return /^t/i.test(value) ? high : low
  return numberIn(value) ?? Number.NaN
}
