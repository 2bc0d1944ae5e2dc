import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '../../../src/gateway/config/secret.js'
import type { RedisStoreConfig } from '../../../src/gateway/config/store-config.js'
import { memoryRecords, type RecordStore } from '../../../src/gateway/keys/records.js'
import { openBesideLog } from '../../../src/gateway/node/beside-log.js'
import { fileRecords } from '../../../src/gateway/node/file-records.js'

export function tempFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'paretobandit-keys-')), 'state.db.keys')
}

export function redisConfig(url: string, prefix = 'p', timeoutMs = 1000): RedisStoreConfig {
  return {
    kind: 'redis',
    url: new Secret(url, '$REDIS_URL'),
    prefix,
    timeoutMs,
    waitReplicas: 0,
    localShare: 0,
  }
}

export async function redisOf(...args: Parameters<typeof redisConfig>): Promise<RecordStore> {
  return (await openBesideLog(redisConfig(...args))).records
}

/** Two openings of one store, as two processes have them. */
export const RECORD_STORES: readonly (readonly [
  name: string,
  open: (redisUrl: string) => Promise<readonly [RecordStore, RecordStore]>,
  needsRedis: boolean,
])[] = [
  [
    'memory',
    async () => {
      const records = memoryRecords()
      return [records, records]
    },
    false,
  ],
  [
    'a file',
    async () => {
      const path = tempFile()
      return [fileRecords(path), fileRecords(path)]
    },
    false,
  ],
  [
    'Redis',
    async (url) => {
      const prefix = `p${Math.trunc(performance.now() * 1000)}`
      return [await redisOf(url, prefix), await redisOf(url, prefix)]
    },
    true,
  ],
]
