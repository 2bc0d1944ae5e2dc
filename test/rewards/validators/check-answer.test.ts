import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { answerOf } from '../../../src/rewards/answer-of.js'
import { ajvCheck } from '../../../src/rewards/validators/ajv-check.js'
import { CollectedAnswer } from '../../../src/rewards/validators/collected-answer.js'
import { type AnswerFormat, contractOf } from '../../../src/rewards/validators/contract.js'
import type { SchemaCheck } from '../../../src/rewards/validators/json-schema.js'
import { checkAnswer } from '../../../src/rewards/validators/verdict.js'

const chat = (message: object, finish_reason = 'stop') => ({
  choices: [{ index: 0, message, finish_reason }],
})
const call = (args: string) => ({
  content: null,
  tool_calls: [{ function: { name: 'find', arguments: args } }],
})
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const JSON_SCHEMA = { response_format: { type: 'json_schema', json_schema: { schema } } }
const TOOLS = { tools: [{ type: 'function', function: { name: 'find', parameters: schema } }] }
const GOOD = { flaw: null, verdict: { value: 1, isFirm: true } }
const bad = (flaw: string) => ({ flaw, verdict: { value: 0, isFirm: true } })
/** It was cut where its client wanted it to be. */
const UNTOLD = { flaw: 'truncated_answer', verdict: null }
const MERE = { flaw: null, verdict: { value: 1, isFirm: false } }

function checked(format: AnswerFormat, request: object, answer: object | object[], fits?: SchemaCheck) {
  const read = answerOf(format, request, answer)
  return checkAnswer(read.contract, read.answer, read.answer.flaw, fits)
}

