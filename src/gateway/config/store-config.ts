import type { Secret } from './secret.js'

/** Where the gateway's log is kept. */
export type StoreConfig = SqliteStoreConfig | RedisStoreConfig | MemoryStoreConfig

/** One process; the default, in `paretobandit.db` of the working folder. */
export interface SqliteStoreConfig {
  readonly kind: 'sqlite'
  /** Path, from the folder of the process. Keys that are made at run time stand beside it, in `FILE.keys`. */
  readonly file: string
}

/** Any number of processes on one budget: Redis 7 or Valkey. */
export interface RedisStoreConfig {
  readonly kind: 'redis'
  /** `redis://...`, `rediss://...` or `unix:///...`. A secret, as it may hold a password. */
  readonly url: Secret
  /** All keys in Redis begin with `{prefix}:`. Default `paretobandit`. */
  readonly prefix: string
  /** A command without an answer for so long is given up, ms. Default 5,000. */
  readonly timeoutMs: number
  /** How many of Redis's own replicas must have an event before it counts as kept. Default 0. */
  readonly waitReplicas: number
  /**
   * While Redis is away: the share of each cap, in [0, 1], that each process may go on with by itself. Default 0: requests
   * that a cap or a strict budget limits are refused.
   */
  readonly localShare: number
}

/** Nothing is kept over a restart: for tests and demos. */
export interface MemoryStoreConfig {
  readonly kind: 'memory'
}
