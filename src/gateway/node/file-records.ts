import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isRecord } from '../../base/check.js'
import { textHash } from '../../base/text-hash.js'
import type { RecordStore } from '../keys/records.js'
import { keptText } from './kept-text.js'
import { giveToOwner } from './state-owner.js'

interface Line {
  readonly id: string
  /** Null: it is gone. */
  readonly value: object | null
}

/** Lines that count no more, before the file is rewritten. */
const STALE_LINES_MAX = 1000

export interface FileRecords extends RecordStore {
  /**
   * Rewrites the file where most of its lines count no more. One process at a time may: the one that holds the state. Others
   * may read and write meanwhile. After a crash in the middle of it all is there, and the next call ends it.
   */
  compact(): Promise<void>
}

/**
 * Records in a file of their own, beside the state: a line of JSON for every change, and the last one of an id counts. Lines
 * are added by one write and an fsync each, so that processes may write at the same time (a server and the command
 * line) and a crash can tear its own line alone. A torn line is passed over: it was never acknowledged. One that was written whole and
 * cannot be read any more may have said anything of the records that it names, that a key is revoked say: these are no records that
 * anybody can read until a later line says more, and if it names none it is one itself.
 *
 * While it is rewritten the earlier file stands as `FILE.old`: whoever had that open adds a line to it. Who does so sees that
 * the file is another one, and adds the line there as well.
 *
 * The file holds hashes of keys, and is for its owner to read (0600). It needs no other process, and no lock.
 *
 * @param state whose owner has the file too. Default: its folder
 */
export function fileRecords(path: string, state = dirname(path)): FileRecords {
  const old = `${path}.old`
  const append = async (text: string): Promise<void> => {
    for (let isThere = false; !isThere; ) {
      const isNew = (await stat(path).catch(absent)) === null
      const file = await open(path, 'a', 0o600)
      try {
        await giveToOwner(file, path, state)
        // A process that died in the middle of a line left it without an end: this one begins on a new line.
        await writeWhole(file, `\n${text}`)
        await file.datasync()
        isThere = (await stat(path).catch(absent))?.ino === (await file.stat()).ino
      } finally {
        await file.close()
      }
      // The name of a new file is in its folder.
      if (isNew) await syncFolder(dirname(path))
    }
  }
  const change = (line: Line) => append(lineText(line))
  const read = async (): Promise<Map<string, unknown>> => {
    const before = await keptText(old)
    const text = await keptText(path)
    if (before === '') return recordsIn(text)
    // All that was rewritten is in the old file too, which may have newer lines than that.
    const at = text.lastIndexOf(REWRITTEN)
    return recordsIn(before, at < 0 ? text : text.slice(at + REWRITTEN.length))
  }
  /** What only the old file has goes into the new one. */
  const endCompaction = async (): Promise<void> => {
    if ((await stat(old).catch(absent)) === null) return
    const [all, here] = [await read(), recordsIn(await keptText(path))]
    const ids = new Set([...all.keys(), ...here.keys()])
    const lines = [...ids].flatMap((id) => {
      const value = all.get(id) ?? null
      return JSON.stringify(value) === JSON.stringify(here.get(id) ?? null) ? [] : [lineText({ id, value })]
    })
    if (lines.length > 0) await append(lines.join(''))
    await unlink(old)
  }
  return {
    read,
    put: (id, value) => change({ id, value }),
    remove: (id) => change({ id, value: null }),
    async compact() {
      await endCompaction()
      const text = await keptText(path)
      const records = recordsIn(text)
      if (text.split('\n{').length <= 2 * records.size + STALE_LINES_MAX) return
      const next = `${path}.new`
      const file = await open(next, 'w', 0o600)
      try {
        await giveToOwner(file, next, path)
        const lines = Array.from(records, ([id, value]) => lineText({ id, value }))
        await writeWhole(file, `${lines.join('')}${REWRITTEN}`)
        await file.datasync()
      } finally {
        await file.close()
      }
      await link(path, old)
      await rename(next, path)
      await syncFolder(dirname(path))
      await endCompaction()
    },
    async version() {
      const found = await stat(path, { bigint: true }).catch(absent)
      return found === null ? 'none' : `${found.ino}:${found.size}:${found.mtimeNs}`
    },
    close: async () => {},
  }
}

/** Records of the process that holds the state: rewritten at its start where that is due, and again each time enough lines are stale. */
export async function keptShort(file: FileRecords): Promise<RecordStore> {
  let changes = 0
  const changed = async (): Promise<void> => {
    // The change is durable already; what fails here is tried again after as many more, and at the next start.
    if (++changes % STALE_LINES_MAX === 0) await file.compact().catch(() => {})
  }
  await file.compact()
  return {
    ...file,
    put: (id, value) => file.put(id, value).then(changed),
    remove: (id) => file.remove(id).then(changed),
  }
}

/** The end of what was rewritten, as the file has it. */
const REWRITTEN_LINE = '{"anew":true}'
const REWRITTEN = `\n${REWRITTEN_LINE}\n`

function lineText({ id, value }: { readonly id: string; readonly value: unknown }): string {
  return `${JSON.stringify({ id, value })}\n`
}

async function writeWhole(file: FileHandle, text: string): Promise<void> {
  const bytes = Buffer.from(text)
  const { bytesWritten } = await file.write(bytes)
  if (bytesWritten < bytes.length)
    throw Object.assign(new Error('the disk is full: the line was not written whole'), { code: 'ENOSPC' })
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** A file that is not there yet is empty; any other failure is one. */
function absent(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
  throw error
}

/** @param texts of files, the later words last */
function recordsIn(...texts: readonly string[]): Map<string, unknown> {
  const records = new Map<string, unknown>()
  for (const text of texts) {
    const written = text.split('\n')
    const rewritten = written.lastIndexOf(REWRITTEN_LINE)
    written.forEach((each, i) => {
      const line = lineIn(each)
      if (line?.value === null) records.delete(line.id)
      else if (line !== null) records.set(line.id, line.value)
      // Whoever adds a line ends it, and the next begins with an end: a torn one is followed by another at once, or by nothing.
      else if (each !== '' && each !== REWRITTEN_LINE && (i < rewritten || written[i + 1] === ''))
        damaged(records, each)
    })
  }
  return records
}

function damaged(records: Map<string, unknown>, line: string): void {
  const value = { damagedLine: line }
  const named = [...records.keys()].filter((id) => isNamed(line, id))
  for (const id of named) records.set(id, value)
  if (named.length === 0) records.set(`key:damaged-${textHash(line)}`, value)
}

/** The hash of a key stands twice in its line, whole and as its id. */
function isNamed(line: string, id: string): boolean {
  const [, hash] = /^key:key_([0-9a-f]{16})$/.exec(id) ?? []
  return line.includes(hash ?? JSON.stringify(id))
}

/** Null: an empty line, or one that says nothing. */
function lineIn(written: string): Line | null {
  try {
    const line: unknown = JSON.parse(written)
    if (!isRecord(line) || typeof line.id !== 'string') return null
    return line.value === null || isRecord(line.value) ? { id: line.id, value: line.value } : null
  } catch {
    return null
  }
}