describe('an answer', () => {
  it.each<[string, AnswerFormat, object, object | object[], object]>([
    ['fits its schema', 'chat', JSON_SCHEMA, chat({ content: '{"city":"Paris"}' }), GOOD],
    ['does not', 'chat', JSON_SCHEMA, chat({ content: '{"town":"Paris"}' }), bad('invalid_answer')],
    ['is no JSON', 'chat', JSON_SCHEMA, chat({ content: 'Paris' }), bad('invalid_answer')],
    ['calls a tool as it is', 'chat', TOOLS, chat(call('{"city":"Paris"}')), GOOD],
    ['calls it otherwise', 'chat', TOOLS, chat(call('{}')), bad('invalid_answer')],
    [
      'calls a tool that came later',
      'messages',
      {
        tools: [{ name: 'find', input_schema: schema }],
        messages: [{ role: 'system', content: [{ type: 'tool_addition', tool: { name: 'new' } }] }],
      },
      { content: [{ type: 'tool_use', name: 'new', input: {} }] },
      MERE,
    ],
    [
      'calls a tool that came later, in a response',
      'responses',
      {
        tools: [{ type: 'function', name: 'find' }],
        input: [{ type: 'additional_tools', tools: [{ name: 'new' }] }],
      },
      { output: [{ type: 'function_call', name: 'new', arguments: '{}' }] },
      MERE,
    ],
    ['only talks', 'chat', TOOLS, chat({ content: 'Paris' }), MERE],
    ['has nothing to fit', 'chat', {}, chat({ content: 'Paris' }), MERE],
    ['is empty', 'chat', {}, chat({ content: '' }), bad('empty_answer')],
    ['asks its client for work', 'responses', {}, { output: [{ type: 'computer_call' }] }, MERE],
    [
      'asks for work before it is the JSON that was asked for',
      'responses',
      { text: { format: { type: 'json_schema', schema } }, tools: [{ type: 'function', name: 'find' }] },
      { output: [{ type: 'shell_call' }] },
      MERE,
    ],
    [
      'has work of its provider alone',
      'responses',
      {},
      { output: [{ type: 'web_search_call' }] },
      bad('empty_answer'),
    ],
    ['is refused', 'chat', {}, chat({ content: null, refusal: 'No.' }), bad('refused_answer')],
    ['is filtered', 'chat', {}, chat({ content: 'Pa' }, 'content_filter'), bad('refused_answer')],
    ['is cut', 'chat', {}, chat({ content: 'Pa' }, 'length'), bad('truncated_answer')],
    ['is cut behind a label', 'chat', { max_tokens: 1 }, chat({ content: 'Pa' }, 'length'), UNTOLD],
    [
      'is cut behind a label, by the newer word',
      'chat',
      { max_tokens: 500, max_completion_tokens: 32 },
      chat({ content: 'Pa' }, 'length'),
      UNTOLD,
    ],
    [
      'is cut at more tokens than a label has',
      'chat',
      { max_tokens: 33 },
      chat({ content: 'Pa' }, 'length'),
      bad('truncated_answer'),
    ],
    [
      'says nothing before it is cut',
      'chat',
      { max_tokens: 5 },
      chat({ content: '' }, 'length'),
      bad('truncated_answer'),
    ],
    [
      'is cut in its JSON, however little was allowed',
      'chat',
      { max_tokens: 5, ...JSON_SCHEMA },
      chat({ content: '{"ci' }, 'length'),
      bad('truncated_answer'),
    ],
    [
      'is cut in a call, however little was allowed',
      'chat',
      { max_tokens: 5, ...TOOLS },
      chat(call('{"ci'), 'length'),
      bad('truncated_answer'),
    ],
    [
      'is cut by a failure, however little was allowed',
      'chat',
      { max_tokens: 5 },
      chat({ content: 'Pa' }, 'network_error'),
      bad('truncated_answer'),
    ],
    [
      'is one of two, of which a failure has cut the other',
      'chat',
      { max_tokens: 5 },
      {
        choices: [
          { index: 0, message: { content: 'Pa' }, finish_reason: 'length' },
          { index: 1, message: { content: 'Pa' }, finish_reason: 'error' },
        ],
      },
      bad('truncated_answer'),
    ],
    [
      'is refused, however little was allowed',
      'chat',
      { max_tokens: 5 },
      chat({ content: 'Pa' }, 'content_filter'),
      bad('refused_answer'),
    ],
    [
      'of responses is cut behind a label',
      'responses',
      { max_output_tokens: 16 },
      {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ content: [{ type: 'output_text', text: 'Pa' }] }],
      },
      UNTOLD,
    ],
    [
      'of messages is cut behind a label',
      'messages',
      { max_tokens: 8 },
      { content: [{ type: 'text', text: 'Pa' }], stop_reason: 'max_tokens' },
      UNTOLD,
    ],
    [
      'is streamed and cut',
      'chat',
      {},
      [
        { choices: [{ index: 0, delta: { content: 'Pa' } }] },
        { choices: [{ index: 0, delta: {}, finish_reason: 'length' }] },
      ],
      bad('truncated_answer'),
    ],
    [
      'of responses is cut',
      'responses',
      {},
      {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ content: [{ type: 'output_text', text: 'Pa' }] }],
      },
      bad('truncated_answer'),
    ],
    [
      'of responses is refused',
      'responses',
      {},
      { status: 'completed', output: [{ content: [{ type: 'refusal', refusal: 'No.' }] }] },
      bad('refused_answer'),
    ],
    [
      'of messages is cut',
      'messages',
      {},
      { content: [{ type: 'text', text: 'Pa' }], stop_reason: 'max_tokens' },
      bad('truncated_answer'),
    ],
    [
      'of messages is refused, streamed',
      'messages',
      {},
      [{ type: 'message_delta', delta: { stop_reason: 'refusal' } }],
      bad('refused_answer'),
    ],
  ])('that %s', (_, format, request, answer, check) => {
    expect(checked(format, request, answer)).toEqual(check)
  })

  it('that is too long is not judged', () => {
    expect(checked('chat', JSON_SCHEMA, chat({ content: 'x'.repeat(300_000) })).verdict).toBeNull()
  })

  it.each([
    [() => answerOf('chat', null as never, {})],
    [() => answerOf('chat', {}, 7 as never)],
    [() => answerOf('letters' as never, {}, {})],
    [() => contractOf('letters' as never, {})],
    [() => new CollectedAnswer().add('chat', null as never)],
    [() => new CollectedAnswer().add('letters' as never, {})],
    [() => ajvCheck({} as never)],
    [() => ajvCheck(null as never)],
  ])('is refused where it cannot be read: %#', (make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

describe('a collected answer', () => {
  it.each<[string, (i: number) => object]>([
    ['empty calls', (index) => ({ choices: [{ delta: { tool_calls: [{ index, function: {} }] } }] })],
    ['answers', (index) => ({ choices: [{ index, delta: { content: 'x' } }] })],
    [
      'answers with long names',
      (i) => ({ choices: [{ index: `${i}`.repeat(50), delta: { content: 'x' } }] }),
    ],
  ])('is too long where it has %s without number', (_, eventOf) => {
    const answer = new CollectedAnswer()
    for (let i = 0; i < 50_000; i++) answer.add('chat', { ...eventOf(i) })
    expect(answer.isTooLong).toBe(true)
    expect(answer.calls.size + answer.texts.size).toBeLessThan(5000)
  })
})

describe('a schema that ajv checks', () => {
  const fits = ajvCheck(new Ajv({ strict: false, logger: false }))
  const pattern = { response_format: { type: 'json_schema', json_schema: { schema: { pattern: '^P' } } } }

  it('may have what is not decided otherwise', () => {
    expect(checked('chat', pattern, chat({ content: '"Paris"' })).verdict).toBeNull()
    expect(checked('chat', pattern, chat({ content: '"Paris"' }), fits)).toEqual(GOOD)
    expect(checked('chat', pattern, chat({ content: '"Rome"' }), fits)).toEqual(bad('invalid_answer'))
  })

  it('is undecided where it is invalid, and is compiled once', () => {
    let count = 0
    const counting = ajvCheck({
      compile() {
        count++
        return () => true
      },
    })
    for (let i = 0; i < 3; i++) expect(counting('x', { type: 'string' })).toBe(true)
    expect(count).toBe(1)
    expect(fits('x', { type: 'no-such-type' })).toBeNull()
    expect(fits('x', 7)).toBeNull()
    for (let i = 0; i < 1500; i++) counting(i, { const: i })
    expect(counting('x', { type: 'string' })).toBe(true)
    expect(count).toBe(1502)
  })
})
