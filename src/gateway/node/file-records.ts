import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isRecord } from '../config/compound-shapes.js'
import type { RecordStore } from '../keys/records.js'

interface Line {
  readonly id: string
  /** Null: it is gone. */
  readonly value: object | null
}

/**
 * Records in a file of their own, beside the state: a line of JSON for every change, and the last one of an id counts. Lines
 * are only ever added, each by one write and an fsync, so that processes may write at the same time (a server and the command
 * line) and a crash can tear its own line alone. A torn line is passed over: it was never acknowledged.
 *
 * The file holds hashes of keys, and is for its owner to read (0600). It needs no other process, and no lock.
 */
export function fileRecords(path: string): RecordStore {
  const append = async (line: Line): Promise<void> => {
    const isNew = await stat(path).then(
      () => false,
      () => true,
    )
    const file = await open(path, 'a', 0o600)
    try {
      // A line of somebody who died in the middle of it has no end: this one begins anew.
      await writeWhole(file, `\n${JSON.stringify(line)}\n`)
      await file.datasync()
    } finally {
      await file.close()
    }
    // The name of a new file is in its folder.
    if (isNew) await syncFolder(dirname(path))
  }
  return {
    read: async () => recordsIn(await textOf(path)),
    put: (id, value) => append({ id, value }),
    remove: (id) => append({ id, value: null }),
    async version() {
      const found = await stat(path, { bigint: true }).catch(absent)
      return found === null ? 'none' : `${found.ino}:${found.size}:${found.mtimeNs}`
    },
    close: async () => {},
  }
}

async function writeWhole(file: FileHandle, text: string): Promise<void> {
  const bytes = Buffer.from(text)
  const { bytesWritten } = await file.write(bytes)
  if (bytesWritten < bytes.length) throw new Error('the disk is full: the line was not written whole')
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function textOf(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(absent)) ?? ''
}

/** A file that is not there yet is empty; any other failure is one. */
function absent(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
  throw error
}

function recordsIn(text: string): Map<string, unknown> {
  const records = new Map<string, unknown>()
  for (const written of text.split('\n')) {
    const line = lineIn(written)
    if (line?.value === null) records.delete(line.id)
    else if (line !== null) records.set(line.id, line.value)
  }
  return records
}

/** Null: an empty line, or a torn one. */
function lineIn(written: string): Line | null {
  try {
    const line: unknown = JSON.parse(written)
    if (!isRecord(line) || typeof line.id !== 'string') return null
    return line.value === null || isRecord(line.value) ? { id: line.id, value: line.value } : null
  } catch {
    return null
  }
}
