import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../../src/gateway/config/secret.js'
import type { RedisStoreConfig } from '../../../src/gateway/config/store-config.js'
import { openBesideLog } from '../../../src/gateway/node/beside-log.js'
import { BESIDE_CALLS, BESIDE_DIRECT } from '../../../src/gateway/node/redis-access.js'
import { hasRedis, RedisServer } from '../../support/redis-server.js'

it('all that is used beside a log in Redis is asked about', () => {
  const folder = new URL('../../../src/gateway/node/', import.meta.url)
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && name !== 'redis-access.ts')
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  const found = (expression: RegExp) => [
    ...new Set(texts.flatMap((text) => Array.from(text.matchAll(expression), ([, name]) => name))),
  ]
  expect(found(/redis\.p?call\('(\w+)'/g).sort()).toEqual(Object.keys(BESIDE_CALLS).sort())
  expect(found(/\bsend\('(\w+)'/g).sort()).toEqual([...BESIDE_DIRECT.map(([name]) => name), 'WAIT'].sort())
})

describe.skipIf(!hasRedis)('a user of Redis that may not do what keys and notes need', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.stop())

  const config = (waitReplicas = 0): RedisStoreConfig => {
    const url = server.url.replace('//', '//some:pw@')
    return {
      kind: 'redis',
      url: new Secret(url, '$REDIS_URL'),
      prefix: 'gw',
      timeoutMs: 2000,
      waitReplicas,
      localShare: 0,
    }
  }

  it.each([...new Set([...BESIDE_DIRECT.map(([name]) => name), 'WAIT', ...Object.keys(BESIDE_CALLS)])])(
    '(%s) is told at the start, and nothing is written',
    async (name) => {
      await server.command('ACL', 'SETUSER', 'some', 'on', '>pw', '~*', '+@all', `-${name}`)
      await expect(openBesideLog(config(name === 'WAIT' ? 1 : 0))).rejects.toMatchObject({
        code: 'REDIS_UNAVAILABLE',
        message: expect.stringMatching(new RegExp(`may call .*\\b${name}\\b`)),
      })
      expect(await server.command('DBSIZE')).toBe(0)
    },
  )

  it('hears of all of it at once', async () => {
    await server.command('ACL', 'SETUSER', 'some', '+@all', '-get', '-zpopmin', '-expire')
    await expect(openBesideLog(config())).rejects.toThrow(
      'may call GET, and EXPIRE, ZPOPMIN in scripts: docs/OPERATIONS.md',
    )
  })
})
