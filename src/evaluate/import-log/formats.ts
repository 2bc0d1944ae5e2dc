import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import type { LogFormat } from './call.js'
import { type ColumnMap, namedColumns } from './columns.js'
import { LANGFUSE, observationsOf } from './langfuse.js'
import { LITELLM } from './litellm.js'
import { OPENAI } from './openai.js'

export const FORMAT_NAMES = ['auto', 'litellm', 'openai', 'langfuse', 'columns'] as const
export type FormatName = (typeof FORMAT_NAMES)[number]

/** The formats that a record may be of, the likeliest first. */
export function formatsOf(name: FormatName, columns: ColumnMap): readonly LogFormat[] {
  const named = namedColumns(columns)
  if (name === 'columns') return [named]
  if (name === 'auto') {
    const known = [LITELLM, LANGFUSE, OPENAI]
    return Object.keys(columns).length > 0 ? [named, ...known] : [...known, named]
  }
  return [LITELLM, LANGFUSE, OPENAI].filter((format) => format.name === name)
}

/** A row of a record, and where in it: `.data[3]`; empty for the record itself. */
interface PlacedRow {
  readonly row: unknown
  readonly at: string
}

/** The rows of a record: those of a page of an API, the observations of a trace, or itself. */
export function rowsOf(record: Json): readonly PlacedRow[] {
  const { data, object, meta } = record
  const isListed = object === 'list' || isRecord(meta) || Object.keys(record).length === 1
  const isPage = Array.isArray(data) && isListed && !isEmbedding(data[0])
  return isPage ? data.flatMap((entry: unknown, i) => ownRowsOf(entry, `.data[${i}]`)) : ownRowsOf(record, '')
}

function ownRowsOf(record: unknown, at: string): readonly PlacedRow[] {
  const observations = isRecord(record) ? observationsOf(record) : null
  if (observations === null || observations.length === 0) return [{ row: record, at }]
  return observations.map((row, i) => ({ row, at: `${at}.observations[${i}]` }))
}

function isEmbedding(value: unknown): boolean {
  return isRecord(value) && Object.hasOwn(value, 'embedding')
}
