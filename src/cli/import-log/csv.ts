import { Readable } from 'node:stream'
import { CsvError, type Info, parse } from 'csv-parse'
import { ParetoBanditError } from '../../base/errors.js'
import type { Chunks } from '../chunks.js'
import type { LogRecord } from './log-record.js'

/** Characters of a record at most. */
const RECORD_MAX = 2 ** 26
const QUOTED = /"(?:[^"]|"")*"/g
const DELIMITERS = [',', ';', '\t'] as const

/**
 * The records of a file of CSV with a header, by the names of its columns. The delimiter is the one that the header has most
 * of: a comma, a semicolon or a tab, or the one of a line `sep=` before. Lines with another number of columns are no records.
 * @throws DATA_INVALID for a quote that is not closed, a file without a header, and two columns of one name
 */
export async function* csvRecords({ name, start, all }: Chunks): AsyncGenerator<LogRecord> {
  const { header, headerLine, delimiter } = headOf(start.toString('utf8'))
  const problems: LogRecord[] = []
  let line = 1
  let unclosed: CsvError | null = null
  const parser = parse({
    bom: true,
    columns: (names: string[]) => checkedNames(names, name),
    delimiter,
    from_line: headerLine,
    info: true,
    // Of rows that people write with a space behind each comma it belongs to no cell.
    ltrim: header
      .replace(QUOTED, '-')
      .split(delimiter)
      .some((each) => /^ +\S/.test(each)),
    max_record_size: RECORD_MAX,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error === undefined) return undefined
      // What follows a quote that is not closed is one record, and the rest of the file in it.
      if (error.code === 'CSV_QUOTE_NOT_CLOSED') unclosed = error
      const at = typeof error.lines === 'number' ? error.lines : line
      problems.push({ place: `${name}:${at}`, problem: 'bad-csv' })
      return undefined
    },
  })
  const last = { byte: 0 }
  const source = Readable.from(withLast(all, last))
  // Held back until the next one shows that it was not the last.
  let held: LogRecord | null = null
  source.on('error', (error) => parser.destroy(error))
  try {
    for await (const each of source.pipe(parser)) {
      if (held !== null) yield held
      held = null
      yield* problems.splice(0)
      const { info, record } = each as { info: Info; record: unknown }
      line = info.lines
      held = { place: `${name}:${line}`, value: record }
    }
    if (unclosed !== null) throw unclosed
    if (held !== null) yield isLineEnd(last.byte) ? held : { ...held, isUnended: true }
    yield* problems.splice(0)
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw new ParetoBanditError('DATA_INVALID', name, `expected CSV with a header, got ${cause.message}`, {
      cause,
    })
  } finally {
    source.destroy()
  }
}

/** Of two columns of one name nobody can say which is meant; those without a name are of nobody. */
function checkedNames(given: string[], file: string): string[] {
  const names = given.map((each) => each.trim())
  const twice = names.find((each, i) => each !== '' && names.indexOf(each) !== i)
  if (twice === undefined) return names
  throw new ParetoBanditError(
    'DATA_INVALID',
    file,
    `expected a header that names each column once, got ${JSON.stringify(twice)} twice`,
  )
}

async function* withLast(chunks: AsyncIterable<Buffer>, last: { byte: number }): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    last.byte = chunk.at(-1) ?? last.byte
    yield chunk
  }
}

function isLineEnd(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d
}

/** The header and its line, from 1; before it a spreadsheet may say the delimiter: `sep=;`. */
function headOf(text: string): { header: string; headerLine: number; delimiter: string } {
  const [blank] = /^\s*/.exec(text) ?? ['']
  const [first, second = ''] = text.slice(blank.length).split('\n', 2)
  const said = /^"?sep=([^"\s]|\t)"?\r?$/i.exec(first)?.[1]
  if (said === undefined) return { header: first, headerLine: 1, delimiter: delimiterOf(first) }
  return { header: second, headerLine: blank.split('\n').length + 1, delimiter: said }
}

function delimiterOf(header: string): string {
  const countOf = (delimiter: string) => header.split(delimiter).length
  return DELIMITERS.reduce((best, each) => (countOf(each) > countOf(best) ? each : best), ',')
}
