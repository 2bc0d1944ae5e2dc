import { afterEach, describe, expect, it } from 'vitest'
import type { Tree } from '../config/example.js'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

const CHAT = { model: 'auto', messages: HELLO }
const MIDDAY = Date.UTC(2026, 0, 15, 12, 20)
const MINUTE_S = 60
const HOUR_S = 3600

/** The answer to a request that comes when one of 0.06 USD has been made. @param usdPerMTok of an answer of 300 tokens, expected */
async function afterSpending(tree: Tree, usdPerMTok = 0.6) {
  const server = await gatewayServer({
    now: () => MIDDAY,
    script: () => ({ tokens: { input: 10, output: 100_000 } }),
    models: [modelTree('sim-small', { prices: { inputUsdPerMTok: 0, outputUsdPerMTok: usdPerMTok } })],
    tree,
  })
  await (await server.post('/v1/chat/completions', CHAT)).text()
  await server.over(1)
  const response = await server.post('/v1/chat/completions', CHAT)
  expect(await response.json()).toMatchObject({ error: { code: 'budget_exhausted' } })
  expect(response.status).toBe(402)
  return response.headers.get('retry-after')
}

const OWNED = { keys: [{ name: 'client', value: '$CLIENT_KEY', tenant: 'team' }] }

describe('retry-after of a spent budget', () => {
  it('is the end of the period of the cap that is spent', async () => {
    expect(await afterSpending({ caps: [{ usd: 0.01, per: 'hour' }] })).toBe(String(40 * MINUTE_S))
    const roomy = { usd: 10, per: 'hour' }
    expect(await afterSpending({ caps: [{ usd: 0.01, per: 'day' }, roomy] })).toBe(
      String(11 * HOUR_S + 40 * MINUTE_S),
    )
  })

  it('waits for all caps that are spent, the tenant’s too', async () => {
    const caps = [
      { usd: 0.01, per: 'hour' },
      { usd: 0.02, per: 'day' },
    ]
    expect(await afterSpending({ caps })).toBe(String(11 * HOUR_S + 40 * MINUTE_S))
    const tenants = [{ id: 'team', caps: [{ usd: 0.02, per: 'hour' }] }]
    const roomy = [{ usd: 10, per: 'day' }]
    expect(await afterSpending({ caps: roomy, tenants, ...OWNED })).toBe(String(40 * MINUTE_S))
  })

  it('is there for a cap that is less than half spent, and leaves too little for this request', async () => {
    const server = await gatewayServer({
      now: () => MIDDAY,
      script: () => ({ tokens: { input: 10, output: 400 } }),
      models: [modelTree('sim-small', { prices: { inputUsdPerMTok: 0, outputUsdPerMTok: 1000 } })],
      tree: { caps: [{ usd: 1.01, per: 'hour' }], routing: { reserve: 'worst-case' } },
    })
    const first = await server.post('/v1/chat/completions', { ...CHAT, max_tokens: 400 })
    expect(first.status).toBe(200)
    const second = await server.post('/v1/chat/completions', { ...CHAT, max_tokens: 900 })
    expect([second.status, second.headers.get('retry-after')]).toEqual([402, String(40 * MINUTE_S)])
  })

  it.each([0.1, 0.3, 0.6, 0.7, 0.8, 1.1])(
    'is there for a cap of %d that is spent in equal parts, whatever is left by rounding',
    async (usd) => {
      const server = await gatewayServer({
        now: () => MIDDAY,
        script: () => ({ tokens: { output: 10 } }),
        models: [modelTree('sim-small', { prices: { inputUsdPerMTok: 0, outputUsdPerMTok: 10_000 } })],
        tree: { caps: [{ usd, per: 'hour' }], routing: { reserve: 'worst-case' } },
      })
      let response = await server.post('/v1/chat/completions', { ...CHAT, max_tokens: 10 })
      for (let i = 1; response.status === 200; i++) {
        await server.over(i)
        response = await server.post('/v1/chat/completions', { ...CHAT, max_tokens: 10 })
      }
      expect([response.status, response.headers.get('retry-after')]).toEqual([402, String(40 * MINUTE_S)])
      expect(server.ledger().spendUsd).toBeGreaterThan(usd - 0.11)
    },
  )

  it.each([
    [{ per: 'hour' }, 'the cap of this hour'],
    [{ per: 'hour', window: 'rolling' }, 'the rolling cap of an hour'],
    [{ per: 'day', window: 'rolling' }, 'the rolling cap of a day'],
  ])('goes with words that say which cap it is: %o', async (cap, words) => {
    const server = await gatewayServer({ now: () => MIDDAY, tree: { caps: [{ usd: 0, ...cap }] } })
    const response = await server.post('/v1/chat/completions', CHAT)
    expect(await response.json()).toMatchObject({
      error: { message: `${words} leaves too little for this request` },
    })
  })

  it('is left out where no time helps, or nobody knows one', async () => {
    expect(await afterSpending({ caps: [{ usd: 0.01, per: 'hour', window: 'rolling' }] })).toBeNull()
    // No balance grows by waiting.
    const strict = { routing: { strict: true } }
    expect(await afterSpending({ budget: { usdPerRequest: 1e-4, burst: 1 }, ...strict })).toBeNull()
  })

  it('is left out where the request is beyond the whole cap, or waits for answers alone', async () => {
    const server = await gatewayServer({
      now: () => MIDDAY,
      script: () => ({ fault: { kind: 'stall-before-headers' }, tokens: { input: 10, output: 10 } }),
      models: [modelTree('sim-small', { prices: { inputUsdPerMTok: 0, outputUsdPerMTok: 1000 } })],
      tree: { caps: [{ usd: 1, per: 'hour' }], routing: { reserve: 'worst-case' } },
    })
    const whole = await server.post('/v1/chat/completions', { ...CHAT, max_tokens: 1001 })
    expect([whole.status, whole.headers.get('retry-after')]).toEqual([402, null])
    const first = server.post('/v1/chat/completions', { ...CHAT, max_tokens: 900 })
    await server.upstream.until(({ isStalled }) => isStalled)
    const second = await server.post('/v1/chat/completions', { ...CHAT, max_tokens: 900 })
    expect([second.status, second.headers.get('retry-after')]).toEqual([402, null])
    server.upstream.release()
    expect((await first).status).toBe(200)
  })
})

