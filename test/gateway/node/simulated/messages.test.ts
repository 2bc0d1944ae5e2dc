import Anthropic from '@anthropic-ai/sdk'
import { afterEach, describe, expect, it } from 'vitest'
import type { PartialPlan } from '../../../../src/gateway/node/simulated/plan.js'
import { startUpstream, type Upstream } from '../../../../src/gateway/node/simulated/upstream.js'

const MODEL = 'sim-claude'
const ASK = {
  model: MODEL,
  max_tokens: 1000,
  messages: [{ role: 'user' as const, content: 'What is a contextual bandit?' }],
}
const WEATHER = {
  name: 'weather',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
}

let upstream: Upstream
afterEach(() => upstream.close())

async function client(plan: PartialPlan = {}, apiKey = 'none'): Promise<Anthropic> {
  upstream = await startUpstream({ script: () => plan, apiKey: 'none' })
  return new Anthropic({ apiKey, baseURL: upstream.origin, maxRetries: 0 })
}

async function eventsOf(anthropic: Anthropic, more: object = {}): Promise<Anthropic.RawMessageStreamEvent[]> {
  const events: Anthropic.RawMessageStreamEvent[] = []
  for await (const event of await anthropic.messages.create({ ...ASK, ...more, stream: true }))
    events.push(event)
  return events
}

describe('a message', () => {
  it('is whole streamed and not, and costs what its usage says', async () => {
    const anthropic = await client()
    const plain = await anthropic.messages.create(ASK)
    expect(plain).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text' }] })
    const streamed = await anthropic.messages.stream(ASK).finalMessage()
    expect(streamed.content[0].type).toBe('text')
    await upstream.idle()
    for (const [i, { usage }] of [plain, streamed].entries()) {
      const { tokens, costUsd } = upstream.entries[i]
      expect([usage.input_tokens, usage.output_tokens]).toEqual([tokens.input, tokens.output])
      expect(costUsd).toBeCloseTo((usage.input_tokens * 3 + usage.output_tokens * 15) / 1e6, 15)
    }
    expect(upstream.entries[1]).toMatchObject({ ended: 'answered', isUsageSent: true })
  })

  it('counts what is read from a cache and written to one beside its input', async () => {
    const tokens = { input: 1000, cachedInput: 500, cacheWrite5m: 200, cacheWrite1h: 100, output: 20 }
    const anthropic = await client({ tokens })
    const { usage } = await anthropic.messages.create(ASK)
    expect(usage).toMatchObject({
      input_tokens: 200,
      cache_read_input_tokens: 500,
      cache_creation_input_tokens: 300,
      cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
      output_tokens: 20,
    })
    const byHand = 200 * 3 + 500 * 0.3 + 200 * 3.75 + 100 * 6 + 20 * 15
    expect(upstream.costUsd()).toBeCloseTo(byHand / 1e6, 15)
  })

  it('says usage at its start and end, more often, twice, or never', async () => {
    const anthropic = await client({ tokens: { output: 20, reasoning: 5 } })
    const usages = async (usage: PartialPlan['usage']) => {
      const events = await eventsOf(anthropic, { upstream_plan: { usage } })
      return events.flatMap((event) => (event.type === 'message_delta' ? [event.usage] : []))
    }
    expect(await usages({})).toMatchObject([{ output_tokens: 20, input_tokens: expect.any(Number) }])
    expect((await usages({ repeatsInput: false }))[0]).not.toHaveProperty('input_tokens')
    expect((await usages({ place: 'cumulative' })).map((usage) => usage.output_tokens)).toEqual([5, 20, 20])
    expect((await usages({ place: 'twice' })).map((usage) => usage.output_tokens)).toEqual([20, 20])
    expect(await usages({ place: 'missing' })).toEqual([undefined])
  })

  it('thinks before it answers, and signs what it thought: no other model takes that', async () => {
    const anthropic = await client()
    const thinking = { type: 'enabled' as const, budget_tokens: 1024 }
    const answer = await anthropic.messages.stream({ ...ASK, max_tokens: 2000, thinking }).finalMessage()
    expect(answer.content.map(({ type }) => type)).toEqual(['thinking', 'text'])
    expect(answer.content[0]).toHaveProperty('signature', expect.stringMatching(/.{20}/))
    const messages = [
      ...ASK.messages,
      { role: 'assistant' as const, content: answer.content },
      ...ASK.messages,
    ]
    await anthropic.messages.create({ ...ASK, messages })
    await expect(anthropic.messages.create({ ...ASK, messages, model: 'sim-large' })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('signature'),
    })
    expect(upstream.entries[0].tokens.reasoning).toBe(6)
  })

  it('calls tools, several at once', async () => {
    const anthropic = await client({ toolCalls: 2 })
    const answer = await anthropic.messages.stream({ ...ASK, tools: [WEATHER] }).finalMessage()
    expect(answer.stop_reason).toBe('tool_use')
    expect(answer.content).toMatchObject(
      Array(2).fill({ type: 'tool_use', name: 'weather', input: { city: 'naïve' } }),
    )
  })

  it('refuses, breaks off at its limit, or says nothing', async () => {
    const anthropic = await client({ ending: 'refusal' })
    expect((await anthropic.messages.create(ASK)).stop_reason).toBe('refusal')
    const more = (upstream_plan: PartialPlan, max_tokens = 1000) =>
      anthropic.messages.create({ ...ASK, max_tokens, ...{ upstream_plan } })
    const short = await more({ ending: 'stop' }, 3)
    expect([short.stop_reason, short.usage.output_tokens]).toEqual(['max_tokens', 3])
    expect((await more({ ending: 'stop', isEmpty: true })).content).toEqual([])
  })

  it('counts tokens for nothing', async () => {
    const anthropic = await client()
    const { input_tokens } = await anthropic.messages.countTokens({ model: MODEL, messages: ASK.messages })
    const { usage } = await anthropic.messages.create(ASK)
    expect(input_tokens).toBe(usage.input_tokens)
    expect(upstream.entries[0].costUsd).toBe(0)
  })
})

