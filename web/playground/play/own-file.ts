import { ParetoBanditError } from '../../../src/base/errors.js'

/** Largest file that is read. */
export const FILE_BYTES_MAX = 64 * 1024 * 1024

const COMPRESSED = 'unpack it first'
/** How files of other kinds begin. */
const KINDS: readonly (readonly [start: readonly number[], what: string, way: string])[] = [
  [[0x1f, 0x8b], 'a file packed by gzip', COMPRESSED],
  [[0x28, 0xb5, 0x2f, 0xfd], 'a file packed by zstd', COMPRESSED],
  [[0x42, 0x5a, 0x68], 'a file packed by bzip2', COMPRESSED],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'a file packed by xz', COMPRESSED],
  [
    [0x50, 0x4b, 0x03, 0x04],
    'a ZIP archive, or a file of an office program',
    'take the data out of it as text',
  ],
  [[0xff, 0xfe], 'text in UTF-16', 'save it as UTF-8'],
  [[0xfe, 0xff], 'text in UTF-16', 'save it as UTF-8'],
  [bytesOf('PAR1'), 'a Parquet file', 'export it as JSON lines'],
  [bytesOf('SQLite format 3'), 'an SQLite database', 'export its rows as JSON lines'],
  [bytesOf('%PDF'), 'a PDF', 'the outcomes are needed as text'],
]
const A_TABLE =
  'write a line for each prompt, with the outcome of every model. Of a log that has one answer a prompt nobody knows what the other models would have done: see "a log that you have" in the docs'

/**
 * The text of a file of outcomes.
 * @throws DATA_INVALID saying what the file is in place of one JSON object a line in UTF-8, and what to do about it; what cannot
 *   be seen by its first characters is for who parses it
 */
export async function textOf(file: File): Promise<string> {
  const { name, size } = file
  if (size > FILE_BYTES_MAX) {
    const got = `${megabytes(size)}: take a part of it, a few thousand prompts show the same`
    throw refused(name, `at most ${megabytes(FILE_BYTES_MAX)}`, got)
  }
  const bytes = new Uint8Array(await file.arrayBuffer())
  for (const [start, what, way] of KINDS)
    if (start.every((byte, i) => bytes[i] === byte)) throw refused(name, 'JSON lines', `${what}: ${way}`)
  const text = decoded(bytes, name)
  checkText(text, name)
  return text
}

/** A size for people: `63 MB`. */
export function megabytes(bytes: number): string {
  const size = bytes / 1024 / 1024
  return size < 1 ? 'less than 1 MB' : `${Math.round(size)} MB`
}

function decoded(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refused(name, 'text in UTF-8', 'other bytes (Latin-1, or no text): save it as UTF-8')
  }
}

/** What the first line says that is none of JSON; an array is told by who reads the lines. */
function checkText(text: string, name: string): void {
  const bare = text.trimStart()
  if (bare === '') throw refused(name, 'one JSON object a line', 'an empty file')
  const end = bare.indexOf('\n')
  const first = (end < 0 ? bare : bare.slice(0, end)).trim()
  if (first.startsWith('<')) throw refused(name, 'JSON lines', 'a page or XML: the data itself is needed')
  if (first === '{') {
    const got = "an object over many lines: write each on one line, as 'jq -c .' does"
    throw refused(name, 'one JSON object a line', got)
  }
  if (!/^[{["\d]/.test(first) && /[,;\t]/.test(first))
    throw refused(name, 'one JSON object a line', `a table (CSV): ${A_TABLE}`)
}

function refused(name: string, what: string, got: string): ParetoBanditError {
  return new ParetoBanditError('DATA_INVALID', name, `expected ${what}, got ${got}`)
}

function bytesOf(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0))
}
