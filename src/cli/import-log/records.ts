import { StringDecoder } from 'node:string_decoder'
import { JSONParser } from '@streamparser/json'
import { ParetoBanditError } from '../../base/errors.js'
import { type Chunks, openChunks } from '../chunks.js'
import { CommandError } from '../command-error.js'
import { csvRecords } from './csv.js'
import type { LogRecord } from './log-record.js'

/** Characters of a line at most; what is longer is no call of a model. */
const LINE_MAX = 2 ** 26

/**
 * The records of a file, one at a time: JSON lines, the entries of an array, objects that stand on several lines (a page of an
 * API among them), or CSV. What it is tell its first line and its name.
 * @throws FILE_UNREADABLE; DATA_INVALID for an array or a file of CSV that breaks off
 */
export async function* recordsOf(path: string): AsyncGenerator<LogRecord> {
  const chunks = await openChunks(path)
  const start = chunks.start.toString('utf8').replace(/^\ufeff/, '')
  const bare = path.replace(/\.gz$/i, '')
  const isJsonByName = /\.(jsonl?|ndjson)$/i.test(bare)
  if (/^\s*\[/.test(start)) yield* values(chunks, '$.*')
  else if (/^\s*\{\s*(\n|$)/.test(start)) yield* values(chunks, '$')
  else if (/\.(csv|tsv)$/i.test(bare) || !(isJsonByName || /^\s*(\{|$)/.test(start)))
    yield* csvRecords(chunks)
  else yield* lines(chunks)
}

async function* lines({ name, all }: Chunks): AsyncGenerator<LogRecord> {
  const decoder = new StringDecoder('utf8')
  let number = 1
  let pending = ''
  let isTooLong = false
  const record = (line: string): LogRecord | null => {
    const place = `${name}:${number++}`
    if (isTooLong) {
      isTooLong = false
      return { place, problem: 'too-long' }
    }
    const text = line.trim()
    if (text === '') return null
    const value = parsed(text) ?? parsed(withoutNan(text))
    return value === null ? { place, problem: 'bad-json' } : { place, value: value.value }
  }
  for await (const chunk of all) {
    const parts = decoder.write(chunk).split('\n')
    parts[0] = pending + parts[0]
    pending = parts.pop() ?? ''
    for (const line of parts) {
      const found = record(line)
      if (found !== null) yield found
    }
    if (pending.length > LINE_MAX) {
      isTooLong = true
      pending = ''
    }
  }
  const last = record(pending + decoder.end())
  if (last !== null) yield last
}

function parsed(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return null
  }
}

/** Python writes `NaN` for what is missing, and `Infinity`, which are no JSON. What stands in texts stays. */
function withoutNan(line: string): string {
  let isInText = false
  return line.replace(/\\.|"|-?\b(?:NaN|Infinity)\b/g, (found) => {
    if (found === '"') isInText = !isInText
    else if (!isInText && !found.startsWith('\\')) return found === 'NaN' ? 'null' : `"${found}"`
    return found
  })
}

/** The values at a path of one document after the other, each as soon as it is complete. */
async function* values({ name, all }: Chunks, path: '$' | '$.*'): AsyncGenerator<LogRecord> {
  const found: unknown[] = []
  const parser = new JSONParser({ paths: [path], keepStack: false, separator: '' })
  parser.onValue = ({ value }) => void found.push(value)
  let count = 0
  let isFirst = true
  try {
    for await (const chunk of all) {
      parser.write(isFirst ? withoutMark(chunk) : chunk)
      isFirst = false
      for (const value of found.splice(0)) yield { place: `${name}[${count++}]`, value }
    }
    if (!parser.isEnded) parser.end()
  } catch (cause) {
    if (!(cause instanceof Error) || isOurs(cause)) throw cause
    const advice = /Unexpected "[NI]/.test(cause.message)
      ? '; NaN is no JSON, null is; one record a line is read with it'
      : ''
    const message = `expected JSON to its end, got an error after ${count} entries (${cause.message})${advice}`
    throw new ParetoBanditError('DATA_INVALID', name, message, { cause })
  }
}

function withoutMark(chunk: Buffer): Buffer {
  return chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? chunk.subarray(3) : chunk
}

function isOurs(error: Error): boolean {
  return error instanceof ParetoBanditError || error instanceof CommandError
}
