import { expect, it } from 'vitest'
import type { Json } from '../../../src/base/json.js'
import { inputTokensOf, orderSize, SIZE_MEMBERS } from '../../../src/gateway/completions/order-size.js'
import { ANTHROPIC_MESSAGES } from '../../../src/gateway/protocols/anthropic-messages.js'
import { parametersIn } from '../../../src/gateway/protocols/model-parameters.js'
import { OPENAI_CHAT } from '../../../src/gateway/protocols/openai-chat.js'
import { OPENAI_RESPONSES } from '../../../src/gateway/protocols/openai-responses.js'

const CONFIG = {
  requests: { imageTokens: 1300, fileTokens: 10_000 },
  routing: { reserve: 'worst-case' },
} as Parameters<typeof inputTokensOf>[1]
const LONG = 'a word and '.repeat(20_000)

/** What is read of a body besides: who asks for what, and the conversation itself, which no parameters of a model take the place of. */
const OTHERS = [
  'background',
  'deferred',
  'logprobs',
  'messages',
  'input',
  'metadata',
  'modalities',
  'model',
  'reasoning_effort',
  'stream',
  'stream_options',
  'top_logprobs',
]

it.each([OPENAI_CHAT, ANTHROPIC_MESSAGES, OPENAI_RESPONSES])(
  'every member that says how long a request is counts among parameters of a model: $surface',
  ({ read }) => {
    const names = new Set<string>()
    const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], input: 'hi' }
    read(
      new Proxy<Record<string, unknown>>(body, {
        get: (target, name) => {
          names.add(String(name))
          return Reflect.get(target, name)
        },
      }),
    )
    expect([...names].filter((name) => !SIZE_MEMBERS.has(name) && !OTHERS.includes(name))).toEqual([])
    expect(names.size).toBeGreaterThan(5)
  },
)

const tool = (description: string) => [{ type: 'function', function: { name: 'f', description } }]
const PARAMETERS: readonly Json[] = [
  { max_tokens: 100 },
  { max_completion_tokens: 100, n: 2 },
  { reasoning_effort: 'low' },
  { thinking: { type: 'enabled', budget_tokens: 1000 } },
  { tools: tool('x '.repeat(1000)) },
  { tools: null, documents: [{ text: 'y '.repeat(1000) }] },
  { prediction: { type: 'content', content: 'z '.repeat(1000) } },
  { system: 'x '.repeat(1000), instructions: 'x '.repeat(1000) },
  { prompt: { id: 'p' } },
  { text: { format: { type: 'json_schema', schema: { description: 'x '.repeat(1000) } } } },
  { n: 0 },
]

it.each([OPENAI_CHAT, ANTHROPIC_MESSAGES, OPENAI_RESPONSES])(
  'a conversation is read once, however many models have parameters: $surface',
  (adapter) => {
    const body = {
      model: 'm',
      messages: [{ role: 'user', content: LONG }],
      input: LONG,
      system: 'a system',
      instructions: 'an instruction',
      tools: tool('of the client '.repeat(100)),
      prediction: { type: 'content', content: 'of the client '.repeat(100) },
      max_tokens: 50,
    }
    const asked = adapter.read(body)
    const inputTokens = inputTokensOf(asked, CONFIG)
    const spied = {
      surface: adapter.surface,
      read: (read: Json) => {
        expect(JSON.stringify(read).length).toBeLessThan(10_000)
        return adapter.read(read)
      },
    }
    for (const parameters of PARAMETERS) {
      const models = ['a', 'b'].map((id) => ({ id, parameters })) as never
      const { most, changedInputTokens } = orderSize(spied, body, asked, inputTokens, models, CONFIG)
      if (parameters.n === 0 && adapter === OPENAI_CHAT) continue
      // As of all of it together.
      const whole = adapter.read({ ...body, ...parametersIn(adapter.surface, parameters, body) })
      expect(most).toMatchObject({
        maxOutputTokens: whole.maxOutputTokens,
        answers: whole.answers,
        predictedTokens: whole.predictedTokens,
        reasoningTokens: whole.reasoningTokens,
        unbounded: whole.size.unbounded,
      })
      expect(Math.abs(most.inputTokens - inputTokensOf(whole, CONFIG))).toBeLessThanOrEqual(2)
      expect(changedInputTokens.get('b')).toBe(most.inputTokens)
    }
  },
)

it('counts a kept conversation and a template of a model once, as they are one part of the prompt', () => {
  const body = { model: 'm', input: LONG, previous_response_id: 'r' }
  const asked = OPENAI_RESPONSES.read(body)
  const models = [{ id: 'a', parameters: { prompt: { id: 'p' } } }] as never
  const client = inputTokensOf(asked, CONFIG)
  expect(orderSize(OPENAI_RESPONSES, body, asked, client, models, CONFIG).most.inputTokens).toBe(client)
})

const MIB = 1024 * 1024
const tokensOf = (...contents: readonly string[]) => {
  const messages = contents.map((content) => ({ role: 'user', content }))
  return inputTokensOf(OPENAI_CHAT.read({ model: 'm', messages }), CONFIG)
}

it('what is longer than is read, in one text or in many, counts a token a character, and more in scripts that take more', () => {
  // Spaces where a reader of evenly spread pieces would look.
  const piece = `${' '.repeat(2048)}${'\u9b31'.repeat(2048)}`
  const hidden = piece.repeat((6 * MIB) / piece.length)
  expect(tokensOf(hidden)).toBeGreaterThan(4 * MIB)
  const padding = ' '.repeat(4 * MIB)
  const dense = '? { '.repeat(MIB / 4)
  expect(tokensOf(padding + dense)).toBeGreaterThan(MIB)
  expect(tokensOf(padding, dense, dense)).toBeGreaterThan(2 * MIB)
  expect(tokensOf(padding, '\ua010'.repeat(1000)) - tokensOf(padding)).toBeGreaterThan(2600)
  // And what is read counts as what it is.
  expect(tokensOf('word '.repeat(200_000))).toBeLessThan(300_000)
})
