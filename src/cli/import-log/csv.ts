import { Readable } from 'node:stream'
import { CsvError, type Info, parse } from 'csv-parse'
import { ParetoBanditError } from '../../base/errors.js'
import type { Chunks } from './chunks.js'
import type { LogRecord } from './log-record.js'

/** Characters of a record at most. */
const RECORD_MAX = 2 ** 26
const DELIMITERS = [',', ';', '\t'] as const

/**
 * The records of a file of CSV with a header, by the names of its columns. The delimiter is the one that the header has most
 * of: a comma, a semicolon or a tab. Lines with another number of columns are no records.
 * @throws DATA_INVALID for a quote that is not closed, and a file without a header
 */
export async function* csvRecords({ name, start, all }: Chunks): AsyncGenerator<LogRecord> {
  const header = start.toString('utf8').replace(/^\s+/, '').split('\n')[0]
  const problems: LogRecord[] = []
  let line = 1
  let unclosed: CsvError | null = null
  const parser = parse({
    bom: true,
    columns: true,
    delimiter: delimiterOf(header),
    info: true,
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
  const source = Readable.from(all)
  source.on('error', (error) => parser.destroy(error))
  try {
    for await (const each of source.pipe(parser)) {
      yield* problems.splice(0)
      const { info, record } = each as { info: Info; record: unknown }
      line = info.lines
      yield { place: `${name}:${line}`, value: record }
    }
    if (unclosed !== null) throw unclosed
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

function delimiterOf(header: string): string {
  const countOf = (delimiter: string) => header.split(delimiter).length
  return DELIMITERS.reduce((best, each) => (countOf(each) > countOf(best) ? each : best), ',')
}
