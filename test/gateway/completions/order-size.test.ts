import fc from 'fast-check'
import { getEncoding } from 'js-tiktoken'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/base/json.js'
import { orderSize, promptTokens, SIZE_MEMBERS } from '../../../src/gateway/completions/order-size.js'
import { ANTHROPIC_MESSAGES } from '../../../src/gateway/protocols/anthropic-messages.js'
import { parametersIn } from '../../../src/gateway/protocols/model-parameters.js'
import { OPENAI_CHAT } from '../../../src/gateway/protocols/openai-chat.js'
import { OPENAI_RESPONSES } from '../../../src/gateway/protocols/openai-responses.js'

const CONFIG = {
  requests: { imageTokens: 1300, fileTokens: 10_000 },
} as Parameters<typeof promptTokens>[1]
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
    const tokens = promptTokens(asked, CONFIG)
    const spied = {
      surface: adapter.surface,
      read: (read: Json) => {
        expect(JSON.stringify(read).length).toBeLessThan(10_000)
        return adapter.read(read)
      },
    }
    for (const parameters of PARAMETERS) {
      const models = ['a', 'b'].map((id) => ({ id, parameters })) as never
      const { most, changedInputTokens } = orderSize(spied, body, asked, tokens, models, CONFIG)
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
      const { inputTokens, maxInputTokens } = promptTokens(whole, CONFIG)
      expect(Math.abs(most.inputTokens - inputTokens)).toBeLessThanOrEqual(2)
      expect(Math.abs(most.maxInputTokens - maxInputTokens)).toBeLessThanOrEqual(10)
      expect(changedInputTokens.get('b')).toBe(most.inputTokens)
    }
  },
)

it('counts a kept conversation and a template of a model once, as they are one part of the prompt', () => {
  const body = { model: 'm', input: LONG, previous_response_id: 'r' }
  const asked = OPENAI_RESPONSES.read(body)
  const models = [{ id: 'a', parameters: { prompt: { id: 'p' } } }] as never
  const client = promptTokens(asked, CONFIG)
  expect(orderSize(OPENAI_RESPONSES, body, asked, client, models, CONFIG).most).toMatchObject(client)
})

const sizeOf = (body: Json) => promptTokens(OPENAI_CHAT.read({ model: 'm', ...body }), CONFIG)
const saying = (...contents: readonly unknown[]) => ({
  messages: contents.map((content) => ({ role: 'user', content })),
})
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

