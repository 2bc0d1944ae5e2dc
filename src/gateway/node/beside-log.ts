import type { StoreConfig } from '../config/store-config.js'
import { memoryRecords, type RecordStore } from '../keys/records.js'
import type { UseExchange } from '../keys/use.js'
import { memoryNotes, type Notes, type NotesMax } from '../notes/notes.js'
import { fileNotes } from './file-notes.js'
import { fileRecords, keptShort } from './file-records.js'
import { redisLink } from './redis-link.js'
import { redisNotes } from './redis-notes.js'
import { redisRecords } from './redis-records.js'
import { redisUse } from './redis-use.js'

/** What is beside the log of a store. */
export interface BesideLog {
  /** Keys and added models. Closing it closes all. */
  readonly records: RecordStore
  /** Where processes tell each other what keys do; null where there is one process. */
  readonly use: UseExchange | null
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
    return { records: memoryRecords(), use: null, openNotes: async (max) => memoryNotes(max) }
  if (store.kind === 'sqlite') {
    const file = fileRecords(`${store.file}.keys`)
    const records = isHolder ? await keptShort(file) : file
    return { records, use: null, openNotes: (...args) => fileNotes(`${store.file}.notes`, ...args) }
  }
  const link = await redisLink(store)
  return {
    records: redisRecords(link, store),
    use: redisUse(link, store.prefix),
    openNotes: async (...args) => redisNotes(link, store.prefix, ...args),
  }
}
