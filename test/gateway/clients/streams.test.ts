import { afterEach, describe, expect, it } from 'vitest'
import type { Fault, Framing } from '../../../src/gateway/node/simulated/plan.js'
import {
  ASK,
  ASK_MESSAGES,
  ASK_RESPONSES,
  all,
  CLIENT_KEY,
  startGateway,
  type TestGateway,
  type TestGatewayOptions,
  UPSTREAM_KEY,
} from './gateway.js'

let house: TestGateway
afterEach(async () => {
  const { failures } = house
  await house.close()
  expect(failures).toEqual([])
})

async function start(options: TestGatewayOptions = {}): Promise<TestGateway> {
  house = await startGateway(options)
  return house
}

/** Everything that can go wrong before the client has seen anything. */
const EARLY: readonly Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503, body: 'html' },
  { kind: 'status', status: 502, body: 'empty' },
  { kind: 'status', status: 429, retryAfter: { form: 'seconds', seconds: 1 } },
  { kind: 'reset-before-headers' },
  { kind: 'reset', afterPieces: 0 },
  { kind: 'cut', afterPieces: 0 },
  { kind: 'error-event', afterPieces: 0 },
  { kind: 'malformed', afterPieces: 0 },
  { kind: 'content-type', contentType: 'text/html' },
  { kind: 'stall-before-headers' },
  { kind: 'stall', afterPieces: 0 },
]

/** And after. */
const LATE: readonly Fault[] = [
  { kind: 'reset', afterPieces: 3 },
  { kind: 'cut', afterPieces: 3 },
  { kind: 'error-event', afterPieces: 3 },
  { kind: 'malformed', afterPieces: 3 },
  { kind: 'stall', afterPieces: 3 },
]

describe('until the first content', () => {
  it.each(EARLY.flatMap((fault) => [true, false].map((stream) => ({ fault, stream }))))(
    'another model takes over: $fault.kind, streamed: $stream',
    async ({ fault, stream }) => {
      let calls = 0
      await start({
        script: () => (calls++ === 0 ? { fault, text: 'first' } : { text: 'second' }),
      })
      const asked = house.openai.chat.completions.create({ ...ASK, model: 'auto', stream }).withResponse()
      if (fault.kind.startsWith('stall')) await house.timeOut()
      const { data, response } = await asked
      const text =
        'controller' in data
          ? (await all(data)).map(({ choices }) => choices[0]?.delta.content ?? '').join('')
          : data.choices[0].message.content
      expect(text).toBe('second')
      await house.over(1)
      const [first, second] = house.upstream.entries.map(({ request }) => request.model)
      expect(second).not.toBe(first)
      expect(response.headers.get('x-paretobandit-model')).toBe(second)
      expect(house.bookings.map(({ kind }) => kind)).toEqual(['failed', 'settled'])
      expect(house.bookedUsd()).toBeGreaterThanOrEqual(house.upstream.costUsd() - 1e-9)
      expect(house.requests).toMatchObject([{ outcome: 'answered', tries: 2 }])
    },
  )

  it('no more models than the operator allows are tried, each of them once', async () => {
    await start({
      tree: { retries: { triesMax: 2, shareMax: 1 } },
      script: () => ({ fault: { kind: 'status', status: 500 } }),
    })
    const answer = house.openai.chat.completions.create({ ...ASK, model: 'auto' })
    await expect(answer).rejects.toMatchObject({ status: expect.toSatisfy((status) => status >= 500) })
    await house.over(1)
    expect(new Set(house.upstream.entries.map(({ request }) => request.model)).size).toBe(2)
    expect(house.upstream.entries).toHaveLength(2)
    expect(house.bookings.map(({ kind }) => kind)).toEqual(['failed', 'failed'])
    expect(house.bookedUsd()).toBe(0)
  })

  it('a model that failed is left alone for as long as it asked', async () => {
    await start({
      tree: { retries: { shareMax: 1, cooldownMs: 1 } },
      script: ({ model }) =>
        model === 'sim-large'
          ? {}
          : { fault: { kind: 'status', status: 429, retryAfter: { form: 'seconds', seconds: 60 } } },
    })
    for (let i = 0; i < 6; i++) await house.openai.chat.completions.create({ ...ASK, model: 'auto' })
    await house.over(6)
    const failed = house.upstream.entries.filter(({ ended }) => ended === 'failed')
    expect(failed.length).toBeLessThanOrEqual(2)
    expect(new Set(failed.map(({ request }) => request.model)).size).toBe(failed.length)
  })

  it.each([400, 401, 403])('%i is nobody else’s either, and cools nothing down', async (status) => {
    await start({ script: ({ index }) => (index < 2 ? { fault: { kind: 'status', status } } : {}) })
    for (let i = 0; i < 2; i++)
      await expect(house.openai.chat.completions.create(ASK)).rejects.toMatchObject({
        status: expect.toSatisfy((given) => given >= 400),
      })
    await house.openai.chat.completions.create(ASK)
    await house.over(3)
    expect(house.upstream.entries.map(({ request }) => request.model)).toEqual(Array(3).fill(ASK.model))
    expect(house.bookings.filter(({ kind }) => kind === 'failed')).toEqual([])
  })

  it('what a provider quotes of its key is not passed on, nor logged', async () => {
    for (const status of [400, 401, 500]) {
      await start({
        script: () => ({ fault: { kind: 'status', status, message: `Incorrect API key: ${UPSTREAM_KEY}` } }),
      })
      const response = await fetch(`${house.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${CLIENT_KEY}` },
        body: JSON.stringify(ASK),
      })
      expect(response.ok).toBe(false)
      expect(await response.text()).not.toContain(UPSTREAM_KEY)
      await house.over(1)
      expect(JSON.stringify(house.requests)).not.toContain(UPSTREAM_KEY)
      if (status !== 500) await house.close()
    }
  })
})