describe('retry-after where no model answers', () => {
  const SECONDS: Readonly<Record<string, number | undefined>> = { 'sim-small': 40, 'sim-middle': 900 }
  const TWO = [modelTree('sim-small'), modelTree('sim-middle')]
  const CLAUDES = ['early', 'late'].map((id) => modelTree(id, { upstreamModel: 'sim-claude' }))

  /** What clients hear of models that ask for pauses of their own, the one that is back last asked last. */
  async function afterPauses(path: string, more: Tree = {}, tree: Tree = {}) {
    const isMessages = path.startsWith('/v1/messages')
    let asked = 0
    const server = await gatewayServer({
      models: isMessages ? CLAUDES : TWO,
      tree: { retries: { triesMax: 2, shareMax: 1 }, ...tree },
      // The first one that is asked is back first.
      script: () => {
        const seconds = asked++ === 0 ? 40 : 900
        return { fault: { kind: 'status', status: 429, retryAfter: { form: 'seconds', seconds } } }
      },
    })
    const input = path === '/v1/responses' ? { input: 'hi' } : { messages: HELLO, max_tokens: 50 }
    const response = await server.post(path, { model: 'auto', ...input, ...more })
    expect([response.status, asked]).toEqual([429, 2])
    await response.text()
    const { headers } = response
    return [headers.get('retry-after'), headers.get('retry-after-ms')]
  }

  it.each([
    ['/v1/chat/completions', {}],
    ['/v1/chat/completions', { stream: true }],
    ['/v1/messages', {}],
    ['/v1/messages', { stream: true }],
    ['/v1/responses', {}],
    ['/v1/responses', { stream: true }],
    ['/v1/messages/count_tokens', {}],
  ])('is when the first of them is asked again: %s, %o', async (path, more) => {
    expect(await afterPauses(path, more)).toEqual(['40', '40000'])
  })

  it.each([
    ['is the pause of one that names no time', { cooldownMs: 5000 }, '5'],
    ['is left out where such a one has none', { cooldownMs: 0 }, null],
  ])('%s', async (_, retries, expected) => {
    let asked = 0
    const server = await gatewayServer({
      models: TWO,
      tree: { retries: { triesMax: 2, shareMax: 1, ...retries } },
      script: () => {
        if (asked++ === 0) return { fault: { kind: 'status', status: 500 } }
        return { fault: { kind: 'status', status: 429, retryAfter: { form: 'seconds', seconds: 900 } } }
      },
    })
    const response = await server.post('/v1/chat/completions', CHAT)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, expected])
  })

  it('is left out where another model takes requests, and is that of those that the request may have', async () => {
    const server = await gatewayServer({
      models: TWO,
      tree: { retries: { triesMax: 1 } },
      script: ({ model }) => {
        const seconds = SECONDS[model]
        if (seconds === undefined) return {}
        return { fault: { kind: 'status', status: 429, retryAfter: { form: 'seconds', seconds } } }
      },
    })
    const heard: (string | null)[] = []
    for (const model of ['auto', 'sim-middle', 'sim-small']) {
      const response = await server.post('/v1/chat/completions', { ...CHAT, model })
      heard.push(response.headers.get('retry-after'))
    }
    expect(heard).toEqual([null, '900', '40'])
  })
})
