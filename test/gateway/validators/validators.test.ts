import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import type { PartialPlan } from '../../../src/gateway/node/simulated/plan.js'
import { PLAN_FIELD } from '../../../src/gateway/node/simulated/upstream.js'
import type { Tree } from '../config/example.js'
import {
  CLIENT_KEY,
  closeAll,
  gatewayServer,
  HELLO,
  modelTree,
  OTHER_KEY,
} from '../surfaces/gateway-server.js'

afterEach(closeAll)

/** What validators say is applied when the gateway closes, always. */
const ALWAYS = { weights: { validator: 1 } }

async function server(rewards: Tree = ALWAYS, more: { now?: () => number; random?: () => number } = {}) {
  const made = await gatewayServer({
    models: [modelTree('sim-small'), modelTree('sim-claude')],
    tree: { rewards },
    ...more,
  })
  const openai = new OpenAI({ apiKey: CLIENT_KEY, baseURL: `${made.url}/v1`, maxRetries: 0 })
  const anthropic = new Anthropic({ apiKey: CLIENT_KEY, baseURL: made.url, maxRetries: 0 })
  const rewardOf = async (model: string) => {
    await made.close()
    return made.router.stats().models.find(({ id }) => id === model)?.meanReward ?? null
  }
  return { ...made, openai, anthropic, rewardOf }
}
type Server = Awaited<ReturnType<typeof server>>

/** Texts of the upstream have five letters: a schema that takes no more than two is broken by every answer. */
const schemaOf = (isKept: boolean) => ({
  type: 'object',
  properties: { city: { type: 'string', ...(isKept ? {} : { maxLength: 2 }) } },
  required: ['city'],
  additionalProperties: false,
})

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

type Ask = (server: Server, isKept: boolean) => Promise<unknown>
const small = { model: 'sim-small', messages: [{ role: 'user' as const, content: 'Where?' }] }
const claude = { ...small, model: 'sim-claude', max_tokens: 500 }
const responses = { model: 'sim-small', input: 'Where?' }
const chatSchema = (isKept: boolean) => ({
  type: 'json_schema' as const,
  json_schema: { name: 'place', schema: schemaOf(isKept), strict: true },
})
const chatTools = (isKept: boolean) => [
  { type: 'function' as const, function: { name: 'f', parameters: schemaOf(isKept) } },
]
const ofResponses = (isKept: boolean) => ({
  tools: [{ type: 'function' as const, name: 'f', parameters: schemaOf(isKept), strict: true }],
  tool_choice: 'required' as const,
})
const ofMessages = (isKept: boolean) => ({
  tools: [{ name: 'f', input_schema: schemaOf(isKept) as Anthropic.Tool.InputSchema }],
  tool_choice: { type: 'any' as const },
})
const format = (isKept: boolean) => ({
  type: 'json_schema' as const,
  name: 'place',
  schema: schemaOf(isKept),
})
const TWO_CALLS = { tool_choice: 'required' as const, [PLAN_FIELD]: { toolCalls: 2 } }

const ASKS: readonly (readonly [name: string, model: string, ask: Ask])[] = [
  [
    'chat, a schema',
    'sim-small',
    ({ openai }, is) => openai.chat.completions.create({ ...small, response_format: chatSchema(is) }),
  ],
  [
    'chat, a schema, streamed',
    'sim-small',
    async ({ openai }, is) =>
      drained(
        await openai.chat.completions.create({ ...small, stream: true, response_format: chatSchema(is) }),
      ),
  ],
  [
    'chat, two tools',
    'sim-small',
    ({ openai }, is) => openai.chat.completions.create({ ...small, tools: chatTools(is), ...TWO_CALLS }),
  ],
  [
    'chat, two tools, streamed',
    'sim-small',
    async ({ openai }, is) =>
      drained(
        await openai.chat.completions.create({ ...small, stream: true, tools: chatTools(is), ...TWO_CALLS }),
      ),
  ],
  [
    'responses, a schema',
    'sim-small',
    ({ openai }, is) => openai.responses.create({ ...responses, text: { format: format(is) } }),
  ],
  [
    'responses, a tool, streamed',
    'sim-small',
    async ({ openai }, is) =>
      drained(await openai.responses.create({ ...responses, stream: true, ...ofResponses(is) })),
  ],
  [
    'messages, a tool',
    'sim-claude',
    ({ anthropic }, is) => anthropic.messages.create({ ...claude, ...ofMessages(is) }),
  ],
  [
    'messages, a tool, streamed',
    'sim-claude',
    async ({ anthropic }, is) =>
      drained(await anthropic.messages.create({ ...claude, stream: true, ...ofMessages(is) })),
  ],
]

