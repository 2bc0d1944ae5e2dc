import { ChatOpenAI } from '@langchain/openai'
import { afterEach, describe, expect, it } from 'vitest'
import { Decisions } from '../../../src/gateway/feedback/decisions.js'
import { memoryNotes } from '../../../src/gateway/notes/notes.js'
import { notesMax } from '../../../src/gateway/notes/notes-max.js'
import { CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree, OTHER_KEY } from './gateway-server.js'

afterEach(closeAll)

const LINKS = { links: { secret: '$LINK_SECRET' } }

async function answered(rewards: object = { windowMs: 0 }) {
  const server = await gatewayServer({ models: [modelTree('sim-small')], tree: { rewards } })
  let asked = 0
  const ask = async () => {
    const response = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
    await response.text()
    // Its record stands a moment after its last byte.
    await server.over(++asked)
    return response.headers.get('x-paretobandit-decision') ?? ''
  }
  const meanReward = () => server.router.stats().models[0].meanReward
  const give = async (body: object, headers: Readonly<Record<string, string>> = {}) => {
    const response = await server.post('/v1/feedback', body, headers)
    return {
      status: response.status,
      body: (await response.json()) as { status?: string; error?: { code: string; message: string } },
    }
  }
  return { server, ask, give, meanReward }
}

