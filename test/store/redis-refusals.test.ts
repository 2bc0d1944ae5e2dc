import { expect, it } from 'vitest'
import { createRouter } from '../../src/index.js'
import { storeError } from '../../src/store/redis/failure.js'
import { redisStore } from '../../src/store/redis/index.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'

const SHA = 'c2b4f7d95a2a1ae2e6ec1b2d3f4a5b6c7d8e9f00'

it.each([
  ['ERR max number of clients reached', 'STORE_UNREACHABLE'],
  ['ERR max daily request limit exceeded. Limit: 10000, Usage: 10000', 'STORE_UNREACHABLE'],
  ['ERR Connection refused', 'STORE_UNREACHABLE'],
  ['ERR DB index is out of range', 'STORE_UNREACHABLE'],
  ['ERR AUTH <password> called without any password configured for the default user', 'STORE_UNREACHABLE'],
  [
    `ERR Error running script (call to f_${SHA}): @user_script:9: Script killed by user with SCRIPT KILL...`,
    'STORE_UNREACHABLE',
  ],
  [
    `ERR The user executing the script can't run this command or subcommand script: ${SHA}, on @user_script:3.`,
    'STORE_UNREACHABLE',
  ],
  [
    `ERR user_script:4: attempt to compare nil with number script: ${SHA}, on @user_script:4.`,
    'STORE_MISMATCH',
  ],
  [`ERR hash value is not an integer script: ${SHA}, on @user_script:12.`, 'STORE_MISMATCH'],
  [
    'WRONGTYPE Operation against a key holding the wrong kind of value script: 1, on @user_script:2.',
    'STORE_MISMATCH',
  ],
])('%s is %s', (text, code) => {
  const error = storeError(new Error(text), 'a log')
  expect(error.code).toBe(code)
  expect(error.message).toContain(text)
})

it.runIf(hasRedis)('a Redis that takes no more connections for a while breaks no router', async () => {
  const server = await RedisServer.start()
  const failures: unknown[] = []
  const router = await createRouter({
    models: [{ id: 'a', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }],
    store: redisStore({ url: server.url, timeoutMs: 2000 }),
    journal: { onStoreError: (error) => failures.push(error), onWarning: () => {} },
  })
  try {
    await router.flush()
    const admin = await server.held()
    try {
      await admin('CONFIG', 'SET', 'maxclients', '1')
      await admin('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      router.cancel(router.route('hello').id)
      await expect
        .poll(() => router.stats().journal?.failure, { timeout: 10_000 })
        .toContain('max number of clients reached')
      expect(router.stats().journal?.isBroken).toBe(false)
      await admin('CONFIG', 'SET', 'maxclients', '100')
    } finally {
      admin.close()
    }
    await router.flush()
    router.cancel(router.route('hello again').id)
    await router.flush()
    expect(router.stats().journal).toMatchObject({ waiting: 0, failure: null, isBroken: false })
    expect(failures[0]).toMatchObject({ code: 'STORE_UNREACHABLE' })
  } finally {
    await router.close()
    await server.stop()
  }
})
