import type { JsonRecord } from './json.js'
import type { UsageStyle } from './plan.js'
import { plainInput, type TokenUse } from './tokens.js'

/** The usage of a chat answer, as a kind of provider names its counts. */
export function chatUsage(use: TokenUse, style: UsageStyle, costUsd: number): JsonRecord {
  const wholes = { prompt_tokens: use.input, completion_tokens: use.output }
  const total_tokens = use.input + use.output
  const completion_tokens_details = {
    reasoning_tokens: use.reasoning,
    audio_tokens: use.audioOutput,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  }
  const prompt_tokens_details = {
    cached_tokens: use.cachedInput,
    audio_tokens: use.audioInput,
    ...(use.imageInput > 0 ? { image_tokens: use.imageInput } : {}),
    ...(use.cacheWrite5m > 0 ? { cache_write_tokens: use.cacheWrite5m } : {}),
  }
  const openai = { ...wholes, total_tokens, prompt_tokens_details, completion_tokens_details }
  switch (style) {
    case 'openai':
    case 'groq':
      return openai
    case 'openrouter':
      return { ...openai, cost: costUsd, is_byok: false, cost_details: { upstream_inference_cost: costUsd } }
    case 'anthropic-names':
      return {
        ...wholes,
        total_tokens,
        cache_read_input_tokens: use.cachedInput,
        cache_creation_input_tokens: use.cacheWrite5m,
      }
    case 'deepseek':
      return {
        ...wholes,
        total_tokens,
        prompt_cache_hit_tokens: use.cachedInput,
        prompt_cache_miss_tokens: use.input - use.cachedInput,
        completion_tokens_details: { reasoning_tokens: use.reasoning },
      }
    case 'bare':
      return wholes
    case 'no-prompt':
      return { prompt_tokens: 0, completion_tokens: use.output, total_tokens: use.output }
  }
}

export function responsesUsage(use: TokenUse): JsonRecord {
  return {
    input_tokens: use.input,
    input_tokens_details: {
      cached_tokens: use.cachedInput,
      ...(use.audioInput > 0 ? { audio_tokens: use.audioInput } : {}),
      ...(use.imageInput > 0 ? { image_tokens: use.imageInput } : {}),
      ...(use.cacheWrite5m > 0 ? { cache_write_tokens: use.cacheWrite5m } : {}),
    },
    output_tokens: use.output,
    output_tokens_details: {
      reasoning_tokens: use.reasoning,
      ...(use.audioOutput > 0 ? { audio_tokens: use.audioOutput } : {}),
    },
    total_tokens: use.input + use.output,
  }
}

/** Anthropic's `input_tokens` leaves out what was read from a cache or written to one. */
export function messagesUsage(use: TokenUse, serviceTier: string): JsonRecord {
  return {
    ...messagesInput(use),
    output_tokens: use.output,
    ...(use.reasoning > 0 ? { output_tokens_details: { thinking_tokens: use.reasoning } } : {}),
    service_tier: serviceTier,
  }
}

export function messagesInput(use: TokenUse): JsonRecord {
  return {
    input_tokens: plainInput(use) + use.audioInput + use.imageInput,
    cache_read_input_tokens: use.cachedInput,
    cache_creation_input_tokens: use.cacheWrite5m + use.cacheWrite1h,
    cache_creation: {
      ephemeral_5m_input_tokens: use.cacheWrite5m,
      ephemeral_1h_input_tokens: use.cacheWrite1h,
    },
  }
}
