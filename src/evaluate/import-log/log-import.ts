import { checkOneOf, isRecord } from '../../base/check.js'
import { expected, ParetoBanditError } from '../../base/errors.js'
import type { Json } from '../../base/json.js'
import { LatestMap } from '../../base/latest-map.js'
import { reading, readOnce } from '../../base/read-once.js'
import type { LogFormat, LoggedCall } from './call.js'
import { costOf, type KnownCost } from './costs.js'
import { isInUsd } from './currency.js'
import { formatsOf, rowsOf } from './formats.js'
import { requestLine } from './openai.js'
import { type ImportSettings, type LogImportOptions, readImportOptions } from './options.js'
import { OutcomeSets, type PromptOutcome } from './outcome-sets.js'
import { type LeftOutReason, REASON_NAMES } from './reasons.js'
import { type ImportReport, ImportTally, type ImportUse } from './report.js'
import {
  decisionRow,
  type ImportedDecision,
  type ImportedOutcomes,
  type ImportedRow,
  outcomeRow,
} from './rows.js'
import { type Reward, rewardIn, ScoreBook, wordIn } from './scores.js'
import { UnreadColumns } from './unread-columns.js'
import { UnseenNames } from './unseen.js'
import { fieldAt, numberIn } from './values.js'

/** Ids of used rows that are remembered, to find one that comes again: some 100 MB. */
const IDS_MAX = 1_000_000
/** Characters of prompts of other files that are kept at most: some 1 GB. */
const REQUEST_CHARACTERS_MAX = 2 ** 29

/** What a call gives to a row, once nothing speaks against it. */
interface Usable {
  readonly id: string
  readonly place: string
  readonly at: number | null
  /** Whether the log has a time that cannot be read. */
  readonly isUntimed: boolean
  readonly model: string
  readonly prompt: string
  readonly reward: number | null
  readonly cost: KnownCost | null
  readonly propensity: number | null
}

/**
 * Turns the records of a log into rows for `fitPriors`, `replay` or `evaluate`, one record at a time: memory does not grow
 * with the log, but for what has to be joined (scores, requests, prompts that wait for other models, ids: each has a bound).
 * A record that cannot be used is counted with its reason and changes nothing.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION, DUPLICATE_MODEL, UNKNOWN_MODEL naming the option
 */
export function createLogImport<Use extends ImportUse>(
  options: LogImportOptions & { readonly for: Use },
): LogImport<RowFor<Use>>
/** As above, for `fitPriors`. */
export function createLogImport(
  options?: LogImportOptions & { readonly for?: undefined },
): LogImport<RowFor<'priors'>>
/** As above; what the rows are for is known when it runs. */
export function createLogImport(options?: LogImportOptions): LogImport
export function createLogImport(options: LogImportOptions = {}): LogImport {
  return new Importer(readImportOptions(options))
}

/** What the rows are for says which they are. */
type RowFor<Use extends ImportUse> = Use extends 'evaluate' ? ImportedDecision : ImportedOutcomes

/** An import that is going on. */
export interface LogImport<Row extends ImportedRow = ImportedRow> {
  /**
   * Adds a score of another file, before the record it is of: Langfuse's scores, or `{request_id, value}`. Those with another
   * `name` than the reward are counted.
   * @returns whether it was a score
   * @throws DATA_INVALID for more scores than are kept
   */
  addScore(record: unknown, place: string): boolean
  /**
   * Adds a request of another file, before its answer: a line of the batch API's input.
   * @returns whether it was a request with an id and a prompt
   * @throws DATA_INVALID for more prompts than are kept, and for an id that has two
   */
  addRequest(record: unknown, place: string): boolean
  /**
   * Takes a record of the log.
   * @param place what the report calls it, as `file:line`
   * @returns the rows that are complete with it, none as a rule where it could not be used
   */
  take(record: unknown, place: string): readonly Row[]
  /** Counts what could not even be read as a row that is left out. */
  leaveOut(reason: LeftOutReason, place: string): void
  /** Counts what still waited as left out. Nothing can be taken afterwards. */
  finish(): ImportReport
}

