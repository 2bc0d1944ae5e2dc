import { afterEach, describe, expect, it } from 'vitest'
import { CONTENT_SECURITY_POLICY } from '../../../src/gateway/dashboard/dashboard-app.js'
import type { DashboardData, ExplainedDecision, WhatIf } from '../../../src/gateway/dashboard/shape.js'
import { ParetoBanditError, type RouterStats } from '../../../src/index.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { ADMIN_KEY, CLIENT_KEY, closeAll, gatewayServer, HELLO } from '../surfaces/gateway-server.js'

afterEach(closeAll)

const TREE = {
  admin: { key: '$ADMIN_KEY' },
  budget: { usdPerRequest: 0.01 },
  rewards: { windowMs: 0 },
  tenants: [{ id: 'team', caps: [{ usd: 5, per: 'day' }] }],
}
const AUTHORISED = { authorization: `Bearer ${ADMIN_KEY}` }

async function dashboard() {
  const server = await gatewayServer({ tree: TREE, hasDashboard: true })
  const get = (path: string, headers: Record<string, string> = AUTHORISED) =>
    fetch(`${server.url}${path}`, { headers, redirect: 'manual' })
  const json = async <T>(path: string): Promise<T> => (await (await get(path)).json()) as T
  const chat = (body: object = {}, headers: Record<string, string> = {}) =>
    server.post('/v1/chat/completions', { model: 'auto', messages: HELLO, ...body }, headers)
  return { ...server, get, json, chat }
}

/** Reads updates until one is as it should be. */
async function updateThat(
  response: Response,
  isIt: (data: DashboardData) => boolean,
): Promise<DashboardData> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {}
    if (done) throw new Error('the stream ended')
    text += decoder.decode(value, { stream: true })
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const data = JSON.parse(part.slice('data: '.length)) as DashboardData
      if (!isIt(data)) continue
      await reader?.cancel()
      return data
    }
  }
}

it('counts what an operator credited among what may be spent, and a debit or a credit of a tenant not', async () => {
  const { json, router } = await dashboard()
  const bound = async () => (await json<DashboardData>('/dashboard/data')).promised.boundUsd ?? 0
  const before = await bound()
  router.adjustAccount(0.3)
  expect(await bound()).toBeCloseTo(before + 0.3, 9)
  router.adjustAccount(-0.2)
  router.adjustAccount(0.1, { tenant: 'team' })
  expect(await bound()).toBeCloseTo(before + 0.3, 9)
})

it('says that the store fails, and what comes of it, as long as it does', async () => {
  const store = memoryStore()
  const append = store.append.bind(store)
  let isGone = false
  store.append = async (...batch) => {
    if (isGone) throw new ParetoBanditError('STORE_FULL', 'the log', 'expected room for more on the disk')
    return append(...batch)
  }
  const server = await gatewayServer({
    tree: TREE,
    hasDashboard: true,
    router: { store, journal: { onStoreError: () => {} } },
  })
  const problem = async () => {
    const answer = await fetch(`${server.url}/dashboard/data`, { headers: AUTHORISED })
    return ((await answer.json()) as DashboardData).problem
  }
  expect(await problem()).toBeNull()
  isGone = true
  server.router.route('hello')
  await expect
    .poll(problem, { timeout: 10_000 })
    .toMatch(/^The store fails, and requests are refused until it works again: .*expected room/)
  isGone = false
  await expect.poll(problem, { timeout: 10_000 }).toBeNull()
})

it('is named to whoever looks at the address of the gateway alone', async () => {
  const { get } = await dashboard()
  const response = await get('/', {})
  expect([response.status, await response.text()]).toEqual([
    404,
    expect.stringContaining('people a page at /dashboard, operators /healthz'),
  ])
})

