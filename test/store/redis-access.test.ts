import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { EventWriter } from '../../src/events/codec.js'
import { type Batch, type LogHeader, type OpenedLog, START, type Store } from '../../src/log/store.js'
import { ALL_EVENT_TABLE } from '../../src/policy/all-events.js'
import { CALLS, checkAccess, DIRECT, isRefusedCommand, WAIT } from '../../src/store/redis/access.js'
import type { Connection } from '../../src/store/redis/connection.js'
import { storeError } from '../../src/store/redis/failure.js'
import { redisStore } from '../../src/store/redis/index.js'
import { expectRejection } from '../support/errors.js'
import { rewardedEvent } from '../support/events.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'

const HEADER: LogHeader = { version: 1, settings: { dimension: 26, policy: 'dollar' } }
const writer = new EventWriter(ALL_EVENT_TABLE)
const event = (id: string) => writer.encode(rewardedEvent(id, 0.5))

function batchOf({ origin }: OpenedLog, firstNumber: number): Batch {
  return { origin, firstNumber, events: [0, 1].map((i) => event(`${origin}.${firstNumber + i}`)) }
}

it('all that scripts of a store call is asked about', () => {
  const folder = new URL('../../src/store/redis/', import.meta.url)
  const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'))
  const called = texts.flatMap((text) =>
    Array.from(text.matchAll(/redis\.p?call\('(\w+)'/g), ([, name]) => name),
  )
  expect([...new Set(called)].sort()).toEqual([...Object.keys(CALLS), 'TIME'].sort())
})

it('all that a store sends outside of them is asked about', () => {
  const folder = new URL('../../src/store/redis/', import.meta.url)
  // What only `inspect` and its like send, and what a start goes on without.
  const others = ['read-only.ts', 'key-report.ts', 'access.ts', 'server-check.ts']
  const sent = readdirSync(folder)
    .filter((name) => !others.includes(name))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .flatMap((text) => Array.from(text.matchAll(/command\(\s*'(\w+)'/g), ([, name]) => name))
  const ofConnection = ['EVALSHA']
  const asked = new Set([...DIRECT, WAIT].map(([name]) => name))
  expect([...sent, ...ofConnection].filter((name) => !asked.has(name))).toEqual([])
})

it('a slot that goes to another node refuses nobody; a password that is wrong does', async () => {
  const answering = (text: string) =>
    ({ send: () => Promise.reject(storeError(new Error(text), 'a log')) }) as unknown as Connection
  for (const text of ['ASK 866 127.0.0.1:7001', 'TRYAGAIN Multiple keys request during rehashing of slot'])
    await checkAccess(answering(text), 'k', 'a log')
  await expectRejection(checkAccess(answering('NOPERM no'), 'k', 'a log'), 'STORE_UNREACHABLE')
})

it.each([
  ["NOPERM this user has no permissions to run the 'get' command or its subcommand", true],
  ["NOPERM User gateway-key has no permissions to run the 'get' command", true],
  ["NOPERM User keys has no permissions to run the 'script|load' command", true],
  ["NOPERM User no permissions to access a key has no permissions to run the 'get' command", true],
  ["ERR unknown command 'GET', with args beginning with: 'k' ", true],
  ['NOPERM this user has no permissions to access one of the keys used as arguments', false],
  ['NOPERM No permissions to access a key', false],
  ['NOPERM this user has no permissions to access one of the channels used as arguments', false],
  ['NOPERM No permissions to access a channel', false],
  ['WRONGPASS invalid username-password pair or user is disabled.', false],
])('%s: of a command it is %s', (text, isOfCommand) => {
  expect(isRefusedCommand(storeError(new Error(text), 'a log'))).toBe(isOfCommand)
})

describe.skipIf(!hasRedis)('a user of Redis that may not do what a store does', () => {
  let server: RedisServer
  let count = 0
  const stores: Store[] = []
  const stream = () => `access${count}`

  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
    count++
  })
  afterAll(() => server.stop())

  const may = (...rules: string[]) => server.command('ACL', 'SETUSER', 'some', 'on', '>pw', '~*', ...rules)
  function make(url: string): Store {
    const store = redisStore({ url, stream: stream(), timeoutMs: 2000 })
    stores.push(store)
    return store
  }
  const ofSome = () => make(server.url.replace('//', '//some:pw@'))

  it.each([...Object.keys(CALLS), 'TIME'])('(%s) opens none, by its name, and harms none', async (name) => {
    await may('+@all', `-${name}`)
    const { message } = await expectRejection(ofSome().open(HEADER, []), 'STORE_UNREACHABLE')
    expect(message).toMatch(new RegExp(`may call .*\\b${name} ?(, .*)?in scripts`))
    expect(await server.command('EXISTS', `{${stream()}}:log`, `{${stream()}}:nothing`)).toBe(0)
  })

  it.each([...DIRECT, WAIT].map(([name, sub]) => (name === 'SCRIPT' ? `${name} ${sub}` : name)))(
    '(%s, outside of scripts) opens none, by its name',
    async (name) => {
      await may('+@all', `-${name.replace(' ', '|')}`)
      const store = redisStore({
        url: server.url.replace('//', '//some:pw@'),
        stream: stream(),
        timeoutMs: 2000,
        ...(name === 'WAIT' ? { waitReplicas: 1 } : {}),
      })
      stores.push(store)
      const { message } = await expectRejection(store.open(HEADER, []), 'STORE_UNREACHABLE')
      expect(message).toMatch(new RegExp(`may call (.*, )?${name}(,|:)`))
      expect(await server.command('EXISTS', `{${stream()}}:log`, `{${stream()}}:nothing`)).toBe(0)
    },
  )

  it('hears of all that is refused at once', async () => {
    await may('-@all', '+ping', '+evalsha', '+script|load', '+hget', '+time')
    const { message } = await expectRejection(ofSome().open(HEADER, []), 'STORE_UNREACHABLE')
    expect(message).toContain(
      'may call HMGET, HEXISTS, HSET, EXPIRE, DEL, ZREM, XREAD, INFO, MULTI, EXEC, and DEL, EXISTS, GET',
    )
  })

  it('of keys opens none', async () => {
    await server.command('ACL', 'SETUSER', 'some', 'resetkeys', '~{elsewhere}:*', '+@all', 'on', '>pw')
    const { message } = await expectRejection(ofSome().open(HEADER, []), 'STORE_UNREACHABLE')
    expect(message).toContain('NOPERM')
  })

  it('any more, while it runs, appends nothing and harms nobody, and goes on when it may again', async () => {
    await may('+@all')
    const [some, other] = [ofSome(), make(server.url)]
    const [mine, theirs] = [await some.open(HEADER, [event('seed')]), await other.open(HEADER, [])]
    for (const name of ['xadd', 'hincrby']) {
      const first = name === 'xadd' ? 1 : 3
      await may(`-${name}`)
      await expectRejection(some.append(batchOf(mine, first)), 'STORE_UNREACHABLE')
      await other.append(batchOf(theirs, first))
      await may('+@all')
      await some.append(batchOf(mine, first))
    }
    const numbers: string[] = []
    let end = START
    for (;;) {
      const batches = await other.read(end, 0)
      for (const { origin, firstNumber } of batches) numbers.push(`${origin} ${firstNumber}`)
      end = batches.at(-1)?.position ?? ''
      if (end === '') break
    }
    const [a, b] = [mine.origin, theirs.origin]
    expect(numbers).toEqual(['seed 1', `${b} 1`, `${a} 1`, `${b} 3`, `${a} 3`])
    await make(server.url).open(HEADER, [])
  })
})

it.runIf(hasRedis)('a server that does not know a command is refused at the start, by its name', async () => {
  const server = await RedisServer.start({ 'rename-command': ['XREAD', ''], save: '' })
  const other = await RedisServer.start({ 'rename-command': ['XADD', ''] })
  try {
    for (const [{ url }, name] of [
      [server, 'XREAD:'],
      [other, 'XADD in scripts:'],
    ] as const) {
      const store = redisStore({ url, timeoutMs: 2000 })
      const { message } = await expectRejection(store.open(HEADER, []), 'STORE_UNREACHABLE')
      expect(message).toContain(`may call ${name}`)
    }
  } finally {
    await server.stop()
    await other.stop()
  }
})
