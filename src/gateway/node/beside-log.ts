import type { StoreConfig } from '../config/config.js'
import { memoryRecords, type RecordStore } from '../keys/records.js'
import type { UseExchange } from '../keys/use.js'
import { fileRecords } from './file-records.js'
import { redisLink } from './redis-link.js'
import { redisRecords } from './redis-records.js'
import { redisUse } from './redis-use.js'

/** What is beside the log of a store. */
export interface BesideLog {
  /** Keys and added models. Closing it closes all. */
  readonly records: RecordStore
  /** Where processes tell each other what keys do; null where there is one process. */
  readonly use: UseExchange | null
}

/** @throws (the promise is rejected) where the store cannot be reached */
export async function openBesideLog(store: StoreConfig): Promise<BesideLog> {
  if (store.kind === 'memory') return { records: memoryRecords(), use: null }
  if (store.kind === 'sqlite') return { records: fileRecords(`${store.file}.keys`), use: null }
  const link = await redisLink(store)
  return { records: redisRecords(link, store), use: redisUse(link, store.prefix) }
}
