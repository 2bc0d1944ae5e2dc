import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { objectOf, parseObject } from '../../../src/base/json.js'
import type { Tree } from '../config/example.js'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

const ends: (() => void)[] = []
afterEach(async () => {
  await closeAll()
  for (const end of ends.splice(0)) end()
})

const PRICES = { inputUsdPerMTok: 1, outputUsdPerMTok: 10 }
const CAP_USD = 0.05

/** A gateway under a cap, whose upstream answers at whatever length it is allowed, and says what that costs. */
async function capped(
  parameters: object,
  more: Tree = {},
  sent: unknown[] = [],
  defaultParameters: object = {},
) {
  const upstream = createServer((request, response) => {
    let text = ''
    request.on('data', (bytes) => {
      text += bytes.toString()
    })
    request.on('end', () => {
      const body = parseObject(text) ?? {}
      const limits = [body.max_tokens, body.max_completion_tokens, body.max_output_tokens]
      const each = Math.max(...limits.map((limit) => (typeof limit === 'number' ? limit : 0)))
      const thought = Number(objectOf(body.thinking)?.budget_tokens ?? 0)
      const count = typeof body.n === 'number' ? body.n : 1
      const message = { role: 'assistant', content: 'hi' }
      const usage = {
        prompt_tokens: Math.ceil(text.length / 5),
        completion_tokens: (each + thought) * count,
        cost: 0.004,
      }
      const output = [{ type: 'message', content: [{ type: 'output_text', text: 'hi' }] }]
      const answer = { choices: [{ index: 0, message, finish_reason: 'stop' }], output, usage }
      sent.push(body)
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  ends.push(() => upstream.close())
  const { port } = upstream.address() as AddressInfo
  return gatewayServer({
    models: [
      modelTree('m', {
        upstream: 'own',
        prices: PRICES,
        parameters,
        defaultParameters,
        maxOutputTokens: 20_000,
      }),
    ],
    tree: {
      caps: [{ usd: CAP_USD, per: 'day' }],
      routing: { reserve: 'worst-case', strict: true },
      upstreams: [{ id: 'own', protocol: 'openai', baseUrl: `http://127.0.0.1:${port}` }],
      ...more,
    },
  })
}

const TOOL = { type: 'function', function: { name: 'f', description: 'many a word '.repeat(20_000) } }

describe('parameters of a model', () => {
  it.each<[what: string, parameters: object]>([
    ['a limit', { max_tokens: 20_000 }],
    ['another limit', { max_completion_tokens: 20_000 }],
    ['answers', { n: 100 }],
    ['both', { max_tokens: 4000, n: 8 }],
    ['thinking', { thinking: { type: 'enabled', budget_tokens: 20_000 } }],
    ['tools', { tools: [TOOL] }],
  ])('count when the worst case is set aside: %s', async (_, parameters) => {
    const server = await capped(parameters)
    const ask = async () => {
      const response = await server.post('/v1/chat/completions', {
        model: 'm',
        messages: HELLO,
        max_tokens: 50,
      })
      await response.text()
      return response.status
    }
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([402, 402, 402])
    expect(server.ledger()).toEqual({ spendUsd: 0, reservedUsd: 0 })
  })

  it('that limit an answer take the place of a longer limit of its client, and leave room', async () => {
    const server = await capped({ max_tokens: 100 })
    const ask = { model: 'm', messages: HELLO, max_tokens: 1000 }
    const response = await server.post('/v1/chat/completions', ask)
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('"cost":')])
    expect(server.ledger().spendUsd).toBeGreaterThan(0.001)
  })

  it.each<[path: string, parameters: object, asked: object, sent: object]>([
    ['chat/completions', { max_tokens: 100 }, { max_completion_tokens: 20_000 }, { max_tokens: 100 }],
    [
      'chat/completions',
      { max_completion_tokens: 100 },
      { max_tokens: 20_000 },
      { max_completion_tokens: 100 },
    ],
    [
      'chat/completions',
      { reasoning_effort: 'low', max_tokens: 100 },
      { reasoning: { effort: 'high', max_tokens: 20_000 } },
      { reasoning_effort: 'low', max_tokens: 100 },
    ],
    ['responses', { max_tokens: 100 }, { max_output_tokens: 20_000 }, { max_output_tokens: 100 }],
    ['responses', { max_completion_tokens: 100 }, {}, { max_output_tokens: 100 }],
    [
      'responses',
      { reasoning_effort: 'low', max_output_tokens: 100 },
      { reasoning: { effort: 'high', summary: 'auto' } },
      { reasoning: { effort: 'low', summary: 'auto' }, max_output_tokens: 100 },
    ],
  ])(
    'take the place of what a client says in other words, at %s: %j',
    async (path, parameters, asked, sent) => {
      const bodies: unknown[] = []
      const server = await capped(parameters, {}, bodies)
      const prompt = path === 'responses' ? { input: 'Hi' } : { messages: HELLO }
      const response = await server.post(`/v1/${path}`, { model: 'm', ...prompt, ...asked })
      expect([response.status, await response.text()]).toEqual([200, expect.any(String)])
      expect(bodies).toEqual([{ model: 'm', ...prompt, ...sent }])
      expect(server.ledger().spendUsd).toBeLessThan(0.002)
    },
  )

  it('that limit an answer take a request that asks for more than the model can answer', async () => {
    const ask = { model: 'm', messages: HELLO, max_completion_tokens: 50_000 }
    for (const [parameters, status] of [
      [{ max_tokens: 100 }, 200],
      [{ temperature: 0 }, 400],
    ] as const) {
      const server = await capped(parameters)
      expect((await server.post('/v1/chat/completions', ask)).status).toBe(status)
    }
  })

  it('that cannot be read are the upstream’s to refuse', async () => {
    const server = await capped({ max_tokens: 'many' })
    const ask = { model: 'm', messages: HELLO, max_tokens: 50 }
    expect((await server.post('/v1/chat/completions', ask)).status).toBe(200)
  })

  it.each<[object, boolean]>([
    [{ plugins: [{ id: 'web' }] }, true],
    [{ temperature: 0 }, false],
  ])(
    'that may be dearer than tokens are booked at what their provider says: %j',
    async (parameters, isSaid) => {
      const server = await capped(parameters)
      const ask = { model: 'm', messages: HELLO, max_tokens: 1 }
      await (await server.post('/v1/chat/completions', ask)).text()
      const { spendUsd } = server.ledger()
      expect(spendUsd > 0 && (isSaid ? spendUsd === 0.004 : spendUsd < 0.001)).toBe(true)
    },
  )
})

describe('default parameters of a model', () => {
  const DEFAULTS = { temperature: 0.2, max_tokens: 100, reasoning_effort: 'low', top_k: null }
  it.each<[path: string, asked: object, sent: object]>([
    ['chat/completions', {}, { temperature: 0.2, max_tokens: 100, reasoning_effort: 'low' }],
    [
      'chat/completions',
      { temperature: null, max_tokens: null, top_k: 5 },
      { temperature: 0.2, max_tokens: 100, reasoning_effort: 'low', top_k: 5 },
    ],
    [
      'chat/completions',
      { temperature: 0, max_completion_tokens: 7, reasoning: { effort: 'high' } },
      { temperature: 0, max_completion_tokens: 7, reasoning: { effort: 'high' } },
    ],
    [
      'chat/completions',
      { max_tokens: 7, thinking: { type: 'disabled' } },
      { temperature: 0.2, max_tokens: 7, thinking: { type: 'disabled' } },
    ],
    [
      'responses',
      { reasoning: { summary: 'auto' } },
      { temperature: 0.2, max_output_tokens: 100, reasoning: { effort: 'low', summary: 'auto' } },
    ],
    [
      'responses',
      { max_output_tokens: 7, reasoning: { effort: 'high' } },
      { temperature: 0.2, max_output_tokens: 7, reasoning: { effort: 'high' } },
    ],
  ])('are sent where a client says nothing of the same, at %s: %j', async (path, asked, sent) => {
    const bodies: unknown[] = []
    const server = await capped({}, {}, bodies, DEFAULTS)
    const prompt = path === 'responses' ? { input: 'Hi' } : { messages: HELLO }
    const response = await server.post(`/v1/${path}`, { model: 'm', ...prompt, ...asked })
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)])
    expect(bodies).toEqual([{ model: 'm', ...prompt, ...sent }])
  })

  it('give way to its parameters, in other words too', async () => {
    const bodies: unknown[] = []
    const parameters = { temperature: null, max_completion_tokens: 50 }
    const server = await capped(parameters, {}, bodies, DEFAULTS)
    await (await server.post('/v1/chat/completions', { model: 'm', messages: HELLO })).text()
    expect(bodies).toEqual([
      { model: 'm', messages: HELLO, max_completion_tokens: 50, reasoning_effort: 'low' },
    ])
  })

  it.each<[path: string, parameters: object, defaults: object, asked: object, sent: object]>([
    [
      'chat/completions',
      { max_output_tokens: 500 },
      { max_tokens: 4000 },
      {},
      { max_completion_tokens: 500 },
    ],
    ['responses', { max_tokens: 500 }, { max_output_tokens: 4000 }, {}, { max_output_tokens: 500 }],
    [
      'chat/completions',
      { max_tokens: null },
      { max_completion_tokens: 500 },
      { max_tokens: 7 },
      { max_completion_tokens: 500 },
    ],
    [
      'chat/completions',
      { temperature: null },
      { temperature: 0.2 },
      { temperature: 1, max_tokens: 9 },
      { max_tokens: 9 },
    ],
    [
      'chat/completions',
      { reasoning_effort: 'low' },
      { reasoning: { effort: 'high' } },
      { max_tokens: 9 },
      { reasoning_effort: 'low', max_tokens: 9 },
    ],
    [
      'chat/completions',
      {},
      { reasoning: { effort: 'high' } },
      { max_tokens: 9, thinking: { type: 'disabled' } },
      { max_tokens: 9, thinking: { type: 'disabled' } },
    ],
    [
      'chat/completions',
      { thinking: null },
      { reasoning_effort: 'low' },
      { max_tokens: 9, thinking: { type: 'enabled' } },
      { max_tokens: 9, reasoning_effort: 'low' },
    ],
  ])('give way, at %s: parameters %j, defaults %j', async (path, parameters, defaults, asked, sent) => {
    const bodies: unknown[] = []
    const server = await capped(parameters, {}, bodies, defaults)
    const prompt = path === 'responses' ? { input: 'Hi' } : { messages: HELLO }
    const response = await server.post(`/v1/${path}`, { model: 'm', ...prompt, ...asked })
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)])
    expect(bodies).toEqual([{ model: 'm', ...prompt, ...sent }])
  })

  it('count when the worst case is set aside, and for the room that a model has', async () => {
    const dear = await capped({}, {}, [], { max_tokens: 10_000 })
    const ask = { model: 'm', messages: HELLO }
    const statuses = async (body: object) => (await dear.post('/v1/chat/completions', body)).status
    expect(await statuses(ask)).toBe(402)
    expect(await statuses({ ...ask, max_tokens: 10 })).toBe(200)
    const long = await capped({}, {}, [], { max_tokens: 30_000 })
    expect((await long.post('/v1/chat/completions', ask)).status).toBe(400)
    expect((await long.post('/v1/chat/completions', { ...ask, max_tokens: 10 })).status).toBe(200)
  })

  it('that may be dearer than tokens are booked at what their provider says, where they are in force', async () => {
    const spends: number[] = []
    for (const asked of [{}, { service_tier: 'default' }]) {
      const server = await capped({}, {}, [], { service_tier: 'priority' })
      const ask = { model: 'm', messages: HELLO, max_tokens: 1, ...asked }
      await (await server.post('/v1/chat/completions', ask)).text()
      spends.push(server.ledger().spendUsd)
    }
    expect(spends).toEqual([0.004, expect.any(Number)])
    expect(spends[1]).toBeLessThan(0.001)
  })
})

