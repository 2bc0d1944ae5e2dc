import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { hasRedis, RedisServer } from '../../support/redis-server.js'
import { pause } from '../../support/shared-store.js'
import type { Tree } from '../config/example.js'
import { ADMIN_KEY, ASK, startGateway, type TestGateway } from './gateway.js'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const OTHER_KEY = 'pb-other-0123456789abcdef'

/** Two processes' worth of gateway on one Redis, before one upstream. */
async function two(more: Tree = {}): Promise<[TestGateway, TestGateway]> {
  const redis = await RedisServer.start()
  open.push(() => redis.stop())
  const tree = {
    store: { kind: 'redis', url: '$REDIS_URL' },
    rewards: { windowMs: 0 },
    keys: [
      { name: 'client', value: '$CLIENT_KEY' },
      { name: 'other', value: '$OTHER_KEY' },
    ],
    ...more,
  }
  const env = { REDIS_URL: redis.url, OTHER_KEY }
  const one = await startGateway({ tree, env })
  open.push(() => one.close())
  const other = await startGateway({ tree, env, upstream: one.upstream })
  open.push(() => other.close())
  return [one, other]
}

async function asked({ url }: TestGateway, key: string, path: string, body?: object, more: Tree = {}) {
  const response = await fetch(url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as object }
}

async function put({ url }: TestGateway, path: string, body: unknown): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }
  const response = await fetch(url + path, { method: 'PUT', headers, body: JSON.stringify(body) })
  await response.text()
  return response.status
}

