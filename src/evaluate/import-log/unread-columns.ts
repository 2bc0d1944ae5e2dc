import type { Json } from '../../base/json.js'
import { COLUMN_NAMES, COLUMNS, type ColumnMap, cellOf, underscored } from './columns.js'
import { fieldAt, recordIn } from './values.js'

const NAMES_MAX = 20

/** Columns that nothing is read of, of a table that has none for what a call cost or was worth: a name that was not given is ignored by every row. */
export class UnreadColumns {
  private readonly columns: ColumnMap
  private readonly reward: string
  private readonly read: ReadonlySet<string>
  private hasCosts = false
  private hasRewards = false
  private readonly unread = new Set<string>()

  /** @param reward name of the field of rewards */
  constructor(columns: ColumnMap, reward: string, propensity: string | null) {
    this.columns = columns
    this.reward = reward
    const named = COLUMN_NAMES.flatMap((column) => {
      const own = columns[column]
      return own === undefined ? [COLUMNS[column], underscored(COLUMNS[column])] : [own]
    })
    // Of a name with dots its beginning is the column.
    this.read = new Set(
      [...named, reward, propensity ?? '', 'metadata.'].flatMap((name) => [name, name.split('.')[0]]),
    )
  }

  /**
   * @param record row of a table
   * @param hasScores whether rewards come from other files
   */
  record(record: Json, hasScores: boolean): void {
    const { columns, reward, read, unread } = this
    this.hasCosts ||= (['cost', 'inputTokens', 'outputTokens'] as const).some(
      (column) => cellOf(record, columns, column) !== undefined,
    )
    this.hasRewards ||=
      hasScores || [record, recordIn(record.metadata)].some((each) => fieldAt(each, reward) !== undefined)
    if (this.hasCosts && this.hasRewards) return
    for (const name of Object.keys(record)) {
      if (unread.size >= NAMES_MAX) return
      if (!read.has(name)) unread.add(name)
    }
  }

  list(): string[] {
    return this.hasCosts && this.hasRewards ? [] : [...this.unread]
  }
}
