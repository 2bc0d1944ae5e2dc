import { expect, it } from 'vitest'
import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { createGateway } from '../../../src/gateway/gateway.js'
import { failureLog } from '../../../src/gateway/logs/failure-log.js'
import { failureText } from '../../../src/gateway/logs/failure-text.js'
import { storeAway } from '../../../src/gateway/logs/store-away.js'
import { redisUnavailable } from '../../../src/gateway/node/redis-link.js'
import { redisNotes } from '../../../src/gateway/node/redis-notes.js'
import { memoryNotes } from '../../../src/gateway/notes/notes.js'
import { createRouter, ParetoBanditError } from '../../../src/index.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { ENV, exampleTree } from '../config/example.js'

it('a store that is away has a warning for each part that needs it, and reads like no bug of the gateway', async () => {
  const config = await readConfig(exampleTree(), { name: 'c', env: ENV })
  const router = await createRouter<string>(routerOptionsOf(config))
  const lines: unknown[] = []
  const away = async () => {
    throw redisUnavailable('Redis: no answer of Redis within 5000 ms')
  }
  const gateway = await createGateway({
    config,
    router,
    notes: { ...memoryNotes(() => 10), get: away, entries: away },
    surfaces: clientSurfaces({ call: away }),
    write: (level, fields, message) => {
      if (message !== 'request' && level !== 'info') lines.push({ level, ...fields })
    },
  })
  const headers = { authorization: `Bearer ${ENV.SUPPORT_BOT_KEY}` }
  const answer = await gateway.fetch(new Request('http://g/v1/decisions/r.1', { headers }))
  expect(answer.status).toBe(503)
  const line = {
    level: 'warn',
    error: 'Redis: no answer of Redis within 5000 ms',
    code: 'REDIS_UNAVAILABLE',
    advice: expect.stringContaining('goes on by itself'),
  }
  expect(lines).toEqual([
    { ...line, what: 'rewards that are held, or that a process left behind' },
    { ...line, what: 'the record of a decision' },
  ])
  // While the store is away all requests that need it fail alike.
  for (let i = 0; i < 5; i++)
    expect((await gateway.fetch(new Request('http://g/v1/decisions/r.1', { headers }))).status).toBe(503)
  expect(lines).toHaveLength(2)
  await gateway.close()
})

it('an admin call that a full journal refuses says what is full, and not that the gateway failed', async () => {
  const config = await readConfig(exampleTree(), { name: 'c', env: ENV })
  const store = memoryStore()
  const append = store.append.bind(store)
  let isAway = false
  store.append = async (...batch) => {
    if (isAway) throw new ParetoBanditError('STORE_FULL', '', 'no room')
    return append(...batch)
  }
  const journal = { capacity: 3, onStoreError: () => {}, onStoreBack: () => {}, onWarning: () => {} }
  const router = await createRouter<string>({ ...routerOptionsOf(config), store, journal })
  const lines: object[] = []
  const gateway = await createGateway({
    config,
    router,
    surfaces: clientSurfaces(),
    write: (level, fields, message) => void lines.push({ level, ...fields, message }),
  })
  await router.flush()
  isAway = true
  const headers = { authorization: `Bearer ${ENV.PARETOBANDIT_ADMIN_KEY}`, 'idempotency-key': 'one' }
  const body = JSON.stringify({ usd: 1 })
  const adjust = () =>
    gateway.fetch(new Request('http://g/admin/adjustments', { method: 'POST', headers, body }))
  for (let waiting = 0; waiting < 3; waiting++) router.adjustAccount(1)
  lines.length = 0
  for (let i = 0; i < 4; i++) expect((await adjust()).status).toBe(503)
  expect(lines).toMatchObject([
    {
      level: 'warn',
      message: 'a store is needed, and takes nothing',
      what: 'the admin API',
      code: 'JOURNAL_FULL',
    },
  ])
  isAway = false
  await gateway.close()
})

