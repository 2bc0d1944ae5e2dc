import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Fault, PartialPlan } from '../../../src/gateway/node/simulated/plan.js'
import { CLIENT_KEY, closeAll, eventsOf, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

const STREAMS = [
  ['/v1/chat/completions', { model: 'auto', messages: HELLO, stream: true }],
  ['/v1/messages', { model: 'auto', messages: HELLO, max_tokens: 200, stream: true }],
  ['/v1/responses', { model: 'auto', input: 'Say hello.', stream: true }],
] as const
const MODELS = [
  modelTree('a', { upstreamModel: 'sim-small' }),
  modelTree('b', { upstreamModel: 'sim-middle' }),
  modelTree('c', { upstreamModel: 'sim-claude' }),
  modelTree('d', { upstreamModel: 'sim-claude' }),
]

describe('the time of a request', () => {
  const STALLED = { fault: { kind: 'stall-before-headers' } } as const
  it.each([false, true])(
    'that is over is no failure of the model, whose own time was not: streamed %s',
    async (stream) => {
      const server = await gatewayServer({
        script: () => STALLED,
        tree: { timeouts: { totalMs: 300, firstTokenMs: 10_000 } },
      })
      const response = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO, stream })
      expect([response.status, (await response.text()).includes('upstream_timeout')]).toEqual([504, true])
      const models = server.router.stats().models
      expect(models.map(({ failed }) => failed)).toEqual(models.map(() => 0))
      expect(models.reduce((sum, { cancelled }) => sum + cancelled, 0)).toBe(1)
      expect(server.records).toMatchObject([{ tries: 1 }])
    },
  )

  it('is not spent on another try where too little of it is left', async () => {
    const server = await gatewayServer({
      script: () => STALLED,
      tree: { timeouts: { totalMs: 1500, firstTokenMs: 1000 }, retries: { shareMax: 1, triesMax: 5 } },
    })
    const response = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
    expect(response.status).toBe(504)
    expect(server.records).toMatchObject([{ tries: 1 }])
    expect(server.router.stats().models.reduce((sum, { failed }) => sum + failed, 0)).toBe(1)
  })
})