describe('an answer', () => {
  it.each(ASKS)(
    'that keeps to what was asked is worth 1, and 0 where it does not: %s',
    async (_, model, ask) => {
      for (const isKept of [true, false]) {
        const made = await server()
        await ask(made, isKept)
        await made.over(1)
        expect(made.records[0]).toMatchObject({ outcome: 'answered', code: isKept ? null : 'invalid_answer' })
        expect(await made.rewardOf(model)).toBe(isKept ? 1 : 0)
        expect(made.problems).toEqual([])
      }
    },
  )

  const chat = (made: Server, plan: PartialPlan, more: object = {}) =>
    made
      .post('/v1/chat/completions', { ...small, ...more, [PLAN_FIELD]: plan })
      .then((response) => response.text())

  it.each<[string, PartialPlan, object, number | null]>([
    ['some words', {}, {}, 1],
    ['nothing', { isEmpty: true }, {}, 0],
    ['a refusal', { ending: 'refusal' }, {}, 0],
    ['a beginning', { ending: 'length' }, {}, 0],
    ['a beginning where the client wants a label', { ending: 'length' }, { max_tokens: 5 }, null],
    [
      'a beginning where the client wants a label, streamed',
      { ending: 'length' },
      { max_tokens: 5, stream: true },
      null,
    ],
    ['nothing where the client wants a label', { ending: 'length', text: '' }, { max_tokens: 5 }, 0],
    ['no JSON', { text: 'Paris' }, { response_format: { type: 'json_object' } }, 0],
    ['some JSON', { text: '{"any":1}' }, { response_format: { type: 'json_object' } }, 1],
    ['words beside tools', { text: 'Paris' }, { tools: chatTools(true) }, 1],
  ])('that is %s', async (_, plan, more, value) => {
    const made = await server()
    await chat(made, plan, more)
    expect(await made.rewardOf('sim-small')).toBe(value)
  })

  it('of a schema that cannot be told, or of a call that failed, is worth nothing', async () => {
    const made = await server()
    const schema = { type: 'string', pattern: '^P' }
    await chat(
      made,
      { text: '"Paris"' },
      { response_format: { type: 'json_schema', json_schema: { schema } } },
    )
    await chat(made, { fault: { kind: 'status', status: 500 } }, { seed: 1, messages: HELLO })
    await made.over(2)
    expect(await made.rewardOf('sim-small')).toBeNull()
  })

  it('is not checked where the operator says so', async () => {
    const made = await server({ ...ALWAYS, validators: { enabled: false } })
    await chat(made, { isEmpty: true })
    expect(await made.rewardOf('sim-small')).toBeNull()
  })
})

