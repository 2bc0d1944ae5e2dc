import { type FileHandle, open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isRecord } from '../../base/check.js'
import { LatestMap } from '../../base/latest-map.js'
import {
  isPromised,
  isSameNote,
  NOTE_KINDS,
  type NoteKind,
  type Notes,
  type NotesMax,
} from '../notes/notes.js'
import { keptText } from './kept-text.js'
import { giveToOwner } from './state-owner.js'
import { WriteBehind } from './write-behind.js'

/** Lines beyond those that count, before the file is rewritten. */
const STALE_LINES_MAX = 10_000
/** How long a note may wait for others, ms: each write costs as much as the work of a request. */
const GATHER_MS = 25

/** Notes that are written together when the file is rewritten: others are served between two pieces. */
const REWRITE_NOTES = 500

interface Note {
  readonly kind: NoteKind
  readonly id: string
  /** Null: it is gone, or has been written. */
  value: object | null
  /** As it is written, and not before: many are overtaken. Null: it is gone, or is not written yet, or `bytes` has it. */
  line: string | null
  /**
   * Of decisions, which are the most: the bytes of all that was written with it, which nobody collects garbage in, and where its line is.
   * Decisions are forgotten in the order in which they are written, so a write is kept about as long as each of its decisions.
   */
  bytes: Buffer | null
  start: number
  end: number
}

/**
 * Notes of one process over its restarts: a file with a line of JSON a note, the last one of an id counts. It is rewritten when
 * most of its lines are stale. A torn line is passed over. What was written survives `kill -9`; after a power cut the latest
 * notes may be missing.
 */
export async function fileNotes(
  path: string,
  max: NotesMax,
  onProblem: (problem: Error) => void,
  onBack?: (goneMs: number) => void,
): Promise<Notes> {
  const kinds: Readonly<Record<NoteKind, LatestMap<string, Note>>> = {
    decisions: new LatestMap(),
    names: new LatestMap(),
    sessions: new LatestMap(),
    rewards: new LatestMap(),
    adjustments: new LatestMap(),
  }
  const known = (note: Note): Note => {
    kinds[note.kind].set(note.id, note)
    kinds[note.kind].trim(max(note.kind))
    return note
  }
  let lines = 0
  for (const line of (await keptText(path)).split('\n')) {
    lines++
    const note = noteIn(line)
    if (note === null) continue
    if (note.value === null) kinds[note.kind].delete(note.id)
    else known(noteOf(note.kind, note.id, null, `${line}\n`))
  }
  let file: FileHandle | null = null
  let isWriting = false
  let isClosed = false
  const closeFile = async (): Promise<void> => {
    const open = file
    file = null
    await open?.close()
  }
  /** From then on the file is the next process's. @throws where a write has hung until after the end */
  const checkOpen = (): void => {
    if (isClosed) throw new Error('the notes are closed')
  }
  const rewrite = async (): Promise<void> => {
    const all = NOTE_KINDS.flatMap((kind) => [...kinds[kind].values()])
    const next = `${path}.new`
    const fresh = await open(next, 'w', 0o600)
    try {
      await giveToOwner(fresh, next, path)
      for (let i = 0; i < all.length; i += REWRITE_NOTES)
        await fresh.appendFile(written('', all.slice(i, i + REWRITE_NOTES)))
      await fresh.datasync()
    } finally {
      await fresh.close()
    }
    checkOpen()
    await rename(next, path)
    await closeFile()
    lines = all.length
  }
  /** What goes with a later one of the same decision needs no line; what somebody waits for is written, and that it is gone. */
  const isOvertaken = (note: Note, batch: ReadonlySet<Note>): boolean => {
    if (isPromised(note.kind) || isRemoval(note)) return false
    const latest = kinds[note.kind].get(note.id)
    return latest !== undefined && latest !== note && batch.has(latest)
  }
  const append = async (batch: readonly Note[]): Promise<void> => {
    const isPromise = batch.some(({ kind }) => isPromised(kind))
    const isLong = lines > 2 * NOTE_KINDS.reduce((sum, kind) => sum + kinds[kind].size, 0) + STALE_LINES_MAX
    // What is written to a file that was removed or replaced, nobody will read.
    if (isLong || (isPromise && file !== null && !(await isAt(path, file)))) await rewrite()
    // A process that died in the middle of a line left it without an end: these begin on a new line.
    if (file === null) {
      file = await open(path, 'a', 0o600)
      await giveToOwner(file, path, dirname(path))
    }
    checkOpen()
    const notes = new Set(batch)
    const all = batch.filter((note) => !isOvertaken(note, notes))
    await file.appendFile(written('\n', all))
    if (isPromise) await file.datasync()
    lines += all.length
  }
  const behind = new WriteBehind<Note>({
    atOnceMax: 1,
    gatherMs: GATHER_MS,
    onProblem,
    onBack,
    write: async (batch) => {
      // Whoever waits for these has been told that they are not written.
      if (isClosed) return
      isWriting = true
      try {
        await append(batch)
      } finally {
        isWriting = false
        if (isClosed) await closeFile()
      }
    },
  })
  const add = async (note: Note): Promise<boolean> =>
    isClosed ? false : behind.add(note, isPromised(note.kind))
  return {
    isShared: false,
    get: async (kind, id) => noted(kinds[kind].get(id)),
    put(kind, id, value) {
      return add(known(noteOf(kind, id, value, null)))
    },
    remove(kind, id) {
      kinds[kind].delete(id)
      return add(noteOf(kind, id, null, null))
    },
    async claim(kind, id, value) {
      const before = noted(kinds[kind].get(id))
      if (before !== null) return before
      if (await add(known(noteOf(kind, id, value, null)))) return null
      throw Object.assign(new Error('the notes were not written'), { code: 'NOTES_UNAVAILABLE' })
    },
    async release(kind, id, value) {
      if (!isSameNote(noted(kinds[kind].get(id)), value)) return true
      kinds[kind].delete(id)
      return add(noteOf(kind, id, null, null))
    },
    entries: async (kind) => Array.from(kinds[kind], ([id, note]) => [id, noted(note) ?? {}] as const),
    async close() {
      await behind.close()
      isClosed = true
      // One that hangs closes it when it ends.
      if (!isWriting) await closeFile()
    },
  }
}

