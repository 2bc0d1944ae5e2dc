import { createParser, type EventSourceMessage } from 'eventsource-parser'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import type { Fault, PartialPlan } from '../../../../src/gateway/node/simulated/plan.js'
import {
  PLAN_FIELD,
  startUpstream,
  type Upstream,
  type UpstreamOptions,
} from '../../../../src/gateway/node/simulated/upstream.js'

let upstream: Upstream
afterEach(() => upstream.close())

async function start(options: UpstreamOptions = {}): Promise<void> {
  upstream = await startUpstream(options)
}

interface Ask {
  readonly plan?: PartialPlan
  readonly stream?: boolean
  readonly signal?: AbortSignal
}

function ask({ plan = {}, stream = true, signal }: Ask = {}): Promise<Response> {
  return fetch(`${upstream.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sim-small',
      messages: [{ role: 'user', content: 'hello' }],
      stream,
      stream_options: { include_usage: true },
      [PLAN_FIELD]: plan,
    }),
    ...(signal === undefined ? {} : { signal }),
  })
}

function fail(fault: Fault, stream = true): Promise<Response> {
  return ask({ plan: { fault }, stream })
}

function eventsOf(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  parser.feed(text)
  // A carriage return at the very end may yet be half of a line end.
  parser.feed('\n')
  return events
}

describe('instead of an answer', () => {
  it('sends a status with an error of the protocol, a page or nothing, and bills nothing', async () => {
    await start({ now: () => Date.UTC(2026, 0, 1) })
    const limited = await fail({ kind: 'status', status: 429, retryAfter: { form: 'seconds', seconds: 7 } })
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7'])
    expect(await limited.json()).toMatchObject({
      error: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
    })
    const dated = await fail({ kind: 'status', status: 429, retryAfter: { form: 'date', seconds: 60 } })
    expect(dated.headers.get('retry-after')).toBe('Thu, 01 Jan 2026 00:01:00 GMT')
    const exact = await fail({
      kind: 'status',
      status: 503,
      retryAfter: { form: 'ms', ms: 250 },
      body: 'html',
    })
    expect(exact.headers.get('retry-after-ms')).toBe('250')
    expect(await exact.text()).toContain('<html>')
    const bare = await fail({ kind: 'status', status: 500, body: 'empty' })
    expect(await bare.text()).toBe('')
    const quoting = await fail({ kind: 'status', status: 401, message: 'Incorrect API key: sk-secret' })
    expect(await quoting.json()).toMatchObject({ error: { message: 'Incorrect API key: sk-secret' } })
    await upstream.idle()
    expect(upstream.entries.map(({ ended }) => ended)).toEqual(Array(5).fill('failed'))
    expect(upstream.costUsd()).toBe(0)
  })

  it('breaks the connection off before the headers, after them and within the answer', async () => {
    await start()
    for (const stream of [true, false]) {
      await expect(fail({ kind: 'reset-before-headers' }, stream)).rejects.toThrow('fetch failed')
      for (const afterPieces of [0, 3, 'all'] as const) {
        const response = await fail({ kind: 'reset', afterPieces }, stream)
        expect(response.status).toBe(200)
        await expect(response.text()).rejects.toThrow('terminated')
      }
    }
    await upstream.idle()
    const sent = upstream.entries.map(({ piecesSent, isUsageSent }) => [piecesSent, isUsageSent])
    expect(sent.slice(0, 3)).toEqual([
      [0, false],
      [0, false],
      [3, false],
    ])
    expect(sent[3]).toEqual([upstream.entries[3].tokens.output, true])
    expect(upstream.entries[2].tokens.output).toBe(3)
    expect(upstream.entries[4].costUsd).toBe(0)
  })

  it('sends malformed JSON, and a page where an answer was due', async () => {
    await start()
    await expect((await fail({ kind: 'malformed', afterPieces: 0 }, false)).json()).rejects.toThrow(
      SyntaxError,
    )
    const events = eventsOf(await (await fail({ kind: 'malformed', afterPieces: 2 })).text())
    expect(() => JSON.parse(events.at(-1)?.data ?? '')).toThrow(SyntaxError)
    for (const stream of [true, false]) {
      const page = await fail({ kind: 'content-type', contentType: 'text/html' }, stream)
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html'])
    }
  })
})

describe('within a stream', () => {
  it('sends an error event, which the client of OpenAI throws', async () => {
    await start()
    const openai = new OpenAI({ apiKey: 'none', baseURL: upstream.baseUrl, maxRetries: 0 })
    const body = {
      model: 'sim-small',
      messages: [],
      [PLAN_FIELD]: { fault: { kind: 'error-event', afterPieces: 2 } },
    }
    const stream = await openai.chat.completions.create({
      ...body,
      messages: [{ role: 'user', content: 'hello' }],
      stream: true,
    })
    let pieces = 0
    const read = async () => {
      for await (const { choices } of stream) if (choices[0].delta.content !== '') pieces++
    }
    await expect(read()).rejects.toThrow('overloaded')
    expect(pieces).toBe(2)
    await upstream.idle()
    expect(upstream.entries[0]).toMatchObject({ ended: 'failed', status: 200, tokens: { output: 2 } })
  })

  it('ends without its last event, with usage or without', async () => {
    await start()
    const cut = await (await fail({ kind: 'cut', afterPieces: 4 })).text()
    expect(cut).not.toContain('[DONE]')
    expect(cut).not.toContain('prompt_tokens')
    const late = await (await fail({ kind: 'cut', afterPieces: 'all' })).text()
    expect(late).not.toContain('[DONE]')
    expect(late).toContain('prompt_tokens')
    expect(upstream.entries.map(({ isUsageSent }) => isUsageSent)).toEqual([false, true])
  })

  it('stalls before the headers, before the first token and between tokens, until it is released', async () => {
    await start()
    for (const fault of [
      { kind: 'stall-before-headers' },
      { kind: 'stall', afterPieces: 0 },
      { kind: 'stall', afterPieces: 5 },
    ] as const) {
      const answer = fail(fault)
      await upstream.until((entry) => entry.isStalled)
      upstream.release()
      expect(await (await answer).text()).toContain('[DONE]')
    }
    expect(upstream.entries.map(({ ended }) => ended)).toEqual(['answered', 'answered', 'answered'])
  })

  it('bills what was generated when the caller goes away, and notes that it went', async () => {
    await start()
    const controller = new AbortController()
    const response = await ask({
      plan: { fault: { kind: 'stall', afterPieces: 5 } },
      signal: controller.signal,
    })
    await upstream.until((entry) => entry.isStalled)
    controller.abort()
    await expect(response.text()).rejects.toThrow('aborted')
    const { tokens, costUsd } = await upstream.until(({ ended }) => ended === 'left')
    expect(tokens.output).toBe(5)
    expect(costUsd).toBeCloseTo((tokens.input * 0.15 + 5 * 0.6) / 1e6, 15)

    const early = new AbortController()
    const none = ask({
      plan: { fault: { kind: 'stall-before-headers' } },
      stream: false,
      signal: early.signal,
    })
    await upstream.until((entry) => entry.isStalled)
    early.abort()
    await expect(none).rejects.toThrow('aborted')
    await upstream.idle()
    expect(upstream.entries[1]).toMatchObject({ ended: 'left', status: null, tokens: { output: 0 } })
  })

  it('waits for a caller that does not read', async () => {
    await start()
    const response = await ask({ plan: { tokens: { output: 60 }, framing: { paddingBytes: 50_000_000 } } })
    const blocked = await upstream.until((entry) => entry.isBlocked)
    expect(blocked.piecesSent).toBe(1)
    await response.body?.cancel()
    await upstream.idle()
    expect(blocked.ended).toBe('left')
    expect(blocked.tokens.output).toBe(1)
  })

  it('is the same events whatever its bytes look like: split anywhere, other line ends, comments, a huge line', async () => {
    await start()
    const whole = eventsOf(await (await ask()).text())
    const content = ({ data }: EventSourceMessage) =>
      data === '[DONE]' ? data : JSON.parse(data).choices[0]?.delta.content
    for (const framing of [
      { bytesPerWrite: 1 },
      { bytesPerWrite: 7, hasComments: true },
      { lineEnd: '\r\n' },
      { lineEnd: '\r', hasComments: true },
      { paddingBytes: 300_000 },
    ] as const) {
      const response = await ask({ plan: { framing, text: 'naïve 漢字 🙂 путь' } })
      const chunks: string[] = []
      for await (const bytes of response.body ?? []) chunks.push(Buffer.from(bytes).toString('latin1'))
      const events = eventsOf(Buffer.from(chunks.join(''), 'latin1').toString('utf8'))
      expect(events.map(content).join('')).toBe('naïve 漢字 🙂 путь[DONE]')
      expect(events.some(({ data }) => data.length > 300_000)).toBe('paddingBytes' in framing)
    }
    expect(whole.map(content).at(-1)).toBe('[DONE]')
  })

  it('comes as late as its plan says, by the clock that it was given', async () => {
    const slept: number[] = []
    await start({ sleep: async (ms) => void slept.push(ms) })
    await (
      await ask({
        plan: { tokens: { output: 3 }, delays: { headersMs: 70, firstTokenMs: 400, betweenTokensMs: 20 } },
      })
    ).text()
    expect(slept).toEqual([70, 400, 20, 20])
  })
})
