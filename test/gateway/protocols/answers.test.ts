import { describe, expect, it } from 'vitest'
import { ANTHROPIC_MESSAGES } from '../../../src/gateway/protocols/anthropic-messages.js'
import { OPENAI_CHAT } from '../../../src/gateway/protocols/openai-chat.js'
import { OPENAI_RESPONSES } from '../../../src/gateway/protocols/openai-responses.js'

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
  const THINKING = { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] }
  const PICTURE = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }

  it.each([
    ['a picture beside the text', { images: [PICTURE] }, '', true],
    ['a picture in the content', { content: [PICTURE] }, '', true],
    ['thinking in the content, as Mistral has it', { content: [THINKING] }, 'Hm.', false],
    ['both', { content: [THINKING, { type: 'text', text: 'Paris' }] }, 'Hm.Paris', true],
    ['a list of details', { reasoning_details: [{ type: 'reasoning.text', text: 'Hm.' }] }, 'Hm.', false],
    [
      'a list of details beside the same as a text',
      { reasoning: 'Hm.', reasoning_details: [{ type: 'reasoning.text', text: 'Hm.' }] },
      'Hm.',
      false,
    ],
  ])('has content where it is %s', (_, delta, text, hasAnswer) => {
    const chunk = { choices: [{ index: 0, delta, finish_reason: null }] }
    expect(OPENAI_CHAT.readEvent(event(chunk), chunk)).toMatchObject({ text, hasContent: true, hasAnswer })
  })

  it('of a picture that is not whole has content', () => {
    const partial = { type: 'response.image_generation_call.partial_image', partial_image_b64: 'AA' }
    expect(OPENAI_RESPONSES.readEvent(event(partial), partial)).toMatchObject({
      hasContent: true,
      hasAnswer: true,
    })
  })

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
