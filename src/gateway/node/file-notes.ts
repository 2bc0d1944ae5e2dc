import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { isRecord } from '../../base/check.js'
import { LatestMap } from '../../base/latest-map.js'
import { NOTE_KINDS, type NoteKind, type Notes, type NotesMax } from '../notes/notes.js'
import { WriteBehind } from './write-behind.js'

/** Lines beyond those that count, before the file is rewritten. */
const STALE_LINES_MAX = 10_000
/** How long a note may wait for others, ms: each write costs as much as the work of a request. */
const GATHER_MS = 25

interface Note {
  readonly kind: NoteKind
  readonly id: string
  /** As it is written. */
  readonly line: string
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
): Promise<Notes> {
  // As lines: they are many, and a text is one object for whoever collects garbage.
  const kinds: Readonly<Record<NoteKind, LatestMap<string, string>>> = {
    decisions: new LatestMap(),
    sessions: new LatestMap(),
    rewards: new LatestMap(),
  }
  const known = (kind: NoteKind, id: string, line: string): void => {
    kinds[kind].set(id, line)
    kinds[kind].trim(max(kind))
  }
  let lines = 0
  for (const line of (await textOf(path)).split('\n')) {
    lines++
    const note = noteIn(line)
    if (note === null) continue
    if (note.value === null) kinds[note.kind].delete(note.id)
    else known(note.kind, note.id, `${line}\n`)
  }
  let file: FileHandle | null = null
  const rewrite = async (): Promise<void> => {
    const all = NOTE_KINDS.flatMap((kind) => [...kinds[kind].values()])
    const next = `${path}.new`
    const fresh = await open(next, 'w', 0o600)
    try {
      await fresh.writeFile(all.join(''))
      await fresh.datasync()
    } finally {
      await fresh.close()
    }
    await rename(next, path)
    await file?.close()
    file = null
    lines = all.length
  }
  const behind = new WriteBehind<Note>({
    atOnceMax: 1,
    gatherMs: GATHER_MS,
    onProblem,
    write: async (batch) => {
      if (lines > 2 * NOTE_KINDS.reduce((sum, kind) => sum + kinds[kind].size, 0) + STALE_LINES_MAX)
        await rewrite()
      // A process that died in the middle of a line left it without an end: these begin on a new line.
      file ??= await open(path, 'a', 0o600)
      const all = linesOf(batch)
      await file.appendFile(`\n${all.join('')}`)
      // Rewards have been promised to somebody.
      if (batch.some(({ kind }) => kind === 'rewards')) await file.datasync()
      lines += all.length
    },
  })
  return {
    isShared: false,
    get: async (kind, id) => noteIn(kinds[kind].get(id) ?? '')?.value ?? null,
    put(kind, id, value) {
      const line = lineOf(kind, id, value)
      known(kind, id, line)
      return behind.add({ kind, id, line }, kind === 'rewards')
    },
    remove(kind, id) {
      kinds[kind].delete(id)
      return behind.add({ kind, id, line: lineOf(kind, id, null) }, kind === 'rewards')
    },
    entries: async (kind) =>
      Array.from(kinds[kind], ([id, line]) => [id, noteIn(line)?.value ?? {}] as const),
    async close() {
      await behind.close()
      await file?.close()
      file = null
    },
  }
}

/** Of several notes of one id in a batch the last counts. */
function linesOf(batch: readonly Note[]): string[] {
  const last = new Map<string, string>()
  for (const { kind, id, line } of batch) last.set(`${kind} ${id}`, line)
  return [...last.values()]
}

function lineOf(kind: NoteKind, id: string, value: object | null): string {
  return `${JSON.stringify([kind, id, value])}\n`
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

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