describe('the most tokens that a prompt can have', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ size: 'large', maxLength: 2000 }),
  )

  it('are no fewer than its bytes, wherever they stand and whatever they are', () => {
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1 }),
        fc.jsonValue({ stringUnit: 'binary' }),
        (texts, value) => {
          const parts = texts.map((each) => ({ type: 'text', text: each }))
          const calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: texts.join() } }]
          const bodies: readonly Json[] = [
            saying(...texts),
            saying(parts, value),
            { messages: [{ role: 'assistant', content: null, tool_calls: calls }] },
            { ...saying('x'), tools: [{ type: 'function', function: { name: 'f', parameters: value } }] },
            { ...saying('x'), response_format: { type: 'json_schema', json_schema: { schema: value } } },
          ]
          for (const body of bodies) {
            const read = JSON.parse(JSON.stringify(body))
            const written = JSON.stringify(read).replace(/\\u[0-9a-f]{4}|\\./g, '?')
            // What a provider writes before it is counted besides.
            const added = 200 + (Object.hasOwn(body, 'tools') ? 1000 : 0)
            expect(sizeOf(read).maxInputTokens - added).toBeGreaterThanOrEqual(
              Buffer.byteLength(written) - 30,
            )
          }
        },
      ),
    )
  })

  it('are those of a tokenizer or more, for what few words have: digits, signs, letters by chance', () => {
    const encoding = getEncoding('o200k_base')
    for (const letters of [
      '0123456789',
      '!"#$%&()*+,-./:;<=>?@[]^_`{|}~',
      'aB3xYz9Qp',
      'xq zj',
      'éüß ñ',
      '漢字カナ한글',
    ])
      fc.assert(
        fc.property(fc.string({ unit: fc.constantFrom(...letters), maxLength: 500 }), (each) => {
          expect(sizeOf(saying(each)).maxInputTokens - 200).toBeGreaterThanOrEqual(
            encoding.encode(each).length,
          )
        }),
        { numRuns: 20 },
      )
  })

  it('count what JSON writes as other signs, where a model reads JSON', () => {
    const tools = (description: string) => [{ type: 'function', function: { name: 'f', description } }]
    const { maxInputTokens: plain } = sizeOf({ ...saying('x'), tools: tools('a'.repeat(1000)) })
    const { maxInputTokens: escaped } = sizeOf({ ...saying('x'), tools: tools('\u0001'.repeat(1000)) })
    expect(escaped - plain).toBe(5000)
  })

  it('are those of a file that stands in the place of a picture', () => {
    const base64 = Buffer.from('word '.repeat(200_000)).toString('base64')
    for (const part of [
      { type: 'image_url', image_url: { url: `data:text/plain;base64,${base64}` } },
      { type: 'image_url', image_url: { url: `DATA:Text/Plain;charset=utf-8;base64,${base64}` } },
      { type: 'image_url', image_url: { url: `data:text/plain,${'word '.repeat(200_000)}` } },
      { type: 'input_image', image_url: `data:text/plain;base64,${base64}` },
      { type: 'image', source: { type: 'base64', media_type: 'text/plain', data: base64 } },
      { type: 'image', media_type: 'text/plain', data: base64 },
      { type: 'image_url', image_url: { url: `data:;base64,${base64}` } },
      { type: 'image', source: { media_type: 'text/plain', data: base64, url: 'data:image/png,' } },
      // Behind one that is a picture.
      {
        type: 'image_url',
        source: { type: 'base64', media_type: 'image/png', data: 'AAAA' },
        image_url: { url: ` data:text/plain;base64,${base64}` },
      },
    ])
      expect(sizeOf(saying([part])).maxInputTokens).toBeGreaterThanOrEqual(1_000_000)
    const once = sizeOf(saying([{ type: 'image', url: `data:text/plain;base64,${base64}` }]))
    expect(once.maxInputTokens).toBeLessThan(1_100_000)
    const picture = { type: 'image_url', image_url: { url: `data:image;base64,${base64}` } }
    expect(sizeOf(saying([picture])).maxInputTokens).toBeLessThan(2000)
    const bytes = { type: 'image_url', image_url: { url: `data:application/octet-stream;base64,${base64}` } }
    expect(sizeOf(saying([bytes])).inputTokens).toBeLessThan(2000)
    expect(OPENAI_CHAT.read({ model: 'm', ...saying([bytes]) }).size.unbounded).toBe(
      'a file of no known kind',
    )
    const pdf = { type: 'image_url', image_url: { url: `data:application/pdf;base64,${base64}` } }
    expect(OPENAI_CHAT.read({ model: 'm', ...saying([pdf]) }).size.unbounded).toBe('a document')
  })

  it('are not known of items that a provider finds by their ids', () => {
    const read = (item: Json) =>
      OPENAI_RESPONSES.read({ model: 'm', input: [{ role: 'user', content: 'x' }, item] })
    const referencesOf = (item: Json) => read(item).size.references
    for (const item of [
      { id: 'msg_1' },
      { type: null, id: 'msg_1' },
      { type: 'message', role: 'assistant', id: 'msg_1' },
      { type: 'reasoning', id: 'rs_1', summary: [] },
      { type: 'reasoning', id: 'rs_1', summary: [], content: [], encrypted_content: '' },
      { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: null },
    ])
      expect(read(item).size.unbounded).toBe('an item that the provider keeps')
    expect(read({ id: 'msg_1' }).lock).toBe('state of the provider')
    expect([{ id: 'msg_1' }, { type: 'item_reference', id: 'msg_1' }].map(referencesOf)).toEqual([1, 1])
    // What an agent sends back of its own work is there: only its thoughts are not, and they are short.
    const work: readonly Json[] = [
      { type: 'message', id: 'i', role: 'assistant', content: [{ type: 'output_text', text: 'y' }] },
      { type: 'function_call', id: 'i', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', id: 'i', call_id: 'c', output: '' },
      { type: 'reasoning', id: 'i', summary: [], encrypted_content: 'abc' },
      { type: 'web_search_call', id: 'i', status: 'completed' },
      { type: 'file_search_call', id: 'i', queries: ['q'], results: null },
      { type: 'computer_call', id: 'i', call_id: 'c', actions: [{ type: 'click' }] },
      { type: 'apply_patch_call', id: 'i', call_id: 'c', operation: { type: 'delete_file', path: 'p' } },
      { type: 'apply_patch_call_output', id: 'i', call_id: 'c', status: 'completed' },
      { type: 'mcp_approval_response', id: 'i', approval_request_id: 'r', approve: true },
      { type: 'custom_tool_call', id: 'i', call_id: 'c', name: 'f', input: '' },
      { type: 'code_interpreter_call', id: 'i', code: 'x', outputs: null },
    ]
    for (const item of work)
      expect([item, read(item).size.unbounded, referencesOf(item)]).toEqual([item, null, 0])
    const thoughts = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: null }
    const input = [
      { role: 'user', content: 'x' },
      ...Array.from({ length: 15 }, () => [thoughts, ...work]).flat(),
    ]
    const history = OPENAI_RESPONSES.read({ model: 'm', input })
    expect(promptTokens(history, CONFIG).inputTokens).toBeLessThan(10_000)
  })

  it('are of a picture what the config says, and not its bytes', () => {
    const url = `data:image/png;base64,${'A'.repeat(1_000_000)}`
    const { maxInputTokens } = sizeOf(saying([{ type: 'image_url', image_url: { url } }]))
    expect(maxInputTokens).toBeGreaterThanOrEqual(1300)
    expect(maxInputTokens).toBeLessThan(2000)
  })

  it('change nothing of what is expected', () => {
    const { inputTokens, maxInputTokens } = sizeOf(saying('word '.repeat(200_000)))
    expect(inputTokens).toBeLessThan(300_000)
    expect(maxInputTokens).toBeGreaterThanOrEqual(1_000_000)
    expect(bytesOf('word '.repeat(200_000))).toBeLessThan(maxInputTokens)
  })
})
