import { afterAll, beforeAll, describe } from 'vitest'
import type { Store } from '../../src/log/store.js'
import { redisStore } from '../../src/store/redis/index.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { describeStore } from './conformance.js'

describe.skipIf(!hasRedis)('Redis', () => {
  let server: RedisServer
  let streams = 0
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.stop())

  describeStore('a store in Redis', async (options) => {
    const stream = `suite${streams++}`
    const stores: Store[] = []
    const open = async () => {
      const store = redisStore({ url: server.url, stream, ...options })
      stores.push(store)
      return store
    }
    const dispose = async () => {
      for (const store of stores) await store.close()
    }
    return { store: await open(), open, dispose }
  })
})