describe.skipIf(!hasRedis)('replicas', () => {
  const KEY = 'pb-client-0123456789abcdef'

  it('know whose a decision is, whichever of them made it', async () => {
    const [one, other] = await two()
    const called = { 'x-paretobandit-feedback-id': 'mine' }
    const answer = await asked(one, KEY, '/v1/chat/completions', ASK, called)
    const decision_id = answer.headers.get('x-paretobandit-decision') ?? ''
    const path = `/v1/decisions/${decision_id}`
    await expect
      .poll(() => asked(other, KEY, path), { timeout: 5000 })
      .toMatchObject({ status: 200, body: { decision_id, request: { decision: decision_id, status: 200 } } })
    const stolen = { decision_id, value: 0 }
    for (const replica of [one, other]) {
      expect(await asked(replica, OTHER_KEY, path)).toMatchObject({ status: 404 })
      expect(await asked(replica, OTHER_KEY, '/v1/feedback', stolen)).toMatchObject({ status: 404 })
    }
    expect(await asked(other, KEY, '/v1/feedback', { decision_id: 'made-up', value: 1 })).toMatchObject({
      status: 404,
      body: { error: { code: 'unknown_decision' } },
    })
    const byName = { decision_id: 'mine', value: 1 }
    expect(await asked(other, OTHER_KEY, '/v1/feedback', byName)).toMatchObject({ status: 404 })
    const given = await asked(other, KEY, '/v1/feedback', byName)
    expect(given).toMatchObject({ status: 200, body: { decision_id } })
    // A question about a decision is not what became of it.
    expect(await asked(one, KEY, path)).toMatchObject({ body: { request: { surface: 'chat' } } })
  })

  it('know at once of keys and models that one of them has added', async () => {
    const [one, other] = await two()
    const added = {
      upstream: 'openai',
      upstreamModel: ASK.model,
      prices: { inputUsdPerMTok: 1, outputUsdPerMTok: 2 },
    }
    for (let i = 0; i < 5; i++) {
      const [maker, user] = i % 2 === 0 ? [one, other] : [other, one]
      const made = await asked(maker, ADMIN_KEY, '/admin/keys', { name: `k${i}` })
      const { key } = made.body as { key: string }
      expect(await asked(user, key, '/v1/chat/completions', ASK)).toMatchObject({ status: 200 })
      const model = { id: `m${i}`, groups: [`g${i}`], ...added }
      expect(await asked(maker, ADMIN_KEY, '/admin/models', model)).toMatchObject({ status: 201 })
      for (const name of i % 2 === 0 ? [`m${i}`, `auto:g${i}`] : [`auto:g${i}`, `m${i}`])
        expect(await asked(user, key, '/v1/chat/completions', { ...ASK, model: name })).toMatchObject({
          status: 200,
        })
    }
    await asked(one, ADMIN_KEY, '/admin/models', { id: 'last', ...added })
    expect(await asked(other, KEY, '/v1/models/last')).toMatchObject({ status: 200 })
    expect(await asked(other, KEY, '/v1/models/none')).toMatchObject({ status: 404 })
  })

  it('know at once of a model that one of them has added, where any other name is an alias too', async () => {
    const [one, other] = await two({ aliases: { '*': 'sim-small', 'on-file': 'sim-middle' } })
    const asks = async (gateway: TestGateway, model: string) =>
      (await asked(gateway, KEY, '/v1/chat/completions', { ...ASK, model })).headers.get(
        'x-paretobandit-model',
      )
    const prices = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
    for (let i = 0; i < 5; i++) {
      const [maker, user] = i % 2 === 0 ? [one, other] : [other, one]
      const model = { id: `m${i}`, upstream: 'openai', upstreamModel: ASK.model, prices }
      expect(await asked(maker, ADMIN_KEY, '/admin/models', model)).toMatchObject({ status: 201 })
      expect(await asks(user, `m${i}`)).toBe(`m${i}`)
    }
    expect([await asks(one, 'none'), await asks(other, 'none')]).toEqual(['sim-small', 'sim-small'])
    expect(await asks(one, 'on-file')).toBe('sim-middle')
    // Of a name that was looked for before, at the next exchange of processes.
    await asked(one, ADMIN_KEY, '/admin/models', {
      id: 'none',
      upstream: 'openai',
      upstreamModel: ASK.model,
      prices,
    })
    await expect.poll(() => asks(other, 'none')).toBe('none')
  })

  it('book an adjustment once, whichever of them get its key at the same time', async () => {
    const [one, other] = await two({ budget: { usdPerRequest: 1 } })
    const spent = async ({ url }: TestGateway) => {
      const { body } = await asked({ url } as TestGateway, ADMIN_KEY, '/admin/budget')
      return (body as { account: { creditUsd: number } }).account.creditUsd
    }
    const before = await spent(one)
    for (let i = 0; i < 10; i++) {
      const body = { usd: -0.0625, idempotency_key: `k${i}` }
      const answers = await Promise.all(
        [one, other, one, other].map((each) => asked(each, ADMIN_KEY, '/admin/adjustments', body)),
      )
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
      const told = answers.map(({ body }) => (body as { status: string }).status)
      expect(told.sort()).toEqual(['known', 'known', 'known', 'taken'])
    }
    for (const each of [one, other]) await expect.poll(() => spent(each)).toBeCloseTo(before - 0.625, 9)
  })

  it('refuse nobody while a cap that leaves enough is edited, to another kind too', async () => {
    const both = await two({ caps: [{ usd: 1000, per: 'day' }] })
    const statuses: number[] = []
    let isOver = false
    const client = async (gateway: TestGateway) => {
      while (!isOver) statuses.push((await asked(gateway, KEY, '/v1/chat/completions', ASK)).status)
    }
    const clients = [0, 1, 0, 1, 0, 1].map((i) => client(both[i]))
    for (let i = 0; i < 20; i++) {
      const caps = [{ usd: 900 + 10 * (i % 7), per: i % 3 === 0 ? 'week' : 'day' }]
      expect(await put(both[i % 2], '/admin/caps', caps)).toBe(200)
      await pause(50)
    }
    isOver = true
    await Promise.all(clients)
    expect(statuses.length).toBeGreaterThan(20)
    expect(statuses.filter((status) => status !== 200)).toEqual([])
  })

  it('need no more of Redis than what the docs let their user do', async () => {
    const redis = await RedisServer.start()
    open.push(() => redis.stop())
    const [, words] = /^ {4}(ACL SETUSER gateway .*)$/m.exec(readFileSync('docs/OPERATIONS.md', 'utf8')) ?? []
    await redis.command(...(words ?? '').split(' '))
    const env = { REDIS_URL: redis.url.replace('//', '//gateway:PASSWORD@') }
    const tree = {
      store: { kind: 'redis', url: '$REDIS_URL' },
      caps: [{ usd: 1, per: 'day' }],
      rewards: { windowMs: 0 },
    }
    const gateway = await startGateway({ tree, env })
    open.push(() => gateway.close())
    const answer = await asked(gateway, KEY, '/v1/chat/completions', { ...ASK, user: 'u' })
    expect(answer.status).toBe(200)
    const decision_id = answer.headers.get('x-paretobandit-decision')
    expect((await asked(gateway, KEY, '/v1/feedback', { decision_id, value: 1 })).status).toBe(200)
    expect((await asked(gateway, ADMIN_KEY, '/admin/keys', { name: 'k' })).status).toBe(201)
    await open.pop()?.()
    expect(gateway.failures).toEqual([])
    expect(gateway.router.recovery?.repairs).toEqual([])
    expect(await redis.command('ACL', 'LOG')).toEqual([])
  })

  it('have the ledger in the metrics of each, and counts of their own requests, which add up to it', async () => {
    const pair = await two()
    const [one, other] = pair
    for (let i = 0; i < 7; i++) await asked(i % 3 === 0 ? one : other, KEY, '/v1/chat/completions', ASK)
    const metricsOf = async ({ url }: TestGateway) => {
      const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
      const text = await response.text()
      return (name: string) =>
        text
          .split('\n')
          .filter((line) => line.startsWith(`${name}{`))
          .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    }
    const spent = one.upstream.costUsd()
    await expect
      .poll(async () => {
        const each = await Promise.all(pair.map(metricsOf))
        return each.map((of) => of('paretobandit_spend_usd').toFixed(9))
      })
      .toEqual([spent.toFixed(9), spent.toFixed(9)])
    const [first, second] = await Promise.all(pair.map(metricsOf))
    const total = (name: string) => first(name) + second(name)
    expect(total('paretobandit_cost_usd_total')).toBeCloseTo(spent, 12)
    expect(first('paretobandit_cost_usd_total')).toBeLessThan(spent)
    expect(total('paretobandit_requests_total')).toBe(7)
  })

  it('keep a conversation with its model, whichever of them answered before', async () => {
    const [one, other] = await two()
    const ask = (replica: TestGateway, model: string, messages: readonly object[]) =>
      fetch(`${replica.url}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${KEY}`,
          'content-type': 'application/json',
          'x-session-id': 's',
        },
        body: JSON.stringify({ model, messages }),
      }).then(async (response) => {
        await response.text()
        return response.headers.get('x-paretobandit-model')
      })
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
    const tail = [
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: '1' },
    ]
    for (const model of ['sim-large', 'sim-small']) {
      expect(await ask(one, model, ASK.messages)).toBe(model)
      const goOn = () => ask(other, 'auto', [...ASK.messages, ...tail])
      for (let i = 0; i < 3; i++) expect(await goOn()).toBe(model)
    }
  })
})