/** Whether a path still leads to an open file. */
async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const [there, own] = await Promise.all([stat(path).catch(() => null), file.stat()])
  return there !== null && there.ino === own.ino && there.dev === own.dev
}

function noteOf(kind: NoteKind, id: string, value: object | null, line: string | null): Note {
  return { kind, id, value, line, bytes: null, start: 0, end: 0 }
}

function isRemoval({ value, line, bytes }: Note): boolean {
  return value === null && line === null && bytes === null
}

function noted(note: Note | undefined): object | null {
  if (note === undefined) return null
  return note.value ?? (isRemoval(note) ? null : (noteIn(lineOf(note))?.value ?? null))
}

function lineOf({ kind, id, value, line, bytes, start, end }: Note): string {
  if (line !== null) return line
  return bytes === null ? `${JSON.stringify([kind, id, value])}\n` : bytes.toString('utf8', start, end)
}

/** Bytes of their lines, which they are kept as from then on. */
function written(before: string, notes: readonly Note[]): Buffer {
  const lines = notes.map(lineOf)
  const text = before + lines.join('')
  // Of its own: those of `Buffer.from` are parts of larger ones, which would be kept for each.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  const isAscii = bytes.length === text.length
  let at = before.length
  notes.forEach((note, i) => {
    const line = lines[i]
    const start = at
    at += isAscii ? line.length : Buffer.byteLength(line)
    if (isRemoval(note)) return
    if (note.kind === 'decisions') {
      note.bytes = bytes
      note.start = start
      note.end = at
    } else note.line = line
    note.value = null
  })
  return bytes
}

function noteIn(line: string): { kind: NoteKind; id: string; value: object | null } | null {
  try {
    const parts: unknown = JSON.parse(line)
    if (!Array.isArray(parts)) return null
    const [kind, id, value]: unknown[] = parts
    const known = NOTE_KINDS.find((each) => each === kind)
    if (known === undefined || typeof id !== 'string' || !(value === null || isRecord(value))) return null
    return { kind: known, id, value }
  } catch {
    return null
  }
}
