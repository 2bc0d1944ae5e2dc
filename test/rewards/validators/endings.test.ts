import { describe, expect, it } from 'vitest'
import { flawOfFinish } from '../../../src/rewards/validators/endings.js'

describe('why an answer ended', () => {
  it.each([
    ['OpenAI', 'length', 'truncated_answer'],
    ['OpenAI', 'content_filter', 'refused_answer'],
    ['Anthropic', 'max_tokens', 'truncated_answer'],
    ['Anthropic', 'refusal', 'refused_answer'],
    ['Gemini', 'MAX_TOKENS', 'truncated_answer'],
    ['Gemini', 'SAFETY', 'refused_answer'],
    ['Gemini', 'content_filter: PROHIBITED_CONTENT', 'refused_answer'],
    ['Mistral', 'model_length', 'truncated_answer'],
    ['Mistral', 'error', 'truncated_answer'],
    ['DeepSeek', 'insufficient_system_resource', 'truncated_answer'],
    ['vLLM', 'abort', 'truncated_answer'],
    ['Cohere', 'ERROR_TOXIC', 'refused_answer'],
    ['Z.ai', 'sensitive', 'refused_answer'],
    ['Z.ai', 'network_error', 'truncated_answer'],
    ['OpenAI', 'stop', null],
    ['OpenAI', 'tool_calls', null],
    ['Anthropic', 'end_turn', null],
    ['Anthropic', 'pause_turn', null],
    ['Together', 'eos', null],
    ['a later release', 'because', null],
    ['a stream that goes on', null, null],
  ])('of %s, %s: %s', (_, reason, flaw) => {
    expect(flawOfFinish(reason)).toBe(flaw)
  })
})
