import type { LogFormat } from './call.js'
import { promptOfInput } from './prompt.js'
import { billOfCounts, fieldAt, numberIn, textIn, timeIn } from './values.js'

/** What a column can be, and how it is called where nothing is said. */
export const COLUMNS = {
  id: 'id',
  at: 'at',
  prompt: 'prompt',
  model: 'model',
  cost: 'costUsd',
  inputTokens: 'inputTokens',
  outputTokens: 'outputTokens',
} as const

export type ColumnName = keyof typeof COLUMNS
export type ColumnMap = Readonly<Partial<Record<ColumnName, string>>>
export const COLUMN_NAMES = Object.keys(COLUMNS) as readonly ColumnName[]

/** Rows whose columns the user names; a prompt may be a text or messages as JSON. */
export function namedColumns(names: ColumnMap): LogFormat {
  const nameOf = (column: ColumnName) => names[column] ?? COLUMNS[column]
  return {
    name: 'columns',
    fits: (record) =>
      fieldAt(record, nameOf('prompt')) !== undefined && fieldAt(record, nameOf('model')) !== undefined,
    read(record) {
      const value = (column: ColumnName) => fieldAt(record, nameOf(column))
      const id = textIn(value('id'))
      return {
        id,
        at: timeIn(value('at')),
        models: [textIn(value('model'))].flatMap((name) => name ?? []),
        prompt: promptOfInput(value('prompt')),
        costUsd: numberIn(value('cost')),
        bill: billOfCounts(numberIn(value('inputTokens')), numberIn(value('outputTokens'))),
        isStream: false,
        scoreIds: id === null ? [] : [id],
        scores: undefined,
        unusable: null,
      }
    },
  }
}
