/** Many processes on one log, through Redis 7 or Valkey and the optional package `redis`. */
export type { RedisClient, RedisModule } from './client.js'
export type { RedisStoreOptions } from './options.js'
export { openRedisReadOnly, type RedisReader } from './read-only.js'
export { redisStore } from './redis-store.js'
