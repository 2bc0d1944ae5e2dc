import { isRecord } from '../../base/check.js'
import type { UsageProvider } from './providers.js'

/** Fields that only Anthropic's usage has, of those with `input_tokens`. */
const ANTHROPIC = [
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'cache_creation',
  'server_tool_use',
  'service_tier',
]
/** Fields that only Bedrock's usage has, of those with `inputTokens`. */
const BEDROCK = ['cacheReadInputTokens', 'cacheWriteInputTokens', 'cacheDetails']
const GEMINI = ['promptTokenCount', 'candidatesTokenCount', 'responseTokenCount', 'totalTokenCount']

/**
 * Whose usage an object is, told by the names of its fields, null ones included; null for none. The rules go from the top:
 *
 * 1. `prompt_tokens` or `completion_tokens`: OpenAI chat, and the many that speak it.
 * 2. a field of `GEMINI`: Gemini.
 * 3. `promptTokens` or `completionTokens`: AI SDK 4.
 * 4. `input_tokens` or `output_tokens`: Anthropic if it has a field of `ANTHROPIC` or counts thinking tokens, else OpenAI
 *    responses. Without caching the two mean the same. One that looks like both is read as Anthropic, which counts more.
 * 5. `inputTokens` or `outputTokens`: Bedrock if it has a field of `BEDROCK`, else AI SDK. Without caching the two mean
 *    the same.
 */
export function providerOf(usage: Record<string, unknown>): UsageProvider | null {
  const has = (names: readonly string[]): boolean => names.some((name) => Object.hasOwn(usage, name))
  if (has(['prompt_tokens', 'completion_tokens'])) return 'openai-chat'
  if (has(GEMINI)) return 'gemini'
  if (has(['promptTokens', 'completionTokens'])) return 'ai-sdk-4'
  if (has(['input_tokens', 'output_tokens'])) {
    const { output_tokens_details: details } = usage
    const thinks = isRecord(details) && Object.hasOwn(details, 'thinking_tokens')
    return has(ANTHROPIC) || thinks ? 'anthropic' : 'openai-responses'
  }
  if (has(['inputTokens', 'outputTokens'])) return has(BEDROCK) ? 'bedrock' : 'ai-sdk'
  return null
}
