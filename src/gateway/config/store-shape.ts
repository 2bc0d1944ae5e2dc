import { object, required, tagged, withDefault } from './compound-shapes.js'
import { integerIn, numberIn, oneOf, text } from './scalar-shapes.js'
import { redisUrl } from './secret-shape.js'
import type { Shape } from './shape.js'
import type { MemoryStoreConfig, RedisStoreConfig, SqliteStoreConfig, StoreConfig } from './store-config.js'
import { HOUR_MS, milliseconds, word } from './words.js'

export const store: Shape<StoreConfig> = tagged<'kind', StoreConfig>('kind', {
  sqlite: object<SqliteStoreConfig>({
    kind: required(oneOf(['sqlite']), 'one process, a file'),
    file: withDefault(
      text(4096),
      'paretobandit.db',
      "its path; keys stand beside it, in the file's name and .keys",
    ),
  }),
  redis: object<RedisStoreConfig>({
    kind: required(oneOf(['redis']), 'any number of processes on one budget: Redis 7 or Valkey'),
    url: required(redisUrl, '$NAME of a URL with a password, or a URL without one'),
    prefix: withDefault(word('a prefix of keys'), 'paretobandit', 'all its keys in Redis begin so'),
    timeoutMs: withDefault(
      milliseconds(10, HOUR_MS),
      5000,
      'a command without an answer for so long is given up',
    ),
    waitReplicas: withDefault(integerIn(0, 100), 0, "how many of Redis's own replicas must have an event"),
    localShare: withDefault(
      numberIn(0, 1),
      0,
      'share of each cap that each process may go on with while Redis is away; 0: it refuses',
    ),
  }),
  memory: object<MemoryStoreConfig>({
    kind: required(oneOf(['memory']), 'nothing is kept over a restart'),
  }),
})

export const DEFAULT_STORE: StoreConfig = { kind: 'sqlite', file: 'paretobandit.db' }
