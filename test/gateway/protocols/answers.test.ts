import { describe, expect, it } from 'vitest'
import { ANTHROPIC_MESSAGES } from '../../../src/gateway/protocols/anthropic-messages.js'
import { OPENAI_CHAT } from '../../../src/gateway/protocols/openai-chat.js'
import { OPENAI_RESPONSES } from '../../../src/gateway/protocols/openai-responses.js'
import { Collected } from '../../../src/gateway/validators/collected.js'
import { contractOf } from '../../../src/gateway/validators/contract.js'
import { keeps } from '../../../src/gateway/validators/verdict.js'

const chat = (message: object) => ({ choices: [{ index: 0, message, finish_reason: 'stop' }] })
const custom = { id: 'c', type: 'custom', custom: { name: 'shell', input: 'ls -l' } }

/** Answers, and whether something of them is more than thinking. */
const ANSWERS = [
  [OPENAI_CHAT, chat({ content: 'Paris' }), true],
  [OPENAI_CHAT, chat({ content: null, reasoning_content: 'Hm.' }), false],
  [OPENAI_CHAT, chat({ content: '', reasoning: 'Hm.' }), false],
  [OPENAI_CHAT, chat({ content: null, reasoning: 'Hm.', tool_calls: [custom] }), true],
  [OPENAI_CHAT, chat({ content: null, tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }), true],
  [
    ANTHROPIC_MESSAGES,
    { type: 'message', content: [{ type: 'thinking', thinking: 'Hm.' }], stop_reason: 'end_turn' },
    false,
  ],
  [
    ANTHROPIC_MESSAGES,
    { type: 'message', content: [{ type: 'redacted_thinking', data: 'x' }], stop_reason: 'end_turn' },
    false,
  ],
  [
    ANTHROPIC_MESSAGES,
    {
      type: 'message',
      content: [
        { type: 'thinking', thinking: 'Hm.' },
        { type: 'text', text: 'Paris' },
      ],
      stop_reason: 'end_turn',
    },
    true,
  ],
  [
    OPENAI_RESPONSES,
    {
      status: 'completed',
      output: [{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] }],
    },
    false,
  ],
  [
    OPENAI_RESPONSES,
    { status: 'completed', output: [{ type: 'custom_tool_call', name: 'shell', input: 'ls' }] },
    true,
  ],
] as const

describe('a whole answer', () => {
  it.each(ANSWERS)('is told from thinking: %#', (adapter, answer, hasAnswer) => {
    expect(adapter.readAnswer(answer)).toMatchObject({ hasContent: true, hasAnswer })
  })
})

describe('an event of a stream', () => {
  const event = (data: object) => ({ data: JSON.stringify(data) })
  it.each([
    [OPENAI_CHAT, { choices: [{ index: 0, delta: { reasoning_content: 'Hm.' } }] }, false],
    [OPENAI_CHAT, { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...custom }] } }] }, true],
    [
      ANTHROPIC_MESSAGES,
      { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'Hm.' } },
      false,
    ],
    [ANTHROPIC_MESSAGES, { type: 'content_block_delta', delta: { type: 'text_delta', text: 'P' } }, true],
    [OPENAI_RESPONSES, { type: 'response.reasoning_summary_text.delta', delta: 'Hm.' }, false],
    [OPENAI_RESPONSES, { type: 'response.reasoning_text.delta', delta: 'Hm.' }, false],
    [OPENAI_RESPONSES, { type: 'response.output_text.delta', delta: 'P' }, true],
    [OPENAI_RESPONSES, { type: 'response.custom_tool_call_input.delta', delta: 'l' }, true],
  ] as const)('is told from thinking: %#', (adapter, data, hasAnswer) => {
    expect(adapter.readEvent(event(data), data)).toMatchObject({ hasContent: true, hasAnswer })
  })
})

describe('what was asked', () => {
  const kept = (surface: 'chat' | 'responses', body: object, answer: object) => {
    const collected = new Collected(surface)
    collected.add(answer as never)
    return keeps(contractOf(surface, body as never), collected)
  }

  it('is not kept by thinking alone, where JSON was asked for', () => {
    const body = { response_format: { type: 'json_object' } }
    expect(kept('chat', body, chat({ content: null, reasoning: '{"a":1}' }))).toBe(false)
    expect(kept('chat', body, chat({ content: '{"a":1}' }))).toBe(true)
  })

  it('is a text of any form where a tool takes one, and a tool that there is', () => {
    const tools = [
      { type: 'custom', custom: { name: 'shell' } },
      { type: 'function', function: { name: 'f', parameters: { type: 'object' } } },
    ]
    const calls = (...tool_calls: object[]) => chat({ content: null, tool_calls })
    expect(kept('chat', { tools }, calls(custom))).toBe(true)
    expect(kept('chat', { tools }, calls({ ...custom, custom: { name: 'other', input: '' } }))).toBe(false)
    expect(kept('chat', { tools }, calls({ function: { name: 'f', arguments: 'ls' } }))).toBe(false)
    const flat = [{ type: 'custom', name: 'shell' }]
    const call = (name: string) => ({ output: [{ type: 'custom_tool_call', name, input: 'ls' }] })
    expect(kept('responses', { tools: flat }, call('shell'))).toBe(true)
    expect(kept('responses', { tools: flat }, call('other'))).toBe(false)
  })
})