describe('after the first content', () => {
  it.each(LATE)('chat ends with an error that its client throws: $kind', async (fault) => {
    await start({ script: () => ({ fault }) })
    const stream = await house.openai.chat.completions.create({ ...ASK, model: 'auto', stream: true })
    const seen: string[] = []
    const read = async () => {
      for await (const { choices } of stream) {
        const text = choices[0]?.delta.content ?? ''
        if (text !== '') seen.push(text)
        if (seen.length === 3 && fault.kind === 'stall') await house.timeOut()
      }
    }
    await expect(read()).rejects.toThrow()
    expect(seen).toHaveLength(3)
    await expectFailed()
  })

  it.each(LATE)('messages ends with an error that its client throws: $kind', async (fault) => {
    await start({ script: () => ({ fault }) })
    await expectBroken(await house.anthropic.messages.create({ ...ASK_MESSAGES, stream: true }), fault)
    await expectFailed()
  })

  it.each(LATE)('responses ends with an error that its client throws: $kind', async (fault) => {
    await start({ script: () => ({ fault }) })
    await expectBroken(await house.openai.responses.create({ ...ASK_RESPONSES, stream: true }), fault)
    await expectFailed()
  })

  async function expectBroken(stream: AsyncIterable<unknown>, fault: Fault): Promise<void> {
    const late = fault.kind === 'stall' ? [house.timeOut()] : []
    const [read] = await Promise.allSettled([all(stream), ...late])
    expect(read.status).toBe('rejected')
  }

  async function expectFailed(): Promise<void> {
    await house.over(1)
    expect(house.upstream.entries).toHaveLength(1)
    expect(house.requests).toMatchObject([{ outcome: 'failed', tries: 1 }])
    expect(house.bookings).toMatchObject([{ kind: 'failed' }])
    expect(house.bookedUsd()).toBeGreaterThanOrEqual(house.upstream.costUsd() - 1e-9)
  }
})