it('whatever words its failures have, a store that is away has one line a minute', () => {
  const told: unknown[] = []
  let now = 0
  const failed = failureLog(
    (level, { what, alikeSince }, message) => told.push([level, what, alikeSince, message]),
    () => now,
  )
  for (; now <= 60_000; now += 10_000)
    for (const words of ['read ECONNRESET', 'The client is closed'])
      failed('a key', words, storeAway(redisUnavailable(words)))
  failed('a key', 'TypeError', storeAway(new TypeError('x')))
  const line = ['warn', 'a key', undefined, 'a store is needed, and takes nothing']
  expect(told).toEqual([
    line,
    ['warn', 'a key', 11, line[3]],
    ['error', 'a key', undefined, 'the gateway failed'],
  ])
})

it('a note that another process may still have to write is away as Redis was, and no fault of the gateway', async () => {
  let isAway = true
  const link = {
    send: async () => {
      if (isAway) throw redisUnavailable('Redis: read ECONNRESET')
      return null
    },
    close: () => {},
  }
  const notes = redisNotes(
    link,
    'p',
    () => 10,
    () => {},
  )
  await notes.put('decisions', 'r.1', { at: 1 })
  isAway = false
  const error: unknown = await notes.get('decisions', 'r.2').catch((reason: unknown) => reason)
  expect(storeAway(error)?.code).toBe('REDIS_UNAVAILABLE')
  expect(failureText(error)).toMatch(/^Redis took no notes a moment ago[^\n]*$/)
  await notes.close()
})

it('the same failure has a line a minute, with how often it came in between', () => {
  const told: unknown[] = []
  let now = 0
  const failed = failureLog(
    (_level, fields) => told.push(fields),
    () => now,
  )
  for (now = 0; now <= 60_000; now += 1000) {
    failed('a bill', 'away')
    failed('a request', 'away')
  }
  const [bill, request] = ['a bill', 'a request'].map((what) => ({ what, error: 'away' }))
  const later = [bill, request].map((line) => ({ ...line, alikeSince: 59 }))
  expect(told).toEqual([bill, request, ...later])
  // However many there are, each has its line.
  told.length = 0
  for (let i = 0; i < 3000; i++) failed('a bill', `the bill of ${i} could not be written`)
  expect(told).toHaveLength(3000)
})

it('a wrong admin key has a line a minute, wherever it is sent, and the line has no key', async () => {
  const config = await readConfig(exampleTree(), { name: 'c', env: ENV })
  const router = await createRouter<string>(routerOptionsOf(config))
  const lines: object[] = []
  let now = Date.now()
  const gateway = await createGateway({
    config,
    router,
    now: () => now,
    dashboard: { html: '', js: '', css: '' },
    surfaces: clientSurfaces(),
    write: (level, fields, message) => void lines.push({ level, ...fields, message }),
  })
  const paths = ['/admin/stats', '/metrics', '/dashboard/data']
  const ask = async (path: string, key: string | null) => {
    const headers = key === null ? {} : { authorization: `Bearer ${key}` }
    return (await gateway.fetch(new Request(`http://g${path}`, { headers }))).status
  }
  const admin = ENV.PARETOBANDIT_ADMIN_KEY
  for (let i = 0; i < 20; i++)
    for (const path of paths) expect(await ask(path, [`guess-${i}`, 'x'.repeat(1000)][i % 2])).toBe(401)
  // Of who sends none, or the right one, there is nothing to tell.
  for (const path of paths) expect([await ask(path, null), await ask(path, admin)]).toEqual([401, 200])
  const line = { level: 'warn', message: 'a wrong admin key was refused' }
  const places = ['/admin', '/metrics', '/dashboard']
  expect(lines).toEqual(places.map((place) => ({ ...line, place })))
  now += 60_000
  for (const path of paths) await ask(path, 'guess')
  expect(lines.slice(3)).toEqual(places.map((place) => ({ ...line, place, alikeSince: 19 })))
  await gateway.close()
})
