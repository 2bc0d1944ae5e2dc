import { stat } from 'node:fs/promises'
import { wasCutOff } from '../../store/sqlite/parts.js'
import type { StoreConfig } from '../config/store-config.js'
import { memoryRecords, type RecordStore } from '../keys/records.js'
import type { UseExchange } from '../keys/use.js'
import { memoryNotes, type Notes, type NotesMax } from '../notes/notes.js'
import { fileNotes } from './file-notes.js'
import { fileRecords, keptShort } from './file-records.js'
import { checkLinkAccess } from './redis-access.js'
import { redisLink } from './redis-link.js'
import { redisNotes } from './redis-notes.js'
import { redisRecords } from './redis-records.js'
import { redisUse } from './redis-use.js'

/** The lock of a log in a file that was opened before, which stays when it is closed; to be asked before the log is opened. */
export async function lockLeft(store: StoreConfig): Promise<readonly string[]> {
  if (store.kind !== 'sqlite') return []
  const lock = `${store.file}-writer`
  // Whoever began it was ended before there was anything in it.
  const size = await sizeOf(store.file)
  if (size === 0 || (size !== null && wasCutOff(store.file))) return []
  return (await sizeOf(lock)) === null ? [] : [lock]
}

/** Null: there is no such file, or nobody may look. */
function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  )
}

/** What is beside the log of a store. */
export interface BesideLog {
  /** Keys and added models. Closing it closes all. */
  readonly records: RecordStore
  /** Where processes tell each other what keys do; null where there is one process. */
  readonly use: UseExchange | null
  /** Of what stands there, names of what an earlier log alone can have left: notes are of its requests. */
  leftByLog(): Promise<readonly string[]>
  /** What servers remember of decisions and conversations. They are closed before the records. */
  openNotes(
    max: NotesMax,
    onProblem: (problem: Error) => void,
    onBack?: (goneMs: number) => void,
  ): Promise<Notes>
}

/**
 * @param isHolder whether this process holds the state, as a server does: it keeps files short
 * @throws (the promise is rejected) where the store cannot be reached
 */
export async function openBesideLog(store: StoreConfig, isHolder = false): Promise<BesideLog> {
  if (store.kind === 'memory')
    return {
      records: memoryRecords(),
      use: null,
      leftByLog: async () => [],
      openNotes: async (max) => memoryNotes(max),
    }
  if (store.kind === 'sqlite') {
    const notes = `${store.file}.notes`
    const file = fileRecords(`${store.file}.keys`, store.file)
    return {
      records: isHolder ? await keptShort(file) : file,
      use: null,
      leftByLog: async () => ((await sizeOf(notes)) ? [notes] : []),
      openNotes: (...args) => fileNotes(notes, ...args),
    }
  }
  const link = await redisLink(store)
  try {
    await checkLinkAccess(link, store)
  } catch (error) {
    link.close()
    throw error
  }
  return {
    records: redisRecords(link, store),
    use: redisUse(link, store.prefix),
    async leftByLog() {
      const names = ['decisions', 'sessions'].map((kind) => `{${store.prefix}}:${kind}`)
      const found = await Promise.all(names.map((name) => link.send('EXISTS', name)))
      return names.filter((_, i) => Number(found[i]) > 0)
    },
    openNotes: async (...args) => redisNotes(link, store.prefix, ...args),
  }
}