describe('parameters of another model', () => {
  it('make none look dearer, where what is expected is set aside', async () => {
    const prices = { inputUsdPerMTok: 1, outputUsdPerMTok: 10 }
    const plain = modelTree('plain', { upstreamModel: 'sim-small', prices })
    const long = { tools: [TOOL], max_tokens: 20_000, n: 3 }
    const other = modelTree('other', { upstreamModel: 'sim-small', prices, parameters: long })
    const expected: number[] = []
    for (const models of [[plain], [plain, other]]) {
      const server = await gatewayServer({ models })
      server.router.on('routed', ({ model, listCostUsd }) => {
        if (model === 'plain') expected.push(listCostUsd)
      })
      const before = expected.length
      while (expected.length === before)
        await (
          await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO, max_tokens: 50 })
        ).text()
    }
    expect(expected[1]).toBe(expected[0])
  })
})

describe('an answer without a usage', () => {
  it('is booked by what its own model read, not by what parameters of another would have added', async () => {
    let usage: object | undefined = { prompt_tokens: 10, completion_tokens: 10 }
    const upstream = createServer((request, response) => {
      const message = { role: 'assistant', content: 'hi there' }
      const answer = { choices: [{ index: 0, message, finish_reason: 'stop' }], usage }
      request.resume().once('end', () => response.end(JSON.stringify(answer)))
    })
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    ends.push(() => upstream.close())
    const { port } = upstream.address() as AddressInfo
    const server = await gatewayServer({
      models: [
        modelTree('plain', { upstream: 'own', prices: PRICES }),
        modelTree('tools', { upstream: 'own', prices: PRICES, parameters: { tools: [TOOL] } }),
      ],
      tree: { upstreams: [{ id: 'own', protocol: 'openai', baseUrl: `http://127.0.0.1:${port}` }] },
    })
    const ask = async (times: number) => {
      for (let i = 0; i < times; i++)
        await (await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })).text()
    }
    // Its estimates, and with them reservations, become those of its bills.
    await ask(40)
    usage = undefined
    await ask(20)
    const booked = (id: string) =>
      server.records.flatMap(({ model, isMeasured, costUsd }) =>
        model === id && !isMeasured ? [costUsd ?? Number.NaN] : [],
      )
    const [plain, tools] = [booked('plain'), booked('tools')]
    expect(Math.min(plain.length, tools.length)).toBeGreaterThan(0)
    expect(Math.max(...plain)).toBeLessThan(0.001)
    expect(Math.min(...tools)).toBeGreaterThan(0.05)
  })
})