describe('what validators say', () => {
  const ask = async (made: Server, more: object = {}) => {
    const response = await made.post('/v1/chat/completions', { ...small, messages: HELLO, ...more })
    await response.text()
    return response.headers.get('x-paretobandit-decision') ?? ''
  }
  const INVALID = { response_format: { type: 'json_object' }, [PLAN_FIELD]: { text: 'Paris' } }
  const OTHER = { messages: [{ role: 'user', content: 'Another.' }] }

  it('is combined with what others say, by weight', async () => {
    const made = await server({ windowMs: 3_600_000 })
    await made.post('/v1/feedback', { decision_id: await ask(made, INVALID), value: 1 })
    expect(await made.rewardOf('sim-small')).toBeCloseTo(1 / 1.2, 12)
  })

  it('takes nothing from the word of others where there was nothing to check', async () => {
    const made = await server({ windowMs: 0 })
    await made.post('/v1/feedback', { decision_id: await ask(made), value: 0.25 })
    const tools = { tools: chatTools(true), [PLAN_FIELD]: { text: 'Paris' } }
    await made.post('/v1/feedback', { decision_id: await ask(made, { ...OTHER, ...tools }), value: 0.25 })
    expect(await made.rewardOf('sim-small')).toBe(0.25)
  })

  it('waits for others, and is applied when nobody says more', async () => {
    let now = Date.UTC(2026, 0, 15, 12)
    const rewards = { ...ALWAYS, windowMs: 0, validators: { waitMs: 5000 } }
    const made = await server(rewards, { now: () => now })
    const first = await ask(made, INVALID)
    now += 4000
    const second = await ask(made, OTHER)
    expect(made.router.stats().models[0].rewarded).toBe(0)
    now += 2000
    await expect.poll(() => made.router.stats().models[0].rewarded, { timeout: 8000 }).toBe(1)
    expect(made.router.stats().models[0].meanReward).toBe(0)
    const late = await made.post('/v1/feedback', { decision_id: first, value: 1 })
    expect(late.status).toBe(409)
    const early = await made.post('/v1/feedback', { decision_id: second, value: 1 })
    expect(early.status).toBe(200)
  })

  it('alone is applied as often as it weighs', async () => {
    for (const [drawn, value] of [
      [0.19, 0],
      [0.21, null],
    ] as const) {
      const made = await server({}, { random: () => drawn })
      await ask(made, INVALID)
      expect(await made.rewardOf('sim-small')).toBe(value)
    }
  })

  it('is 0 of an answer whose prompt comes again within a minute, and not of one that comes later', async () => {
    for (const [afterMs, value] of [
      [59_000, 0.5],
      [61_000, 1],
    ] as const) {
      let now = Date.UTC(2026, 0, 15, 12)
      const made = await server(ALWAYS, { now: () => now })
      await ask(made)
      now += afterMs
      await ask(made)
      expect(await made.rewardOf('sim-small')).toBe(value)
    }
  })

  it('is nothing of another question after the same long text', async () => {
    const made = await server(ALWAYS)
    for (const question of ['What is it of?', 'Who wrote it?!'])
      await ask(made, { messages: [{ role: 'user', content: `${'x '.repeat(20_000)}${question}` }] })
    expect(await made.rewardOf('sim-small')).toBe(1)
  })

  it('is nothing of prompts that come at once, that others ask, or that go on', async () => {
    const fault: PartialPlan = { fault: { kind: 'stall-before-headers' } }
    const made = await server()
    const two = [ask(made, { [PLAN_FIELD]: fault }), ask(made, { [PLAN_FIELD]: fault })]
    while (made.upstream.entries.filter(({ isStalled }) => isStalled).length < 2)
      await new Promise((resolve) => setImmediate(resolve))
    made.upstream.release()
    await Promise.all(two)
    expect(await made.rewardOf('sim-small')).toBe(1)
    const next = await server()
    await ask(next)
    const said = { role: 'assistant', content: 'Hello.' }
    await ask(next, { messages: [...HELLO, said, { role: 'user', content: 'More.' }] })
    const other = { authorization: `Bearer ${OTHER_KEY}` }
    await (await next.post('/v1/chat/completions', { ...small, messages: HELLO }, other)).text()
    expect(await next.rewardOf('sim-small')).toBe(1)
  })
})
