import type { Json } from '../../base/json.js'
import { type LeftOutReason, REASON_NAMES } from './reasons.js'
import type { UnseenName } from './unseen.js'

/** Names of models that nobody gave, which are told at most. */
const UNKNOWN_MODELS_MAX = 20
const UNKNOWN_FIELDS_MAX = 20
const UNKNOWN_WORDS_MAX = 20

/** What an import used of a log, and what not. `rowsIn` is `rowsUsed` and the counts of `leftOut` together. */
export interface ImportReport {
  /** What the rows are for. */
  readonly for: ImportUse
  /** Rows that were read: used and left out together. */
  readonly rowsIn: number
  /** Rows that were used. */
  readonly rowsUsed: number
  /** Rows that came of it: fewer than used where calls of one prompt became one row. */
  readonly rowsWritten: number
  /** Why rows are left out, how many, and where the first is. */
  readonly leftOut: readonly {
    readonly reason: LeftOutReason
    readonly count: number
    /** `file:line`, or `file[entry]` of an array; with `.data[entry]` in a page. */
    readonly first: string
  }[]
  /** Of the used rows, by model. */
  readonly models: Readonly<Record<string, ImportedModel>>
  /** How the log calls models that are not among the given ones, the first 20, with their rows. */
  readonly unknownModels: Readonly<Record<string, number>>
  /** Short words in the place of a reward that nobody gave a value, the first 20, with their rows. */
  readonly unknownWords: Readonly<Record<string, number>>
  /** Names of the fields of the first row of no known format, the first 20. */
  readonly unknownFields: readonly string[]
  /** Of a table without any column of costs or tokens, or without one of rewards: columns that nothing was read of, the first 20. */
  readonly unreadColumns: readonly string[]
  /** Where the costs of used rows came from, in rows. */
  readonly costs: {
    readonly fromLog: number
    readonly fromPrices: number
    /** Rows without a known cost: of uses that need none. */
    readonly unknown: number
    /** Rows that cost nothing in the log. */
    readonly zero: number
    /** Rows whose cost is more than 5 % off its tokens at the given prices; the log's counts. */
    readonly differing: number
    readonly firstDiffering: string | null
    /** Those among them whose cost is 50 times that or more, as one in another unit is. */
    readonly far: number
    readonly firstFar: string | null
    /** Rows whose cost is the log's, beside counts of tokens that cannot be priced: it was held against nothing. */
    readonly unchecked: number
    readonly firstUnchecked: string | null
  }
  /** Of the used rows, how many have a reward. */
  readonly rewards: { readonly known: number; readonly unknown: number }
  /** Scores of other files with the name of the reward, and how many calls found one of theirs among them. */
  readonly scores: { readonly read: number; readonly calls: number }
  /** Names of scores that were not asked for, the first 20, with how often they came. */
  readonly otherScores: Readonly<Record<string, number>>
  /** Used rows whose time cannot be read or is in doubt: `evaluate` takes the order of the file then. Not counted for `replay`. */
  readonly times: { readonly unread: number; readonly firstUnread: string | null }
  /** Used rows with a propensity. */
  readonly propensities: number
  /** What the options named and no row had: nothing was read of it. */
  readonly unseen: readonly UnseenName[]
}

export type ImportUse = 'priors' | 'replay' | 'evaluate'
export const IMPORT_USES: readonly ImportUse[] = ['priors', 'replay', 'evaluate']

export interface ImportedModel {
  /** Used rows. */
  readonly rows: number
  /** Those with a reward. */
  readonly rewarded: number
  /** Mean of the rewards, as parts of their range; null without any. */
  readonly meanReward: number | null
  /** Sum of the known costs, USD. */
  readonly costUsd: number
}

/** What is counted of a used row. */
export interface UsedRow {
  readonly place: string
  readonly model: string
  readonly reward: number | null
  readonly costUsd: number | null
  readonly costFrom: 'log' | 'prices' | null
  readonly costDiffers: boolean
  readonly costIsFar: boolean
  readonly costIsUnchecked: boolean
  readonly hasPropensity: boolean
  readonly isUntimed: boolean
}

/** What was read of scores. */
interface ReadScores {
  readonly read: number
  readonly calls: number
  readonly otherNames: ReadonlyMap<string, number>
}