describe('a message that fails', () => {
  it('has the errors of its protocol: before the stream and within it', async () => {
    const anthropic = await client()
    const withFault = (fault: PartialPlan['fault']) => eventsOf(anthropic, { upstream_plan: { fault } })
    await expect(withFault({ kind: 'status', status: 529 })).rejects.toMatchObject({
      status: 529,
      error: { error: { type: 'overloaded_error' } },
    })
    await expect(withFault({ kind: 'error-event', afterPieces: 2 })).rejects.toThrow('overloaded')
    const stream = anthropic.messages.stream({
      ...ASK,
      ...{ upstream_plan: { fault: { kind: 'cut', afterPieces: 2 } } },
    })
    await expect(stream.finalMessage()).rejects.toThrow()
    await upstream.idle()
    expect(upstream.entries.map(({ ended, tokens }) => [ended, tokens.output])).toEqual([
      ['failed', 0],
      ['failed', 2],
      ['failed', 2],
    ])
  })

  it('bills what was generated when the client aborts', async () => {
    const anthropic = await client({ fault: { kind: 'stall', afterPieces: 3 } })
    const stream = anthropic.messages.stream(ASK)
    await upstream.until((entry) => entry.isStalled)
    stream.abort()
    await expect(stream.done()).rejects.toThrow('abort')
    const { tokens } = await upstream.until(({ ended }) => ended === 'left')
    expect(tokens.output).toBe(3)
  })

  it('is refused for a wrong key, an unknown model, a missing limit or version', async () => {
    const anthropic = await client({}, 'wrong')
    await expect(anthropic.messages.create(ASK)).rejects.toMatchObject({ status: 401 })
    const known = anthropic.withOptions({ apiKey: 'none' })
    await expect(known.messages.create({ ...ASK, model: 'claude-0' })).rejects.toMatchObject({ status: 404 })
    await expect(known.messages.create({ ...ASK, max_tokens: 0 })).rejects.toMatchObject({ status: 400 })
    const bare = await fetch(`${upstream.baseUrl}/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'none' },
      body: JSON.stringify(ASK),
    })
    expect(await bare.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } })
    expect(upstream.costUsd()).toBe(0)
  })
})
