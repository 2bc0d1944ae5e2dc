import { expect, it } from 'vitest'
import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { createGateway } from '../../../src/gateway/gateway.js'
import { failureLog } from '../../../src/gateway/logs/failure-log.js'
import { memoryNotes } from '../../../src/gateway/notes/notes.js'
import { createRouter } from '../../../src/index.js'
import { ENV, exampleTree } from '../config/example.js'

it('a line of a failure of the gateway says what failed', async () => {
  const config = await readConfig(exampleTree(), { name: 'c', env: ENV })
  const router = await createRouter<string>(routerOptionsOf(config))
  const lines: unknown[] = []
  const away = async () => {
    throw Object.assign(new Error('Redis: no answer of Redis within 5000 ms'), { code: 'ETIMEDOUT' })
  }
  const gateway = await createGateway({
    config,
    router,
    notes: { ...memoryNotes(() => 10), get: away, entries: away },
    surfaces: clientSurfaces({ call: away }),
    write: (_level, fields, message) => {
      if (message === 'the gateway failed') lines.push(fields)
    },
  })
  const headers = { authorization: `Bearer ${ENV.SUPPORT_BOT_KEY}` }
  const answer = await gateway.fetch(new Request('http://g/v1/decisions/r.1', { headers }))
  expect(answer.status).toBe(503)
  const error = 'Redis: no answer of Redis within 5000 ms'
  expect(lines).toEqual([
    { what: 'rewards that are held, or that a process left behind', error },
    { what: 'the record of a decision', error },
  ])
  // While the store is away all requests that need it fail alike.
  for (let i = 0; i < 5; i++)
    expect((await gateway.fetch(new Request('http://g/v1/decisions/r.1', { headers }))).status).toBe(503)
  expect(lines).toHaveLength(2)
  await gateway.close()
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
