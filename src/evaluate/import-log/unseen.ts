import { isMissing } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import type { ColumnMap } from './columns.js'
import { fieldAt, recordIn } from './values.js'

/** What was asked for by a name that no row has. */
export interface UnseenName {
  /** The option of `createLogImport` that named it. */
  readonly option: 'columns' | 'propensity' | 'reward' | 'names'
  /** Of columns: what it was to be, as `cost`. Of names: the id. */
  readonly what: string
  /** The name of the field or of the score; of names: those of the model, with commas. */
  readonly name: string
}

function isIn(record: Json, name: string): boolean {
  return [record, recordIn(record.metadata)].some((each) => !isMissing(fieldAt(each, name)))
}

/** What was asked for by name and not met yet: a misspelt name is ignored by every row, so it is told once at the end. */
export class UnseenNames {
  private readonly columns: Map<string, string>
  private readonly ids: Map<string, string[]>
  private propensity: string | null
  private reward: string | null

  constructor(asked: {
    readonly columns: ColumnMap
    readonly names: ReadonlyMap<string, string>
    readonly propensity: string | null
    /** Null where nobody named one. */
    readonly reward: string | null
  }) {
    this.columns = new Map(Object.entries(asked.columns))
    this.ids = new Map()
    for (const [name, id] of asked.names) this.ids.set(id, [...(this.ids.get(id) ?? []), name])
    this.propensity = asked.propensity
    this.reward = asked.reward
  }

  /** @param isTable whether its columns are read by their names */
  record(record: Json, isTable: boolean): void {
    if (isTable) {
      for (const [column, name] of this.columns)
        if (fieldAt(record, name) !== undefined) this.columns.delete(column)
    }
    if (this.propensity !== null && fieldAt(record, this.propensity) !== undefined) this.propensity = null
    // Rows that are left out for something else have it too.
    if (this.reward !== null && isIn(record, this.reward)) this.reward = null
  }

  model(id: string): void {
    this.ids.delete(id)
  }

  rewarded(): void {
    this.reward = null
  }

  list(): UnseenName[] {
    const { propensity, reward } = this
    return [
      ...[...this.columns].map(([what, name]) => ({ option: 'columns', what, name }) as const),
      ...[...this.ids].map(([what, names]) => ({ option: 'names', what, name: names.join(',') }) as const),
      ...(propensity === null
        ? []
        : [{ option: 'propensity', what: 'propensity', name: propensity } as const]),
      ...(reward === null ? [] : [{ option: 'reward', what: 'reward', name: reward } as const]),
    ]
  }
}