describe('feedback', () => {
  it('is taken in four forms, on the scales of the config', async () => {
    const metrics = [{ name: 'errors', worst: 10, best: 0 }]
    const forms: readonly (readonly [(id: string) => object, number])[] = [
      [(decision_id) => ({ decision_id, value: 0.25 }), 0.25],
      [(decision_id) => ({ decision_id, value: 4, metric: 'errors' }), 0.6],
      [(inference_id) => ({ inference_id, metric_name: 'solved', value: true }), 1],
      [(inference_id) => ({ inference_id, metric_name: 'errors', value: 10 }), 0],
      [(replay_id) => ({ replay_id, verdict: 'good' }), 1],
      [(replay_id) => ({ replay_id, verdict: 'good', score: 0.7 }), 0.7],
      [(trace_id) => ({ trace_id, value: 5, weight: 1 }), 0.75],
    ]
    for (const [form, value] of forms) {
      const { ask, give, meanReward } = await answered({ windowMs: 0, metrics })
      const given = await give(form(await ask()))
      expect(given).toMatchObject({ status: 200, body: { status: 'taken' } })
      expect(meanReward()).toBeCloseTo(value, 12)
      await closeAll()
    }
  })

  it('is taken with the bodies that clients of other gateways send', async () => {
    const metadata = { _user: 'fef653', text: 'title was irrelevant' }
    const taken: readonly (readonly [(id: string) => object, number])[] = [
      [(inference_id) => ({ inference_id, metric_name: 'draft_accepted', value: true, tags: { a: 'b' } }), 1],
      [(inference_id) => ({ inference_id, metric_name: 'score', value: 0.8, dryrun: false }), 0.8],
      [(replay_id) => ({ replay_id, target: 'model', verdict: 'good_fit', score: 0.9 }), 0.9],
      [
        (replay_id) => ({
          replay_id,
          source: 'agent',
          target: 'model',
          target_ref: 'm',
          verdict: 'underpowered',
        }),
        0,
      ],
      [(replay_id) => ({ replay_id, target: 'model', verdict: 'overprovisioned', reason: 'r' }), 1],
      [(replay_id) => ({ replay_id, target: 'model', verdict: 'failed' }), 0],
      [(trace_id) => ({ trace_id, value: -10, weight: 0.5, metadata }), 0],
      [(trace_id) => ({ trace_id, value: 10, metadata: JSON.stringify(metadata) }), 1],
    ]
    for (const [form, value] of taken) {
      const { ask, give, meanReward } = await answered()
      const body = form(await ask())
      expect([body, await give(body)]).toMatchObject([body, { status: 200, body: { status: 'taken' } }])
      expect(meanReward()).toBeCloseTo(value, 12)
      await closeAll()
    }
    const { ask, give, server } = await answered({
      windowMs: 0,
      metrics: [{ name: 'portkey', worst: -1, best: 1 }],
    })
    const id = await ask()
    const noted = [
      { inference_id: id, metric_name: 'comment', value: 'nice' },
      { inference_id: id, metric_name: 'demonstration', value: [{ type: 'text', text: 'so' }] },
      { inference_id: id, metric_name: 'solved', value: true, dryrun: true },
      { replay_id: id, target: 'route', verdict: 'failed' },
    ]
    for (const body of noted)
      expect([body, await give(body)]).toMatchObject([body, { status: 200, body: { status: 'noted' } }])
    expect(server.router.stats().models[0].rewarded).toBe(0)
    expect((await give({ episode_id: id, metric_name: 'solved', value: true })).status).toBe(400)
    expect((await give({ inference_id: id, metric_name: 'solved', value: 7, dryrun: true })).status).toBe(400)
    // A thumb up, on the scale that the operator gave it.
    expect((await give({ trace_id: id, value: 1 }, { 'idempotency-key': 'feedback-123' })).body.status).toBe(
      'taken',
    )
    expect((await give({ trace_id: id, value: 1 }, { 'idempotency-key': 'feedback-123' })).body.status).toBe(
      'known',
    )
    expect(server.router.stats().models[0].meanReward).toBe(1)
  })

  it('counts once for a key, and once for a decision', async () => {
    const { ask, give, server } = await answered()
    const decision_id = await ask()
    const reward = { decision_id, value: 1, idempotency_key: 'k' }
    expect((await give(reward)).body.status).toBe('taken')
    expect((await give(reward)).body.status).toBe('known')
    expect(await give({ decision_id, value: 0 })).toMatchObject({
      status: 409,
      body: { error: { code: 'already_rewarded' } },
    })
    expect(server.router.stats().models[0].rewarded).toBe(1)
  })

  it('finds a decision by what its client has called the request, where nobody keeps the headers of an answer', async () => {
    const { server, meanReward, give } = await answered()
    const chat = new ChatOpenAI({
      model: 'auto',
      apiKey: CLIENT_KEY,
      configuration: { baseURL: `${server.url}/v1` },
      maxRetries: 0,
    })
    const called = (name: string) => ({ options: { headers: { 'x-paretobandit-feedback-id': name } } })
    let asked = 0
    for (const name of ['run 1', 'run 2', 'run 2', 'x'.repeat(256)])
      await chat.invoke(`Hi, it is ${name}.${asked++}`, called(name))
    const decisions = (await server.over(4)).map(({ decision }) => decision)
    expect(server.upstream.entries.map(({ request }) => Object.keys(request.headers)).join()).not.toMatch(
      /feedback/,
    )
    const other = { authorization: `Bearer ${OTHER_KEY}` }
    for (const name of ['run 1', `key:client\nrun 1`, `${decisions[0]}`])
      expect((await give({ decision_id: name, value: 0 }, other)).status).toBe(404)
    expect(await give({ decision_id: 'run 1', value: 0.25 })).toMatchObject({
      body: { decision_id: decisions[0] },
    })
    // The latest that was called so.
    expect(await give({ inference_id: 'run 2', metric_name: 'm', value: true })).toMatchObject({
      body: { decision_id: decisions[2] },
    })
    const long = { trace_id: 'x'.repeat(256), value: 10 }
    expect(await give(long)).toMatchObject({ body: { decision_id: decisions[3] } })
    expect(meanReward()).toBeCloseTo(2.25 / 3, 12)
    expect((await give({ decision_id: 'run 1', value: 1 })).status).toBe(409)
    expect((await give({ decision_id: 'run 3', value: 1 })).status).toBe(404)
    const shown = await fetch(`${server.url}/v1/decisions/run%201`, {
      headers: { authorization: `Bearer ${CLIENT_KEY}` },
    })
    expect(await shown.json()).toMatchObject({
      decision_id: decisions[0],
      request: { decision: decisions[0] },
    })
  })

  it('finds the last try of a request by that name, also while its answer comes', async () => {
    const server = await gatewayServer({
      models: [modelTree('sim-small'), modelTree('sim-middle')],
      script: ({ index }) =>
        index === 0
          ? { fault: { kind: 'status', status: 503 } }
          : { text: 'a few words', fault: { kind: 'stall', afterPieces: 2 } },
      tree: { retries: { shareMax: 1 } },
    })
    const ask = { model: 'auto', messages: HELLO, stream: true }
    const stream = await server.post('/v1/chat/completions', ask, { 'x-paretobandit-feedback-id': 'mine' })
    const shown = await fetch(`${server.url}/v1/decisions/mine`, {
      headers: { authorization: `Bearer ${CLIENT_KEY}` },
    })
    const decision_id = stream.headers.get('x-paretobandit-decision')
    expect(await shown.json()).toMatchObject({ decision_id, request: null })
    expect(server.upstream.entries).toHaveLength(2)
    await stream.body?.cancel()
  })

  it('is for as many decisions where all of them have names, and names of one tenant take no room of others', async () => {
    const server = await gatewayServer({ models: [modelTree('sim-small')], notes: memoryNotes(() => 4) })
    const asked: (string | null)[] = []
    for (let i = 0; i < 4; i++) {
      const named = i === 0 ? {} : { 'x-paretobandit-feedback-id': `mine ${i}` }
      const answer = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO }, named)
      await answer.text()
      asked.push(answer.headers.get('x-paretobandit-decision'))
    }
    await server.over(4)
    for (const [i, decision_id] of [asked[0], 'mine 1', 'mine 2', 'mine 3'].entries()) {
      const given = await server.post('/v1/feedback', { decision_id, value: 1 })
      expect([given.status, await given.json()]).toMatchObject([200, { decision_id: asked[i] }])
    }
  })

  it('is for no fewer decisions with names than may be pending', async () => {
    const { server } = await answered()
    const config = { ...server.config, routing: { pendingCapacity: 110_000 } }
    const decisions = new Decisions(memoryNotes(notesMax(() => config)))
    for (let i = 0; i < 110_000; i++) decisions.made(`d.${i}`, 'key:a', `mine ${i}`, i)
    expect(await decisions.called('mine 0', 'key:a')).toBe('d.0')
    expect(await decisions.of('d.0')).toEqual({ owner: 'key:a', record: null })
  })

  it('is found by names in any script, as bytes of UTF-8 or of Latin-1, without the blanks around them', async () => {
    const { server, give } = await answered()
    const latin = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
    const longest = '\u20ac'.repeat(256)
    const names = [
      [latin('\u00e9 1'), '\u00e9 1'],
      ['\u00e9 2', '\u00e9 2'],
      [latin('\u65e5\u672c\ud83d\ude00'), '\u65e5\u672c\ud83d\ude00'],
      [latin(longest), longest],
      [`  ${latin('\u00a0b 3\u2003')} `, '  b 3\n'],
      ['p, q', 'p, q'],
    ]
    for (const [header, name] of names) {
      const headers = { 'x-paretobandit-feedback-id': header }
      const answer = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO }, headers)
      await answer.text()
      const decision_id = answer.headers.get('x-paretobandit-decision')
      const shown = await fetch(`${server.url}/v1/decisions/${encodeURIComponent(name)}`, {
        headers: { authorization: `Bearer ${CLIENT_KEY}` },
      })
      expect([name, await shown.json()]).toMatchObject([name, { decision_id }])
      expect([name, await give({ decision_id: name, value: 1 })]).toMatchObject([
        name,
        { body: { decision_id } },
      ])
    }
  })

  it('refuses a request with a longer name than feedback takes, before a model is chosen', async () => {
    const { server, give } = await answered()
    for (const name of ['x'.repeat(257), Buffer.from('\u20ac'.repeat(257)).toString('latin1')])
      for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/messages', '/v1/route']) {
        const ask = path === '/v1/responses' ? { input: 'Hi' } : { messages: HELLO, max_tokens: 5 }
        const answer = await server.post(
          path,
          { model: 'auto', ...ask },
          { 'x-paretobandit-feedback-id': name },
        )
        expect([path, answer.status, await answer.json()]).toMatchObject([
          path,
          400,
          { error: { message: 'x-paretobandit-feedback-id: expected at most 256 characters, got 257' } },
        ])
      }
    expect(server.upstream.entries).toEqual([])
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
    expect((await give({ decision_id: 'x'.repeat(257), value: 1 })).body.error?.message).toContain(
      'decision_id: expected what an answer has in x-paretobandit-decision, or its request had in x-paretobandit-feedback-id, at most 256 characters, got',
    )
  })

  it('of several sources is their mean by weight, once the window is over', async () => {
    const { ask, give, server, meanReward } = await answered({ windowMs: 3_600_000 })
    const decision_id = await ask()
    await give({ decision_id, value: 1, source: 'person' })
    await give({ decision_id, value: 0 })
    expect(meanReward()).toBeNull()
    await server.close()
    expect(meanReward()).toBeCloseTo(2 / 3, 12)
  })

  it('refuses what is no reward, and decisions of others', async () => {
    const { ask, give } = await answered()
    const decision_id = await ask()
    const bad = [
      {},
      { decision_id },
      { decision_id, value: 2 },
      { decision_id, value: 'good' },
      { decision_id, value: 1, source: 'me' },
      { decision_id, value: 1, weight: -1 },
      { decision_id: 7, value: 1 },
      { replay_id: decision_id, verdict: 'so so' },
    ]
    for (const body of bad) {
      const given = await give(body)
      expect([body, given.status]).toEqual([body, 400])
      expect(given.body.error?.message).not.toContain('undefined')
    }
    const { error } = (await give({ decision_id })).body
    expect(error?.message).toBe('value: expected a number in [0, 1], got nothing')
    expect((await give({ decision_id: 'x.1', value: 1 })).status).toBe(404)
    const other = { authorization: `Bearer ${OTHER_KEY}` }
    expect((await give({ decision_id, value: 0 }, other)).status).toBe(404)
    expect((await give({ decision_id, value: 1 })).status).toBe(200)
  })

  it('comes by links to where people reach the gateway, where the operator says that', async () => {
    const links = { secret: '$LINK_SECRET', baseUrl: 'https://llm.example.com/pb' }
    const { ask, server } = await answered({ windowMs: 0, links })
    const shown = await fetch(`${server.url}/v1/decisions/${await ask()}`, {
      headers: { authorization: `Bearer ${CLIENT_KEY}` },
    })
    const { up } = ((await shown.json()) as { links: { up: string } }).links
    expect(up).toMatch(/^https:\/\/llm\.example\.com\/pb\/f\/[\w.-]+$/)
    expect((await fetch(up.replace('https://llm.example.com/pb', server.url))).status).toBe(200)
  })

  it('comes by signed links that a person confirms', async () => {
    const { ask, server, meanReward } = await answered({ windowMs: 0, ...LINKS })
    const id = await ask()
    const shown = await fetch(`${server.url}/v1/decisions/${id}`, {
      headers: { authorization: 'Bearer pb-client-0123456789abcdef' },
    })
    const { links, request, explanation } = (await shown.json()) as {
      links: { up: string; down: string }
      request: { costUsd: number }
      explanation: { chosen: string }
    }
    expect(explanation.chosen).toBe('sim-small')
    expect(request.costUsd).toBe(server.ledger().spendUsd)
    expect((await fetch(links.down)).status).toBe(200)
    expect((await fetch(links.up)).status).toBe(200)
    expect(meanReward()).toBeNull()
    const forged = `${links.up.slice(0, -2)}${links.up.endsWith('A') ? 'BB' : 'AA'}`
    expect((await fetch(forged, { method: 'POST' })).status).toBe(404)
    expect(meanReward()).toBeNull()
    expect((await fetch(links.up, { method: 'POST' })).status).toBe(200)
    expect((await fetch(links.up, { method: 'POST' })).status).toBe(200)
    expect(meanReward()).toBe(1)
    expect(server.problems).toEqual([])
  })
})