describe('the page', () => {
  it('is there for everybody, holds no data, and may load nothing from elsewhere', async () => {
    const { get } = await dashboard()
    for (const [path, type] of [
      ['/dashboard', 'text/html'],
      ['/dashboard/app.js', 'text/javascript'],
      ['/dashboard/app.css', 'text/css'],
    ]) {
      const response = await get(path, {})
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
      expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY)
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(await response.text()).not.toMatch(/https?:\/\/(?!www\.w3\.org)/)
    }
    expect(CONTENT_SECURITY_POLICY).toContain("default-src 'none'")
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|\*|https?:/)
  })

  it('is not there where it was not given', async () => {
    const server = await gatewayServer({ tree: TREE })
    expect((await fetch(`${server.url}/dashboard`)).status).toBe(404)
  })
})

describe('its data', () => {
  it('takes the admin key', async () => {
    const { get } = await dashboard()
    for (const path of ['data', 'events', 'decisions/r.1', 'what-if?usdPerRequest=1']) {
      expect((await get(`/dashboard/${path}`, {})).status).toBe(401)
      expect((await get(`/dashboard/${path}`, { authorization: `Bearer ${CLIENT_KEY}` })).status).toBe(401)
    }
    expect((await get('/dashboard/data')).headers.get('cache-control')).toBe('no-store')
  })

  it('is nobody’s without an admin key in the config', async () => {
    const server = await gatewayServer({ hasDashboard: true })
    const response = await fetch(`${server.url}/dashboard/data`, { headers: AUTHORISED })
    expect(response.status).toBe(404)
  })

  it('is that of stats, with what the gateway saw', async () => {
    const { chat, post, json, over } = await dashboard()
    const decisions: string[] = []
    for (let i = 0; i < 6; i++) {
      const answer = await chat({}, { 'x-session-id': `s${i % 2}` })
      decisions.push(answer.headers.get('x-paretobandit-decision') ?? '')
      await answer.arrayBuffer()
    }
    await over(6)
    for (const [i, value] of [1, 0.5, 0.25].entries())
      await post('/v1/feedback', { decision_id: decisions[i], value, source: i === 0 ? 'person' : 'client' })
    const data = await json<DashboardData>('/dashboard/data')
    const stats = await json<RouterStats>('/admin/stats')
    expect(data.stats.pacer).toEqual(stats.pacer)
    expect(data.stats.models).toEqual(stats.models)
    expect(data).toMatchObject({ kind: 'gateway', canChange: true, isUpdate: false })
    expect(data.decisions.map(({ id }) => id)).toEqual([...decisions].reverse())
    const spent = data.decisions.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0)
    expect(spent).toBeCloseTo(stats.pacer.spendUsd, 12)
    expect(data.history[0].buckets.at(-1)?.spendUsd).toBeCloseTo(stats.pacer.spendUsd, 12)
    expect(data.history[0].buckets.at(-1)?.allowanceUsd).toBeCloseTo(0.06, 12)
    // 50 requests' worth may be saved up.
    expect(data.promised).toEqual({ strict: false, burst: 50, creditedUsd: 0, boundUsd: 0.06 + 50 * 0.01 })
    expect(data.traffic).toMatchObject({ requests: 6, answered: 6, inConversations: 6, conversations: 2 })
    expect(data.traffic?.feedback.filter(({ source }) => source !== 'validator')).toEqual([
      { source: 'person', rewards: 1, meanReward: 1 },
      { source: 'client', rewards: 2, meanReward: 0.375 },
    ])
    expect(data.tenants.map(({ id, caps }) => [id, caps[0]?.usd])).toEqual([['team', 5]])
  })

  it('explains a decision, exactly while somebody looks', async () => {
    const { chat, json, get, router } = await dashboard()
    const before = (await chat()).headers.get('x-paretobandit-decision') ?? ''
    await json<DashboardData>('/dashboard/data')
    const after = (await chat()).headers.get('x-paretobandit-decision') ?? ''
    const found = await json<ExplainedDecision>(`/dashboard/decisions/${encodeURIComponent(after)}`)
    expect(found).toMatchObject({ id: after, statisticsChanged: false, left: 0, row: { id: after } })
    expect(found.models.map(({ model }) => model).sort()).toEqual(
      router
        .stats()
        .models.map(({ id }) => id)
        .sort(),
    )
    const chosen = found.models.find(({ model }) => model === found.chosen)
    expect(chosen?.score).toBeCloseTo(
      (chosen?.expectedReward ?? 0) + (chosen?.explorationBonus ?? 0) - (chosen?.penalty ?? 0),
      12,
    )
    const earlier = await json<ExplainedDecision>(`/dashboard/decisions/${encodeURIComponent(before)}`)
    expect(earlier.statisticsChanged).toBe(true)
    for (const id of ['nobody', 'x'.repeat(5000), '%00'])
      expect((await get(`/dashboard/decisions/${id}`)).status).toBe(404)
  })

  it('answers what another budget would have done, and refuses what is no budget', async () => {
    const { router, json, get } = await dashboard()
    await json<DashboardData>('/dashboard/data')
    for (let i = 0; i < 40; i++) router.settle(router.route('hello').id, { costUsd: 0.001 })
    const found = await json<WhatIf>('/dashboard/what-if?usdPerRequest=0.5')
    expect(found).toMatchObject({ budgetUsdPerRequest: 0.5, isFeasible: true })
    for (const query of ['', '?usdPerRequest=', '?usdPerRequest=0', '?usdPerRequest=-1', '?usdPerRequest=x'])
      expect((await get(`/dashboard/what-if${query}`)).status).toBe(400)
  })
})