/** Null where a record cannot be read: what a program made may have getters that throw. */
function orUnreadable<T>(record: unknown, read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (isReadable(record)) throw error
    return null
  }
}

function isReadable(record: unknown): boolean {
  try {
    readOnce(record, 'record')
    return true
  } catch {
    return false
  }
}

/** @throws INVALID_ARGUMENT */
function checkPlace(place: unknown): void {
  if (typeof place !== 'string') throw expected('INVALID_ARGUMENT', 'place', 'a string', place)
}

class Importer implements LogImport {
  private readonly settings: ImportSettings
  private readonly formats: readonly LogFormat[]
  private readonly tally = new ImportTally()
  private readonly scores: ScoreBook
  private readonly unseen: UnseenNames
  private readonly unread: UnreadColumns
  private readonly requests = new Map<string, string>()
  private requestCharacters = 0
  private readonly ids = new LatestMap<string, true>(IDS_MAX)
  private readonly sets: OutcomeSets | null
  private readonly costs = new Map<PromptOutcome, KnownCost>()

  constructor(settings: ImportSettings) {
    this.settings = settings
    this.formats = formatsOf(settings.format, settings.columns)
    this.scores = new ScoreBook(settings.rewards)
    this.unread = new UnreadColumns(settings.columns, settings.rewards.name, settings.propensity)
    this.unseen = new UnseenNames({
      ...settings,
      reward: settings.hasNamedReward ? settings.rewards.name : null,
    })
    this.sets = settings.use === 'replay' ? new OutcomeSets(settings.models?.size ?? 0) : null
  }

  addScore(record: unknown, place: string): boolean {
    checkPlace(place)
    return reading(place, () => isRecord(record) && this.scores.take(record, place))
  }

  addRequest(record: unknown, place: string): boolean {
    checkPlace(place)
    const request = reading(place, () => (isRecord(record) ? requestLine(record) : null))
    if (request === null) return false
    const { id, prompt } = request
    const before = this.requests.get(id)
    if (before !== undefined && before !== prompt)
      throw new ParetoBanditError('DATA_INVALID', place, `id: '${id}' has another prompt already`)
    if (before === undefined) this.requestCharacters += prompt.length
    if (this.requestCharacters > REQUEST_CHARACTERS_MAX) {
      const message = `expected prompts of ${REQUEST_CHARACTERS_MAX} characters at most, got more`
      throw new ParetoBanditError('DATA_INVALID', place, message)
    }
    this.requests.set(id, prompt)
    return true
  }

  take(record: unknown, place: string): readonly ImportedRow[] {
    checkPlace(place)
    const rows = isRecord(record) ? orUnreadable(record, () => rowsOf(record)) : null
    if (rows === null) {
      this.leaveOut('bad-json', place)
      return []
    }
    return rows.flatMap(({ row, at }) => {
      this.tally.rowsIn++
      const rowPlace = place + at
      const read = (isRecord(row) ? orUnreadable(row, () => this.read(row, rowPlace)) : null) ?? 'bad-json'
      const made = typeof read === 'string' ? read : this.rowOf(read)
      if (typeof made === 'string') {
        this.tally.leaveOut(made, rowPlace)
        return []
      }
      if (made === null) return []
      this.tally.rowsWritten++
      return [made]
    })
  }

  leaveOut(reason: LeftOutReason, place: string): void {
    checkOneOf(reason, REASON_NAMES, 'reason')
    checkPlace(place)
    this.tally.rowsIn++
    this.tally.leaveOut(reason, place)
  }

  finish(): ImportReport {
    for (const { place } of this.sets?.rest() ?? []) this.tally.leaveOut('not-every-model', place)
    return this.tally.report(this.settings.use, this.scores, this.unseen.list(), this.unread.list())
  }

