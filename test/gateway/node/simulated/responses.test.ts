import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import type { PartialPlan } from '../../../../src/gateway/node/simulated/plan.js'
import { startUpstream, type Upstream } from '../../../../src/gateway/node/simulated/upstream.js'

const ASK = { model: 'sim-middle', input: 'What is a contextual bandit?' }
const WEATHER = {
  type: 'function' as const,
  name: 'weather',
  strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

let upstream: Upstream
afterEach(() => upstream.close())

async function client(plan: PartialPlan = {}): Promise<OpenAI> {
  upstream = await startUpstream({ script: () => plan })
  return new OpenAI({ apiKey: 'none', baseURL: upstream.baseUrl, maxRetries: 0 })
}

async function eventsOf(openai: OpenAI, more: object = {}): Promise<OpenAI.Responses.ResponseStreamEvent[]> {
  const events: OpenAI.Responses.ResponseStreamEvent[] = []
  for await (const event of await openai.responses.create({ ...ASK, ...more, stream: true }))
    events.push(event)
  return events
}

describe('a response', () => {
  it('is whole streamed and not, and costs what its usage says', async () => {
    const openai = await client({ tokens: { input: 500, cachedInput: 200, output: 60, reasoning: 25 } })
    const plain = await openai.responses.create(ASK)
    const streamed = await openai.responses.stream(ASK).finalResponse()
    await upstream.idle()
    for (const { usage, output_text, status } of [plain, streamed]) {
      expect([status, output_text.length > 10]).toEqual(['completed', true])
      expect(usage).toMatchObject({
        input_tokens: 500,
        input_tokens_details: { cached_tokens: 200 },
        output_tokens: 60,
        output_tokens_details: { reasoning_tokens: 25 },
      })
    }
    const byHand = 300 * 1.1 + 200 * 0.11 + 35 * 4.4 + 25 * 5.72
    for (const { costUsd } of upstream.entries) expect(costUsd).toBeCloseTo(byHand / 1e6, 15)
  })

  it('numbers its events in order, and says what it did', async () => {
    const openai = await client({ tokens: { output: 3 } })
    const events = await eventsOf(openai, {
      reasoning: { effort: 'high', summary: 'auto' },
      upstream_plan: { tokens: { reasoning: 1 } },
    })
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, i) => i))
    expect(events.map(({ type }) => type.replace('response.', ''))).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      ...Array(2).fill('output_text.delta'),
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ])
  })

  it('calls functions, in parallel too, and seals its reasoning on request', async () => {
    const openai = await client({ toolCalls: 2 })
    const answer = await openai.responses
      .stream({
        ...ASK,
        tools: [WEATHER],
        reasoning: { effort: 'low' },
        include: ['reasoning.encrypted_content'],
      })
      .finalResponse()
    expect(answer.output.map(({ type }) => type)).toEqual(['reasoning', 'function_call', 'function_call'])
    expect(answer.output[0]).toHaveProperty('encrypted_content', expect.any(String))
    for (const item of answer.output)
      if (item.type === 'function_call') expect(JSON.parse(item.arguments)).toEqual({ city: 'naïve' })
  })

  it('answers in the JSON of a schema, refuses, and ends incomplete at its limit', async () => {
    const openai = await client()
    const schema = { ...WEATHER.parameters, additionalProperties: false }
    const structured = await openai.responses.create({
      ...ASK,
      text: { format: { type: 'json_schema', name: 'weather', schema } },
    })
    expect(JSON.parse(structured.output_text)).toEqual({ city: 'naïve' })
    const short = await eventsOf(openai, { max_output_tokens: 2 })
    expect(short.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { incomplete_details: { reason: 'max_output_tokens' }, usage: { output_tokens: 2 } },
    })
    const refused = await eventsOf(openai, { upstream_plan: { ending: 'refusal' } })
    expect(refused.map(({ type }) => type)).toContain('response.refusal.done')
  })

  it('goes on only from a response that this upstream has kept', async () => {
    const openai = await client()
    const { id } = await openai.responses.create(ASK)
    await upstream.idle()
    await openai.responses.create({ ...ASK, previous_response_id: id })
    await expect(
      openai.responses.create({ ...ASK, previous_response_id: 'resp_elsewhere' }),
    ).rejects.toMatchObject({
      status: 400,
    })
  })

  it('fails within its stream: an error, a failed response, a cut before its last event, no usage', async () => {
    const openai = await client()
    const last = async (upstream_plan: PartialPlan) => (await eventsOf(openai, { upstream_plan })).at(-1)
    const failed = await last({ fault: { kind: 'error-event', afterPieces: 1, form: 'failed' } })
    expect(failed).toMatchObject({ type: 'response.failed', response: { error: { code: 'server_error' } } })
    await expect(last({ fault: { kind: 'error-event', afterPieces: 1 } })).rejects.toThrow('overloaded')
    expect((await last({ fault: { kind: 'cut', afterPieces: 'all' } }))?.type).toBe(
      'response.output_item.done',
    )
    expect(await last({ usage: { place: 'missing' } })).toMatchObject({ response: { usage: null } })
    await upstream.idle()
    expect(upstream.entries.map(({ isUsageSent }) => isUsageSent)).toEqual([false, false, false, false])
  })
})