describe('updates', () => {
  it('come as they happen: the first is all, the next what has changed', async () => {
    const { get, chat } = await dashboard()
    // A proxy would keep updates until it has many.
    const asked = await get('/dashboard/events')
    expect(asked.headers.get('x-accel-buffering')).toBe('no')
    await asked.body?.cancel()
    await (await chat()).arrayBuffer()
    const first = await updateThat(await get('/dashboard/events'), () => true)
    expect(first).toMatchObject({ isUpdate: false })
    expect(first.decisions).toHaveLength(1)
    const response = await get('/dashboard/events')
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const waiting = updateThat(response, ({ isUpdate, decisions }) => isUpdate && decisions.length > 0)
    const answer = await chat()
    const id = answer.headers.get('x-paretobandit-decision')
    await answer.arrayBuffer()
    const update = await waiting
    expect(update.decisions.map((row) => row.id)).toEqual([id])
    expect(update.stats.requests).toBe(2)
  })

  it('have changes of admins as the events that they become', async () => {
    const { get, url } = await dashboard()
    const response = await get('/dashboard/events')
    const waiting = updateThat(response, ({ marks }) => marks.some(({ type }) => type === 'model-disabled'))
    await fetch(`${url}/admin/models/sim-small/disable`, { method: 'POST', headers: AUTHORISED })
    expect((await waiting).marks).toMatchObject([
      { type: 'model-disabled', model: 'sim-small', kind: 'change' },
    ])
  })

  it('go to sixteen pages at most, and end with the gateway', async () => {
    const { get, gateway } = await dashboard()
    const pages = []
    for (let i = 0; i < 16; i++) pages.push(await get('/dashboard/events'))
    expect(pages.map(({ status }) => status)).toEqual(Array(16).fill(200))
    expect((await get('/dashboard/events')).status).toBe(503)
    gateway.drain()
    for (const page of pages) expect(await page.text()).toMatch(/^data: \{/)
  })

  it('make room when a page goes', async () => {
    const { get } = await dashboard()
    const pages = []
    for (let i = 0; i < 16; i++) pages.push(await get('/dashboard/events'))
    await pages[0].body?.cancel()
    await expect.poll(async () => (await get('/dashboard/events')).status).toBe(200)
  })
})