describe('what passes through', () => {
  const SAID = 'naïve 漢字 🙂 путь'

  it.each<Partial<Framing>>([
    { bytesPerWrite: 1 },
    { bytesPerWrite: 7, hasComments: true },
    { lineEnd: '\r\n' },
    { lineEnd: '\r' },
    { hasComments: true },
    { paddingBytes: 100_000 },
  ])('is the same text on every surface, whatever its bytes look like: %o', async (framing) => {
    await start({ script: () => ({ framing, text: SAID }) })
    const chat = await all(await house.openai.chat.completions.create({ ...ASK, stream: true }))
    expect(chat.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(SAID)
    const message = await house.anthropic.messages.stream(ASK_MESSAGES).finalMessage()
    expect(message.content).toMatchObject([{ type: 'text', text: SAID }])
    const response = await house.openai.responses.stream(ASK_RESPONSES).finalResponse()
    expect(response.output_text).toBe(SAID)
    await house.over(3)
    expect(Math.abs(house.bookedUsd() - house.upstream.costUsd())).toBeLessThan(1e-9)
    if (framing.paddingBytes !== undefined) expect(chat.some((chunk) => 'padding' in chunk)).toBe(true)
  })

  it('is what the client asked, with the fields that nobody here knows', async () => {
    await start({ tree: { requests: { allow: ['provider'] } } })
    const tools = [
      { type: 'function' as const, function: { name: 'f', parameters: { type: 'object', properties: {} } } },
    ]
    const body = { ...ASK, tools, seed: 7, n: 2, logprobs: true, top_logprobs: 1, provider: { order: ['a'] } }
    const answer = await house.openai.chat.completions.create(body)
    expect(answer.choices).toHaveLength(2)
    expect(answer.choices[0].logprobs?.content?.length).toBeGreaterThan(0)
    await house.over(1)
    expect(house.upstream.entries[0].request.body).toEqual(body)
    expect(house.upstream.entries[0].request.headers.authorization).toBe(`Bearer ${UPSTREAM_KEY}`)
  })

  it('is a call of several tools, streamed, on every surface', async () => {
    await start({ script: () => ({ toolCalls: 2 }) })
    const parameters = { type: 'object' as const, properties: { city: { type: 'string' } } }
    const chat = await house.openai.chat.completions
      .stream({ ...ASK, tools: [{ type: 'function', function: { name: 'f', parameters } }] })
      .finalChatCompletion()
    expect(chat.choices[0].message.tool_calls).toHaveLength(2)
    const message = await house.anthropic.messages
      .stream({ ...ASK_MESSAGES, tools: [{ name: 'f', input_schema: parameters }] })
      .finalMessage()
    expect(message.content).toMatchObject(Array(2).fill({ type: 'tool_use', input: { city: 'naïve' } }))
    const response = await house.openai.responses
      .stream({ ...ASK_RESPONSES, tools: [{ type: 'function', name: 'f', parameters, strict: false }] })
      .finalResponse()
    expect(response.output).toMatchObject(
      Array(2).fill({ type: 'function_call', arguments: '{"city":"naïve"}' }),
    )
  })

  it('is a thought with its signature, which the next turn brings back to the same model', async () => {
    await start()
    const thinking = { type: 'enabled' as const, budget_tokens: 1024 }
    const ask = { ...ASK_MESSAGES, max_tokens: 2000, thinking }
    const { content } = await house.anthropic.messages.stream(ask).finalMessage()
    expect(content[0].type).toBe('thinking')
    const messages = [...ASK.messages, { role: 'assistant' as const, content }, ...ASK.messages]
    await house.anthropic.messages.create({ ...ask, messages })
    await house.over(2)
    expect(house.upstream.entries.map(({ ended }) => ended)).toEqual(['answered', 'answered'])
  })
})

describe('a slow client', () => {
  it('slows its upstream, loses nothing, and costs what it costs', async () => {
    const paddingBytes = 400_000
    await start({
      tree: { limits: { streamBufferBytesMax: 1_000_000 } },
      script: () => ({ framing: { paddingBytes, isEachPadded: true }, tokens: { output: 40 } }),
    })
    const response = await fetch(`${house.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CLIENT_KEY}` },
      body: JSON.stringify({ ...ASK, stream: true }),
    })
    const blocked = await house.upstream.until((entry) => entry.isBlocked)
    expect(blocked.piecesSent).toBeLessThan(40)
    const text = await response.text()
    expect(text.length).toBeGreaterThan(40 * paddingBytes)
    expect(text).toContain('[DONE]')
    await house.over(1)
    expect(Math.abs(house.bookedUsd() - house.upstream.costUsd())).toBeLessThan(1e-9)
  })
})

describe('the end of the gateway', () => {
  it('books what is under way', async () => {
    await start({ script: () => ({ fault: { kind: 'stall', afterPieces: 3 } }) })
    const stream = await house.openai.chat.completions.create({ ...ASK, stream: true })
    await house.upstream.until((entry) => entry.isStalled)
    const ended = all(stream).catch(() => {})
    await house.gateway.close()
    expect(house.bookings).toHaveLength(1)
    expect(house.bookedUsd()).toBeGreaterThan(0)
    await ended
  })
})

describe('what is logged of an answer', () => {
  it.each([true, false])(
    'has no part of a secret, where it is cut in the middle of one; streamed: %s',
    async (stream) => {
      const text = `${'x'.repeat(90)}${UPSTREAM_KEY} and more`
      await start({ tree: { logging: { content: true, contentBytesMax: 100 } }, script: () => ({ text }) })
      const answer = await house.openai.chat.completions.create({ ...ASK, stream })
      if ('controller' in answer) await all(answer)
      await house.over(1)
      const [line] = house.requests
      expect(String(line.answer)).toMatch(/^x{90}/)
      expect(String(line.answer)).not.toContain(UPSTREAM_KEY.slice(0, 5))
    },
  )
})
