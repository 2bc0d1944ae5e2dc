import { serialize } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { Meter } from '../../../src/gateway/completions/meter.js'
import type { Facts } from '../../../src/gateway/protocols/adapter.js'
import { ANTHROPIC_MESSAGES } from '../../../src/gateway/protocols/anthropic-messages.js'
import { OPENAI_CHAT } from '../../../src/gateway/protocols/openai-chat.js'

const TEXT = 'word '.repeat(2000)

function answerOf(usage: object): Facts {
  return OPENAI_CHAT.readAnswer({
    choices: [{ message: { content: TEXT }, finish_reason: 'stop' }],
    usage,
  })
}

describe('the tokens of an answer', () => {
  it.each([
    ['none of the prompt', { completion_tokens: 1 }],
    ['a total alone', { total_tokens: 1 }],
    ['none of the answer', { prompt_tokens: 20, completion_tokens: 0 }],
  ])('are those of its text where its usage counts %s', (_, usage) => {
    const meter = new Meter(0)
    meter.add(answerOf(usage))
    expect(meter.leastOutputTokens).toBeGreaterThan(1900)
  })

  it('are those of its usage where that counts both, whatever its text', () => {
    const meter = new Meter(0)
    const usage = { prompt_tokens: 20, completion_tokens: 1 }
    meter.add(answerOf(usage))
    expect(meter.isCounted).toBe(true)
    expect(meter.usage).toEqual(usage)
  })

  it('are no fewer than those of its text where more comes after a usage that counts too few', () => {
    for (const finish of [null, 'stop']) {
      const meter = new Meter(0)
      const usage = { prompt_tokens: 20, completion_tokens: 1 }
      const choice = { delta: { content: TEXT }, finish_reason: finish }
      meter.add(OPENAI_CHAT.readEvent({ data: '{}' }, { choices: [choice], usage }))
      meter.add(OPENAI_CHAT.readEvent({ data: '{}' }, { choices: [{ delta: { content: 'more' } }] }))
      expect(meter.isCounted).toBe(false)
      expect(meter.leastOutputTokens).toBeGreaterThan(1900)
    }
  })

  it('are those of its usage, and of the text that came after it', () => {
    const meter = new Meter(0)
    const usage = { prompt_tokens: 20, completion_tokens: 5 }
    meter.add(OPENAI_CHAT.readEvent({ data: '{}' }, { choices: [{ delta: { content: TEXT } }], usage }))
    meter.add(OPENAI_CHAT.readEvent({ data: '{}' }, { choices: [{ delta: { content: TEXT } }] }))
    expect(meter.isCounted).toBe(false)
    expect(meter.leastOutputTokens).toBeGreaterThan(1900)
  })

  it.each(['7', -1, 1e13])('are those of its text where its end counts %j over its beginning', (count) => {
    const meter = new Meter(0)
    const events = [
      { type: 'message_start', message: { usage: { input_tokens: 20, output_tokens: 3 } } },
      { type: 'content_block_delta', delta: { type: 'text_delta', text: TEXT } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: count } },
    ]
    for (const event of events) meter.add(ANTHROPIC_MESSAGES.readEvent({ data: '{}' }, event))
    expect(meter.isCounted).toBe(false)
    expect(meter.leastOutputTokens).toBeGreaterThan(1900)
  })
})

describe('what is kept of an answer without end', () => {
  const usage = { prompt_tokens: 20, completion_tokens: 5 }

  it.each([
    ['whose every event has a usage and says why it ended', () => 0, true],
    ['of answers without number', (i: number) => i, false],
    ['of answers that are numbered oddly', (i: number) => (i % 2 === 0 ? -i : i + 0.5), false],
  ])('is bounded: %s', (_, indexOf, isSingle) => {
    const meter = new Meter(0, isSingle)
    for (let i = 0; i < 20_000; i++) {
      const choice = { index: indexOf(i), delta: { content: 'word '.repeat(20) }, finish_reason: 'stop' }
      meter.add(OPENAI_CHAT.readEvent({ data: '{}' }, { choices: [choice], usage }))
    }
    expect(serialize(meter).byteLength).toBeLessThan(150_000)
    expect(meter.isCounted).toBe(true)
    expect(meter.isFinished).toBe(true)
    expect(meter.leastOutputTokens).toBeGreaterThan(380_000)
  })

  it.each<[string, (name: string) => object]>([
    ['counts', (name) => ({ [name]: 1 })],
    ['details', (name) => ({ completion_tokens_details: { [name]: 1 } })],
  ])('is bounded where each usage has %s of another name', (_, more) => {
    const meter = new Meter(0)
    for (let i = 0; i < 2000; i++) {
      const counts = { ...usage, completion_tokens: i, ...more(`odd_${i}_tokens`) }
      meter.add(OPENAI_CHAT.readEvent({ data: '{}' }, { choices: [], usage: counts }))
    }
    expect(serialize(meter).byteLength).toBeLessThan(20_000)
    expect(meter.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 1999 })
  })
})

describe('an answer of the prompt alone', () => {
  const USAGE = { type: 'message_delta', delta: {}, usage: { input_tokens: 20, output_tokens: 0 } }

  it.each<readonly [string, readonly object[], boolean]>([
    ['with nothing but a usage', [], true],
    [
      'whose block has begun',
      [{ type: 'content_block_start', content_block: { type: 'text', text: '' } }],
      false,
    ],
    [
      'with an empty piece',
      [{ type: 'content_block_delta', delta: { type: 'text_delta', text: '' } }],
      false,
    ],
  ])('is one in which none has begun, of Anthropic too: %s', (_, before, isAlone) => {
    const meter = new Meter(0)
    for (const event of [...before, USAGE])
      meter.add(ANTHROPIC_MESSAGES.readEvent({ data: '' }, { ...event }))
    expect(meter.isOfPromptAlone).toBe(isAlone)
  })
})
