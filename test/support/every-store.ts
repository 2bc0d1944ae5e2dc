import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { Store } from '../../src/log/store.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { redisStore } from '../../src/store/redis/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { hasRedis, RedisServer } from './redis-server.js'
import { SharedLog } from './shared-store.js'

/** A kind of store, and how a new log of it is opened any number of times. */
export interface StoreKind {
  readonly name: string
  readonly skip: boolean
  log(): () => Store
}

/** Every kind of store, for the tests of a file: it makes a folder and a Redis of its own before them, and removes both after. */
export function everyStore(): readonly StoreKind[] {
  const folder = mkdtempSync(join(tmpdir(), 'pareto-stores-'))
  let redis: RedisServer | undefined
  let logs = 0
  beforeAll(async () => {
    if (hasRedis) redis = await RedisServer.start()
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await redis?.stop()
  })
  const kind = (name: string, skip: boolean, log: () => () => Store): StoreKind => ({ name, skip, log })
  return [
    kind('memory', false, () => {
      const store = memoryStore()
      return () => store
    }),
    kind('SQLite', false, () => {
      const file = join(folder, `${++logs}.db`)
      return () => sqliteStore(file)
    }),
    kind('a shared log', false, () => {
      const log = new SharedLog()
      return () => log.store()
    }),
    kind('Redis', !hasRedis, () => {
      const stream = `log-${++logs}`
      return () => redisStore({ url: redis?.url ?? '', stream })
    }),
  ]
}
