import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import type { LogFormat } from './call.js'
import { type ColumnMap, namedColumns } from './columns.js'
import { HELICONE } from './helicone.js'
import { LANGFUSE, observationsOf } from './langfuse.js'
import { LANGSMITH } from './langsmith.js'
import { LITELLM } from './litellm.js'
import { OPENAI } from './openai.js'
import { PORTKEY } from './portkey.js'

/** OpenAI's last: others hold requests and answers as it has them. */
const KNOWN = [LITELLM, PORTKEY, HELICONE, LANGSMITH, LANGFUSE, OPENAI]

export const FORMAT_NAMES = [
  'auto',
  'litellm',
  'openai',
  'langfuse',
  'langsmith',
  'helicone',
  'portkey',
  'columns',
] as const
export type FormatName = (typeof FORMAT_NAMES)[number]

/** The formats that a record may be of, the likeliest first. */
export function formatsOf(name: FormatName, columns: ColumnMap): readonly LogFormat[] {
  const named = namedColumns(columns)
  if (name === 'columns') return [named]
  if (name === 'auto') return Object.keys(columns).length > 0 ? [named, ...KNOWN] : [...KNOWN, named]
  return KNOWN.filter((format) => format.name === name)
}

/** A row of a record, and where in it: `.data[3]`; empty for the record itself. */
interface PlacedRow {
  readonly row: unknown
  readonly at: string
}

/** The rows of a record: those of a page of an API, the observations of a trace, or itself. */
export function rowsOf(record: Json): readonly PlacedRow[] {
  const { data, object, meta, runs } = record
  if (Array.isArray(runs) && isRun(runs[0]))
    return runs.map((row: unknown, i) => ({ row, at: `.runs[${i}]` }))
  if (!Array.isArray(data) || isEmbedding(data[0])) return ownRowsOf(record, '')
  // Helicone has `error: null` beside its entries.
  const isAlone = Object.entries(record).every(([name, value]) => name === 'data' || value === null)
  if (object !== 'list' && !isRecord(meta) && !isAlone) return ownRowsOf(record, '')
  return data.flatMap((entry: unknown, i) => ownRowsOf(entry, `.data[${i}]`))
}

function ownRowsOf(record: unknown, at: string): readonly PlacedRow[] {
  const observations = isRecord(record) ? observationsOf(record) : null
  if (observations === null || observations.length === 0) return [{ row: record, at }]
  return observations.map((row, i) => ({ row, at: `${at}.observations[${i}]` }))
}

function isRun(value: unknown): boolean {
  return isRecord(value) && Object.hasOwn(value, 'run_type')
}

function isEmbedding(value: unknown): boolean {
  return isRecord(value) && Object.hasOwn(value, 'embedding')
}