  /** @param place what a row is called that has no id of its own */
  private read(record: Json, place: string): Usable | LeftOutReason {
    const format = this.formats.find((each) => this.formats.length === 1 || each.fits(record))
    this.unseen.record(record, format?.name === 'columns')
    if (format === undefined) {
      this.tally.noteFields(record)
      return 'unknown-format'
    }
    const call = format.read(record, (id) => this.requests.get(id) ?? null)
    if (call.unusable !== null) return call.unusable
    if (call.id !== null && this.ids.has(call.id)) return 'duplicate'
    const model = this.modelOf(call)
    if (model === 'no-model' || model === 'unknown-model') return model
    if (call.prompt === null) return 'no-prompt'
    if (format.name === 'columns') this.unread.record(record, this.scores.read > 0)
    const needsAll = this.settings.use !== 'evaluate'
    if (call.costUsd !== null && call.costUsd !== 0 && !isInUsd(record)) return 'bad-cost'
    const cost = costOf(call, this.settings.models?.get(model) ?? null)
    if (cost === 'bad-cost' || (typeof cost === 'string' && needsAll)) return cost
    const reward = this.rewardOf(record, call)
    if (typeof reward === 'string' && (needsAll || reward !== 'no-reward')) return reward
    const propensity = this.propensityOf(record)
    if (propensity === 'bad-propensity') return propensity
    // One that was left out keeps nobody out: a retry, or a later export that has the reward, is the call then.
    if (call.id !== null) this.ids.set(call.id, true)
    return {
      id: call.id ?? place,
      place,
      at: Number.isFinite(call.at) ? call.at : null,
      isUntimed: Number.isNaN(call.at),
      model,
      prompt: call.prompt,
      reward: typeof reward === 'string' ? null : reward,
      cost: typeof cost === 'string' ? null : cost,
      propensity,
    }
  }

  private modelOf({ models: given }: LoggedCall): string {
    const { models, names } = this.settings
    if (given.length === 0) return 'no-model'
    for (const name of given) {
      const id = names.get(name)
      if (id === undefined) continue
      this.unseen.model(id)
      return id
    }
    const own = models === null ? given[0] : given.find((name) => models.has(name))
    if (own !== undefined) return own
    this.tally.unknownModel(given[0])
    return 'unknown-model'
  }

  private rewardOf(record: Json, { scoreIds, scores }: LoggedCall): Reward {
    const raw = this.scores.of(record, scoreIds, scores)
    const reward = rewardIn(raw, this.settings.rewards)
    if (reward !== 'no-reward') this.unseen.rewarded()
    if (reward === 'reward-not-a-number') this.tally.unknownWord(wordIn(raw))
    return reward
  }

  private propensityOf(record: Json): number | null | 'bad-propensity' {
    const { propensity: name } = this.settings
    const value = name === null ? null : numberIn(fieldAt(record, name))
    return value === null || (value > 0 && value <= 1) ? value : 'bad-propensity'
  }

  /** @returns null while the row waits for other models */
  private rowOf(call: Usable): ImportedRow | null | LeftOutReason {
    if (this.settings.use === 'evaluate') {
      this.use(call)
      return decisionRow({ ...call, costUsd: call.cost?.costUsd ?? null }, this.settings)
    }
    const { id, place, prompt, model, cost, reward } = call
    if (cost === null || reward === null) return cost === null ? 'no-usage' : 'no-reward'
    const outcome = { id, place, prompt, model, reward, costUsd: cost.costUsd }
    if (this.sets === null) {
      this.use(call)
      return outcomeRow([outcome], this.settings)
    }
    const set = this.sets.add(outcome)
    if (typeof set === 'string') return set
    this.costs.set(outcome, cost)
    if (set === null) return null
    for (const each of set) {
      this.use({ ...each, at: null, isUntimed: false, cost: this.costs.get(each) ?? null, propensity: null })
      this.costs.delete(each)
    }
    return outcomeRow(set, this.settings)
  }

  private use({ place, isUntimed, model, reward, cost, propensity }: Usable): void {
    this.tally.use({
      place,
      model,
      reward,
      costUsd: cost?.costUsd ?? null,
      costFrom: cost?.from ?? null,
      costDiffers: cost?.differs ?? false,
      costIsFar: cost?.isFar ?? false,
      costIsUnchecked: cost?.isUnchecked ?? false,
      hasPropensity: propensity !== null,
      isUntimed,
    })
  }
}
