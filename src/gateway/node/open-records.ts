import type { StoreConfig } from '../config/config.js'
import { memoryRecords, type RecordStore } from '../keys/records.js'
import { fileRecords } from './file-records.js'
import { redisRecords } from './redis-records.js'

/** Where keys and added models of a store are kept: beside its log. */
export async function openRecords(store: StoreConfig): Promise<RecordStore> {
  if (store.kind === 'sqlite') return fileRecords(recordsFile(store.file))
  return store.kind === 'redis' ? redisRecords(store) : memoryRecords()
}

export function recordsFile(file: string): string {
  return `${file}.keys`
}
