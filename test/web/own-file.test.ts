import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/index.js'
import { FILE_BYTES_MAX, megabytes, textOf } from '../../web/playground/play/own-file.js'

const LINE = '{"id":"1","prompt":"a","outcomes":{"m":{"reward":1,"costUsd":1}}}'

async function faultOf(file: File): Promise<ParetoBanditError | null> {
  const fault: unknown = await textOf(file).then(
    () => null,
    (error: unknown) => error,
  )
  return fault instanceof ParetoBanditError ? fault : null
}

describe('a file of one’s own', () => {
  it.each([
    ['of gzip', gzipSync(LINE), 'expected JSON lines, got a file packed by gzip: unpack it first'],
    ['of zstd', [0x28, 0xb5, 0x2f, 0xfd, 0], 'got a file packed by zstd'],
    ['of ZIP', 'PK\x03\x04', 'got a ZIP archive, or a file of an office program: take the data out'],
    ['of Parquet', 'PAR1', 'got a Parquet file: export it as JSON lines'],
    ['of SQLite', 'SQLite format 3\0', 'got an SQLite database'],
    ['in UTF-16', Buffer.from(`\ufeff${LINE}`, 'utf16le'), 'got text in UTF-16: save it as UTF-8'],
    ['in Latin-1', [0x7b, 0xe9, 0x7d], 'expected text in UTF-8, got other bytes (Latin-1, or no text)'],
    ['of nothing', '', 'expected one JSON object a line, got an empty file'],
    ['of blanks', ' \n\n', 'got an empty file'],
    [
      'of CSV',
      'prompt,model,reward\na,b,1\n',
      'expected one JSON object a line, got a table (CSV): write a line',
    ],
    ['of columns by tabs', '\ufeffprompt\tmodel\n', 'got a table (CSV)'],
    ['of HTML', '<!doctype html>', 'got a page or XML'],
    [
      'of JSON over lines',
      '{\n  "id": 1\n}',
      "got an object over many lines: write each on one line, as 'jq -c .'",
    ],
  ])('%s is told by name, with what to do', async (_, content, message) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : Uint8Array.from(content)
    const fault = await faultOf(new File([bytes], 'mine'))
    expect(fault?.code).toBe('DATA_INVALID')
    expect(fault?.message).toContain(message)
    expect(fault?.message).toMatch(/^mine: /)
  })

  it('that is too large is refused before it is read', async () => {
    const file = new File([], 'large.jsonl')
    Object.defineProperty(file, 'size', { value: 200 * 1024 * 1024 })
    file.arrayBuffer = () => Promise.reject(new Error('read'))
    const fault = await faultOf(file)
    expect(fault?.message).toContain('large.jsonl: expected at most 64 MB, got 200 MB: take a part of it')
    expect(megabytes(FILE_BYTES_MAX)).toBe('64 MB')
  })

  it('of one JSON object a line is read whole, one line or an array too: its lines are for who parses them', async () => {
    for (const text of [LINE, `${LINE}\n${LINE}\n`, `[${LINE}]`, '\n17'])
      expect(await textOf(new File([text], 'mine.jsonl'))).toBe(text)
  })
})