describe('a stream', () => {
  it('is what the upstream sent, event for event', async () => {
    const framings: PartialPlan['framing'][] = [
      {},
      { bytesPerWrite: 1 },
      { lineEnd: '\r\n', bytesPerWrite: 7 },
      { lineEnd: '\r' },
      { hasComments: true },
      { paddingBytes: 100_000 },
    ]
    const plan: { now: PartialPlan } = { now: {} }
    const server = await gatewayServer({ script: () => plan.now, models: MODELS.slice(1, 3) })
    for (const [path, body] of STREAMS)
      for (const framing of framings) {
        plan.now = { text: 'Grüße, 世界 🌍!', ...(framing === undefined ? {} : { framing }) }
        const text = await (await server.post(path, body)).text()
        const direct = await fetch(server.upstream.origin + path, {
          method: 'POST',
          headers: { authorization: 'Bearer sk-upstream-0123456789', 'anthropic-version': '2023-06-01' },
          body: server.upstream.entries.at(-1)?.text ?? '',
        })
        // Ids count up, and the last usage carries the cost; chats lose a usage that nobody asked for.
        const shown = (stream: string) =>
          eventsOf(stream)
            .map((data) =>
              data.replaceAll(/"(id|response_id|item_id)":"[^"]*"|"created(_at)?":\d+|,"cost":[\d.e-]+/g, ''),
            )
            .filter((data) => !(data.includes('"choices":[]') && data.includes('"usage":{')))
        expect(shown(text)).toEqual(shown(await direct.text()))
      }
    expect(server.problems).toEqual([])
  })

  const FAULTS: readonly (readonly [Fault, string])[] = [
    [{ kind: 'status', status: 500 }, 'upstream_error'],
    [{ kind: 'status', status: 429, retryAfter: { form: 'seconds', seconds: 7 } }, 'upstream_rate_limited'],
    [{ kind: 'status', status: 503, body: 'html' }, 'upstream_error'],
    [{ kind: 'reset-before-headers' }, 'upstream_broke_off'],
    [{ kind: 'reset', afterPieces: 0 }, 'upstream_broke_off'],
    [{ kind: 'cut', afterPieces: 0 }, 'upstream_broke_off'],
    [{ kind: 'error-event', afterPieces: 0 }, 'upstream_error'],
    [{ kind: 'malformed', afterPieces: 0 }, 'upstream_malformed'],
    [{ kind: 'content-type', contentType: 'text/html' }, 'upstream_malformed'],
  ]

  it('holds its headers until the first content, and moves on before that', async () => {
    for (const [fault] of FAULTS)
      for (const [path, body] of STREAMS)
        for (const stream of [true, false]) {
          const server = await gatewayServer({
            models: MODELS,
            script: ({ index }) => (index === 0 ? { fault } : {}),
          })
          const response = await server.post(path, { ...body, stream })
          const text = await response.text()
          expect([fault, path, response.status, text.includes('rror":{')]).toEqual([fault, path, 200, false])
          await server.over(1)
          expect(server.records[0]).toMatchObject({ tries: 2, outcome: 'answered', code: null })
          expect(server.records[0].model).toBe(response.headers.get('x-paretobandit-model'))
          expect(server.ledger().reservedUsd).toBe(0)
          expect(server.ledger().spendUsd).toBeGreaterThanOrEqual(server.upstream.entries[1].costUsd - 1e-9)
          const failed = server.router.stats().models.find(({ failed }) => failed > 0)
          expect(failed?.failed).toBe(1)
          await closeAll()
        }
  }, 60_000)

  it('tells its client what the last of them said, where all fail', async () => {
    for (const [fault, code] of FAULTS) {
      const server = await gatewayServer({ models: MODELS, script: () => ({ fault }) })
      for (const [path, body] of STREAMS) {
        const response = await server.post(path, body)
        const { error } = (await response.json()) as { error: { code: string; message: string } }
        expect([fault, error.code]).toEqual([fault, code])
        expect(response.status).toBe(code === 'upstream_rate_limited' ? 429 : 502)
        if (code === 'upstream_rate_limited') expect(response.headers.get('retry-after')).toBe('7')
      }
      expect(server.records.every(({ outcome }) => outcome === 'failed')).toBe(true)
      expect(server.ledger().reservedUsd).toBe(0)
      await closeAll()
    }
  }, 30_000)

  it('ends with an error event of the protocol after its first content', async () => {
    const faults: readonly Fault[] = [
      { kind: 'reset', afterPieces: 2 },
      { kind: 'cut', afterPieces: 2 },
      { kind: 'error-event', afterPieces: 2, message: 'my key is sk-upstream-0123456789' },
      { kind: 'malformed', afterPieces: 2 },
    ]
    for (const fault of faults)
      for (const [path, body] of STREAMS) {
        const server = await gatewayServer({
          models: MODELS,
          script: () => ({ text: 'a b c d e f g h', fault }),
        })
        const response = await server.post(path, body)
        expect(response.status).toBe(200)
        const text = await response.text()
        const last = JSON.parse(eventsOf(text).at(-1) ?? '')
        const error = last.error ?? last
        expect([fault, path, error.code]).toEqual([fault, path, expect.stringMatching(/^upstream_/)])
        expect(text).not.toContain('sk-upstream')
        await server.over(1)
        expect(server.records[0]).toMatchObject({ outcome: 'failed', tries: 1, status: 200 })
        expect(server.ledger().reservedUsd).toBe(0)
        expect(server.ledger().spendUsd).toBeGreaterThan(0)
        await closeAll()
      }
  }, 30_000)

  it('of an upstream that is silent moves on, or ends and is told', async () => {
    // A busy machine takes longer than a model's first token for the next one's.
    const tree = { timeouts: { firstTokenMs: 600, betweenTokensMs: 600 } }
    const held = await gatewayServer({
      models: MODELS,
      tree,
      script: ({ index }) => (index % 2 === 0 ? { fault: { kind: 'stall', afterPieces: 0 } } : {}),
    })
    for (const [path, body] of STREAMS) expect((await held.post(path, body)).status).toBe(200)
    await held.over(3)
    expect(held.records.map(({ tries }) => tries)).toEqual([2, 2, 2])
    const late = await gatewayServer({
      models: MODELS,
      tree,
      script: () => ({ fault: { kind: 'stall', afterPieces: 2 } }),
    })
    for (const [path, body] of STREAMS) {
      const text = await (await late.post(path, body)).text()
      expect(text).toContain('upstream_timeout')
    }
    expect(late.records.map(({ code }) => code)).toEqual(Array(3).fill('upstream_timeout'))
    await late.upstream.idle()
    expect(late.upstream.entries.map(({ ended }) => ended)).toEqual(Array(3).fill('left'))
    expect(late.ledger().reservedUsd).toBe(0)
  })

  it('slows its upstream for a slow client, and holds no more than the config says', async () => {
    const server = await gatewayServer({
      models: [modelTree('sim-small')],
      tree: { limits: { streamBufferBytesMax: 65_536 } },
      script: () => ({ text: 'word '.repeat(400_000) }),
    })
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    const body = JSON.stringify({ model: 'auto', messages: HELLO, stream: true })
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${CLIENT_KEY}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    socket.pause()
    const entry = await server.upstream.until(({ isBlocked }) => isBlocked)
    expect(entry.piecesSent).toBeLessThan(200_000)
    socket.destroy()
    await server.over(1)
    expect(server.records[0]).toMatchObject({ outcome: 'cancelled' })
    expect(server.ledger().reservedUsd).toBe(0)
  }, 30_000)

  it('is recorded for what it was: empty, refused, truncated', async () => {
    const plans: readonly (readonly [PartialPlan, string | null])[] = [
      [{}, null],
      [{ isEmpty: true }, 'empty_answer'],
      [{ ending: 'refusal' }, 'refused_answer'],
      [{ ending: 'length' }, 'truncated_answer'],
    ]
    const plan: { now: PartialPlan } = { now: {} }
    const server = await gatewayServer({ models: MODELS, script: () => plan.now })
    let count = 0
    for (const [now, code] of plans)
      for (const [path, body] of STREAMS)
        for (const stream of [true, false]) {
          plan.now = now
          const response = await server.post(path, { ...body, stream })
          await response.text()
          await server.over(++count)
          const record = server.records.at(-1)
          expect([now, path, stream, response.status, record?.outcome, record?.code]).toEqual([
            now,
            path,
            stream,
            200,
            'answered',
            code,
          ])
        }
    expect(Math.abs(server.ledger().spendUsd - server.upstream.costUsd())).toBeLessThan(1e-9)
  })
})
