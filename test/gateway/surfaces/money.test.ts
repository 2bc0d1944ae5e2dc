import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { PartialPlan, UsagePlace, UsageStyle } from '../../../src/gateway/node/simulated/plan.js'
import { PRICES } from '../../../src/gateway/node/simulated/prices.js'
import { closeAll, eventsOf, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

type Call = readonly [path: string, body: Readonly<Record<string, unknown>>]

const STREAMABLE: readonly Call[] = [
  ['/v1/chat/completions', { model: 'auto', messages: HELLO }],
  ['/v1/messages', { model: 'auto', messages: HELLO, max_tokens: 200 }],
  ['/v1/responses', { model: 'auto', input: 'Say hello.' }],
]
const STREAMS = STREAMABLE.map(([path, body]): Call => [path, { ...body, stream: true }])
const CALLS: readonly Call[] = [
  ...STREAMABLE,
  ...STREAMS,
  ['/v1/embeddings', { input: ['Say hello.', 'And goodbye.'], model: 'sim-embed' }],
]

describe('money', () => {
  it('is booked on every surface to 1e-9 of what the upstream counted', async () => {
    const server = await gatewayServer({
      script: ({ surface }) => ({
        tokens: surface === 'embeddings' ? {} : { cachedInput: 5, reasoning: 7 },
      }),
    })
    for (const [path, body] of CALLS) {
      const response = await server.post(path, body)
      const text = await response.text()
      expect([path, response.status, text.slice(0, 200)]).toEqual([path, 200, expect.anything()])
      await server.over(server.upstream.entries.length)
      const { spendUsd, reservedUsd } = server.ledger()
      expect(spendUsd).toBeGreaterThan(0)
      expect(Math.abs(spendUsd - server.upstream.costUsd())).toBeLessThan(1e-9)
      expect(reservedUsd).toBe(0)
      const record = server.records.at(-1)
      const { tokens, costUsd } = server.upstream.entries.at(-1) ?? { tokens: null, costUsd: null }
      expect(record).toMatchObject({ outcome: 'answered', code: null, isMeasured: true, tries: 1 })
      expect(record?.tokens).toMatchObject({ input: tokens?.input, output: tokens?.output })
      expect(record?.costUsd).toBeCloseTo(costUsd ?? Number.NaN, 12)
      expect(response.headers.get('x-paretobandit-decision')).toBe(record?.decision)
      expect(response.headers.get('x-paretobandit-model')).toBe(record?.model)
      const isStream = 'stream' in body
      expect(response.headers.get('x-paretobandit-cost-usd')).toBe(isStream ? null : String(record?.costUsd))
      // A chat's usage goes to clients that asked for it.
      if (!isStream || path !== '/v1/chat/completions') expect(text).toContain(`"cost":${record?.costUsd}`)
      else expect(text).not.toContain('"usage":{')
    }
    expect(server.upstream.entries).toHaveLength(7)
    expect(server.problems).toEqual([])
  })

  it('asks upstreams for usage, and takes it in any shape', async () => {
    const plan: { now: PartialPlan } = { now: {} }
    const server = await gatewayServer({ script: () => plan.now, models: [modelTree('sim-small')] })
    const places: readonly UsagePlace[] = [
      'own-chunk',
      'own-chunk-with-choice',
      'finish-chunk',
      'before-finish',
      'cumulative',
      'twice',
    ]
    const styles: readonly UsageStyle[] = [
      'openai',
      'openrouter',
      'anthropic-names',
      'deepseek',
      'groq',
      'bare',
    ]
    for (const place of places)
      for (const style of styles)
        for (const isNullElsewhere of [true, false])
          for (const wants of [true, false]) {
            const before = server.ledger().spendUsd
            const tokens = style === 'bare' ? {} : { cachedInput: 4 }
            plan.now = { usage: { place, style, isNullElsewhere }, tokens }
            const response = await server.post('/v1/chat/completions', {
              model: 'auto',
              messages: HELLO,
              stream: true,
              ...(wants ? { stream_options: { include_usage: true } } : {}),
            })
            const events = eventsOf(await response.text())
            await server.over(server.upstream.entries.length)
            const entry = server.upstream.entries.at(-1)
            const name = [place, style, isNullElsewhere, wants]
            expect([...name, entry?.isUsageSent]).toEqual([...name, true])
            const spent = server.ledger().spendUsd - before
            expect([...name, Math.abs(spent - (entry?.costUsd ?? 0)) < 1e-9]).toEqual([...name, true])
            expect(events.at(-1)).toBe('[DONE]')
            const alone = events.filter((data) => {
              if (data === '[DONE]') return false
              const { choices, usage, x_groq } = JSON.parse(data)
              return choices.length === 0 && (usage ?? x_groq?.usage ?? null) !== null
            })
            if (!wants) expect([...name, alone]).toEqual([...name, []])
            else if (place === 'own-chunk') expect([...name, alone.length]).toEqual([...name, 1])
          }
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it('is reserved before the call', async () => {
    const server = await gatewayServer({
      script: () => ({ fault: { kind: 'stall-before-headers' } }),
      models: [modelTree('sim-small')],
    })
    const answer = server.post('/v1/chat/completions', { model: 'auto', messages: HELLO }).catch(() => null)
    await server.upstream.until(() => true)
    expect(server.ledger().reservedUsd).toBeGreaterThan(0)
    server.upstream.release()
    await answer
  })

  it('of a client that goes away is the greater of measured and reserved, and the upstream is told', async () => {
    for (const stall of [0, 3, 40])
      for (const [path, body] of STREAMS) {
        const server = await gatewayServer({
          script: () => ({ text: 'word '.repeat(60), fault: { kind: 'stall', afterPieces: stall } }),
        })
        const abort = new AbortController()
        const sent = fetch(server.url + path, {
          method: 'POST',
          headers: { authorization: 'Bearer pb-client-0123456789abcdef' },
          body: JSON.stringify(body),
          signal: abort.signal,
        }).then((response) => response.text())
        sent.catch(() => {})
        await server.upstream.until(({ isStalled }) => isStalled)
        const { reservedUsd } = server.ledger()
        expect(reservedUsd).toBeGreaterThan(0)
        abort.abort()
        await server.over(1)
        await server.upstream.until(({ ended }) => ended === 'left')
        const { spendUsd, reservedUsd: left } = server.ledger()
        expect(left).toBe(0)
        expect(spendUsd).toBeGreaterThanOrEqual(reservedUsd)
        expect(spendUsd).toBeGreaterThanOrEqual(server.upstream.costUsd() * 0.999)
        expect(server.records[0]).toMatchObject({
          outcome: 'cancelled',
          code: 'client_gone',
          isMeasured: false,
        })
        expect(server.records[0].costUsd).toBe(spendUsd)
        await closeAll()
      }
  })

  it('of a client that goes away is measured where the operator drains', async () => {
    const server = await gatewayServer({
      tree: { sessions: { onClientGone: 'drain' } },
      models: [modelTree('sim-small')],
      script: () => ({ fault: { kind: 'stall', afterPieces: 3 } }),
    })
    const abort = new AbortController()
    const sent = fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer pb-client-0123456789abcdef' },
      body: JSON.stringify({ model: 'auto', messages: HELLO, stream: true }),
      signal: abort.signal,
    }).then((response) => response.text())
    sent.catch(() => {})
    await server.upstream.until(({ isStalled }) => isStalled)
    abort.abort()
    await server.noticed()
    server.upstream.release()
    await server.over(1)
    expect(server.records[0]).toMatchObject({ outcome: 'cancelled', isMeasured: true })
    expect(Math.abs(server.ledger().spendUsd - server.upstream.costUsd())).toBeLessThan(1e-9)
  })

  it('of an answer without usage is never less than was reserved', async () => {
    const server = await gatewayServer({
      script: () => ({ usage: { place: 'missing' }, text: 'word '.repeat(2000) }),
      models: [modelTree('sim-small')],
    })
    for (const stream of [true, false]) {
      const response = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO, stream })
      await response.text()
    }
    await server.over(2)
    for (const record of server.records) {
      expect(record.isMeasured).toBe(false)
      expect(record.costUsd).toBeGreaterThan(server.upstream.entries[0].costUsd * 0.9)
    }
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it('of tries that fail is on the ledger too, each by itself', async () => {
    const server = await gatewayServer({
      script: ({ index }) => (index === 0 ? { fault: { kind: 'status', status: 503 } } : {}),
    })
    const response = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
    expect(response.status).toBe(200)
    await response.text()
    expect(server.records[0]).toMatchObject({ tries: 2, outcome: 'answered' })
    expect(server.ledger()).toMatchObject({ reservedUsd: 0 })
    expect(Math.abs(server.ledger().spendUsd - server.upstream.costUsd())).toBeLessThan(1e-9)
    expect(server.router.stats().models.reduce((sum, { failed }) => sum + failed, 0)).toBe(1)
  })

  it('cannot be spent twice by requests that come at once', async () => {
    const perRequest = 0.001
    const server = await gatewayServer({
      models: [modelTree('sim-small', { prices: { inputUsdPerMTok: 0, outputUsdPerMTok: 10 } })],
      tree: {
        caps: [{ usd: perRequest * 5, per: 'day' }],
        routing: { reserve: 'worst-case', strict: true },
      },
    })
    const answers = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const response = await server.post('/v1/chat/completions', {
          model: 'auto',
          messages: HELLO,
          max_tokens: 100,
        })
        return [response.status, (await response.json()) as { error?: { code: string } }] as const
      }),
    )
    const refused = answers.filter(([status]) => status === 402)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0][1].error?.code).toBe('budget_exhausted')
    expect(answers.every(([status]) => status === 200 || status === 402)).toBe(true)
    expect(server.ledger().spendUsd).toBeLessThanOrEqual(perRequest * 5)
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it('has the dearest price that could apply for tokens of a kind that nobody knows', async () => {
    const usage = {
      prompt_tokens: 1000,
      prompt_tokens_details: { video_tokens: 400 },
      completion_tokens: 10,
      total_tokens: 1010,
    }
    const choices = [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }]
    const upstream = createServer((_request, response) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ choices, usage })),
    )
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    const { port } = upstream.address() as AddressInfo
    const prices = {
      inputUsdPerMTok: 1,
      cachedInputUsdPerMTok: 0.1,
      audioInputUsdPerMTok: 9,
      outputUsdPerMTok: 2,
    }
    const server = await gatewayServer({
      models: [modelTree('m', { upstream: 'own', prices })],
      tree: { upstreams: [{ id: 'own', protocol: 'openai', baseUrl: `http://127.0.0.1:${port}/v1` }] },
    })
    const response = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
    const body = (await response.json()) as { usage: { cost: number } }
    expect(body.usage.cost).toBeCloseTo((600 * 1 + 400 * 9 + 10 * 2) / 1e6, 12)
    expect(server.ledger().spendUsd).toBeCloseTo(body.usage.cost, 12)
    expect(server.deps()?.metrics.text()).toContain(
      'paretobandit_unknown_tokens_total{model="m",kind="video_tokens"} 400',
    )
    upstream.close()
  })

  it('is booked when the gateway closes', async () => {
    const server = await gatewayServer({ script: () => ({ fault: { kind: 'stall', afterPieces: 2 } }) })
    const calls = CALLS.map(([path, body]) => server.post(path, body).then((response) => response.text()))
    for (const call of calls) call.catch(() => {})
    while (server.upstream.entries.filter(({ isStalled }) => isStalled).length < CALLS.length)
      await new Promise((resolve) => setTimeout(resolve, 5))
    expect(server.ledger().reservedUsd).toBeGreaterThan(0)
    await server.close()
    expect(server.records).toHaveLength(CALLS.length)
    expect(server.ledger().reservedUsd).toBe(0)
    expect(server.ledger().spendUsd).toBeGreaterThan(0)
  })

  it('of an answer that breaks off before its end is booked by what came of it, no more than was allowed', async () => {
    const answer = JSON.stringify({
      choices: [{ message: { role: 'assistant', content: 'word '.repeat(20_000) } }],
    })
    const upstream = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
      response.write(answer.slice(0, answer.length - 100), () => response.destroy())
    }).listen(0, '127.0.0.1')
    try {
      await new Promise((resolve) => upstream.once('listening', resolve))
      const { port } = upstream.address() as AddressInfo
      const server = await gatewayServer({
        models: [modelTree('sim-small', { upstream: 'breaks' })],
        upstreams: () => [
          {
            id: 'breaks',
            protocol: 'openai',
            baseUrl: `http://127.0.0.1:${port}/v1`,
            apiKey: '$UPSTREAM_KEY',
          },
        ],
      })
      const outputUsd = (tokens: number) => (tokens * PRICES['sim-small'].outputUsdPerMTok) / 1e6
      const ask = { model: 'sim-small', messages: HELLO }
      expect((await server.post('/v1/chat/completions', ask)).status).toBe(502)
      const [first] = await server.over(1)
      expect(first.costUsd).toBeGreaterThan(outputUsd(15_000))
      expect(first.costUsd).toBeLessThan(outputUsd(60_000))
      await server.post('/v1/chat/completions', { ...ask, max_tokens: 1000 })
      const [, second] = await server.over(2)
      expect(second.costUsd).toBeGreaterThanOrEqual(outputUsd(1000))
      expect(second.costUsd).toBeLessThan(outputUsd(1500))
    } finally {
      upstream.close()
    }
  })
})
