import type { Json } from '../../base/json.js'
import type { Bill } from '../../router/bill.js'
import type { LogFormat } from './call.js'
import { promptOfInput } from './prompt.js'
import {
  billOfCounts,
  dollarsIn,
  fieldAt,
  isFailedStatus,
  isNothing,
  numberIn,
  textIn,
  timeIn,
} from './values.js'

/** What a column can be, and how it is called where nothing is said. */
export const COLUMNS = {
  id: 'id',
  at: 'at',
  prompt: 'prompt',
  model: 'model',
  cost: 'costUsd',
  inputTokens: 'inputTokens',
  cachedInputTokens: 'cachedInputTokens',
  outputTokens: 'outputTokens',
  failed: 'failed',
} as const

export type ColumnName = keyof typeof COLUMNS
export type ColumnMap = Readonly<Partial<Record<ColumnName, string>>>
export const COLUMN_NAMES = Object.keys(COLUMNS) as readonly ColumnName[]

/** What a cell says of a call that went well. */
const WELL = /^(|false|no|none|null|ok|okay|success|successful|succeeded|complete|completed|done|n\/a|-)$/i

/** A flag, a status of HTTP, a word for how it ended, or what went wrong. */
function isFailure(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  const number = numberIn(value)
  if (number === null || Number.isFinite(number)) return number === 1 || isFailedStatus(number)
  return typeof value !== 'string' || !WELL.test(value.trim())
}

/** @param cached part of the input; more than that is not a count of it */
function billOf(input: number | null, cached: number | null, output: number | null): Bill | null {
  const bill = billOfCounts(input, output)
  if (bill === null || cached === null) return bill
  return { ...bill, cachedInputTokens: cached <= (input ?? 0) ? cached : Number.NaN }
}

/** The column of that name; where nobody named it, `input_tokens` too for `inputTokens`. */
export function cellOf(record: Json, names: ColumnMap, column: ColumnName): unknown {
  const name = names[column] ?? COLUMNS[column]
  const cell = fieldAt(record, name)
  return cell === undefined && names[column] === undefined ? fieldAt(record, underscored(name)) : cell
}

export function underscored(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Rows whose columns the user names; a prompt may be a text or messages as JSON. */
export function namedColumns(names: ColumnMap): LogFormat {
  return {
    name: 'columns',
    fits: (record) =>
      cellOf(record, names, 'prompt') !== undefined && cellOf(record, names, 'model') !== undefined,
    read(record) {
      const value = (column: ColumnName) => cellOf(record, names, column)
      const nameIn = (column: ColumnName) => {
        const name = textIn(value(column))
        return name === null || isNothing(name) ? null : name
      }
      const id = nameIn('id')
      return {
        id,
        at: timeIn(value('at')),
        models: [nameIn('model')].flatMap((name) => name ?? []),
        prompt: promptOfInput(value('prompt')),
        costUsd: dollarsIn(value('cost')),
        bill: billOf(
          numberIn(value('inputTokens')),
          numberIn(value('cachedInputTokens')),
          numberIn(value('outputTokens')),
        ),
        isStream: false,
        scoreIds: id === null ? [] : [id],
        scores: undefined,
        unusable: isFailure(value('failed')) ? 'failed' : null,
      }
    },
  }
}