function note(counts: Map<string, number>, name: string, max: number): void {
  const count = counts.get(name)
  if (count !== undefined || counts.size < max) counts.set(name, (count ?? 0) + 1)
}

/** Counts rows as they are used or left out. */
export class ImportTally {
  rowsIn = 0
  rowsWritten = 0
  private rowsUsed = 0
  private readonly left = new Map<LeftOutReason, { count: number; first: string }>()
  private readonly models = new Map<
    string,
    { rows: number; rewarded: number; rewards: number; costUsd: number }
  >()
  private readonly unknownModels = new Map<string, number>()
  private readonly costs = {
    fromLog: 0,
    fromPrices: 0,
    unknown: 0,
    zero: 0,
    differing: 0,
    far: 0,
    unchecked: 0,
  }
  private firstDiffering: string | null = null
  private firstFar: string | null = null
  private firstUnchecked: string | null = null
  private propensities = 0
  private unreadTimes = 0
  private firstUnreadTime: string | null = null
  private unknownFields: readonly string[] = []
  private readonly unknownWords = new Map<string, number>()

  leaveOut(reason: LeftOutReason, place: string): void {
    const left = this.left.get(reason)
    if (left === undefined) this.left.set(reason, { count: 1, first: place })
    else left.count++
  }

  /** Of the first row whose format nobody knows. */
  noteFields(record: Json): void {
    if (this.unknownFields.length === 0) this.unknownFields = Object.keys(record).slice(0, UNKNOWN_FIELDS_MAX)
  }

  unknownModel(name: string): void {
    note(this.unknownModels, name, UNKNOWN_MODELS_MAX)
  }

  unknownWord(word: string | null): void {
    if (word !== null) note(this.unknownWords, word, UNKNOWN_WORDS_MAX)
  }

  use(row: UsedRow): void {
    const { place, model, reward, costUsd, costFrom, hasPropensity } = row
    const { costs } = this
    this.rowsUsed++
    const sums = this.models.get(model) ?? { rows: 0, rewarded: 0, rewards: 0, costUsd: 0 }
    sums.rows++
    if (reward !== null) {
      sums.rewarded++
      sums.rewards += reward
    }
    sums.costUsd += costUsd ?? 0
    this.models.set(model, sums)
    if (costFrom === 'log') costs.fromLog++
    else if (costFrom === 'prices') costs.fromPrices++
    else costs.unknown++
    if (costUsd === 0) costs.zero++
    if (row.costDiffers) {
      costs.differing++
      this.firstDiffering ??= place
    }
    if (row.costIsFar) {
      costs.far++
      this.firstFar ??= place
    }
    if (row.costIsUnchecked) {
      costs.unchecked++
      this.firstUnchecked ??= place
    }
    if (hasPropensity) this.propensities++
    if (row.isUntimed) {
      this.unreadTimes++
      this.firstUnreadTime ??= place
    }
  }

  report(
    use: ImportUse,
    { read, calls, otherNames }: ReadScores,
    unseen: readonly UnseenName[],
    unreadColumns: readonly string[],
  ): ImportReport {
    const { rowsIn, rowsUsed, rowsWritten, firstDiffering, firstFar, firstUnchecked, propensities } = this
    const known = [...this.models.values()].reduce((sum, { rewarded }) => sum + rewarded, 0)
    return {
      for: use,
      rowsIn,
      rowsUsed,
      rowsWritten,
      leftOut: REASON_NAMES.flatMap((reason) => {
        const left = this.left.get(reason)
        return left === undefined ? [] : [{ reason, ...left }]
      }),
      models: Object.fromEntries(
        [...this.models].map(([id, { rows, rewarded, rewards, costUsd }]) => [
          id,
          { rows, rewarded, meanReward: rewarded === 0 ? null : rewards / rewarded, costUsd },
        ]),
      ),
      unknownModels: Object.fromEntries(this.unknownModels),
      unknownWords: Object.fromEntries(this.unknownWords),
      unknownFields: this.unknownFields,
      unreadColumns,
      costs: { ...this.costs, firstDiffering, firstFar, firstUnchecked },
      rewards: { known, unknown: rowsUsed - known },
      scores: { read, calls },
      otherScores: Object.fromEntries(otherNames),
      times: { unread: this.unreadTimes, firstUnread: this.firstUnreadTime },
      propensities,
      unseen,
    }
  }
}
