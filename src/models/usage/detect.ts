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
/** Records that OpenAI's usage has beside `input_tokens`; Anthropic has `output_tokens_details` too, of thinking tokens. */
const OPENAI_DETAILS = [
  'input_tokens_details',
  'output_tokens_details',
  'input_token_details',
  'output_token_details',
]
/** Fields that only Bedrock's usage has, of those with `inputTokens`. */
const BEDROCK = ['cacheReadInputTokens', 'cacheWriteInputTokens', 'cacheDetails']
/** What LangChain calls kinds of tokens in records that have one name with some of OpenAI's. */
const LANGCHAIN = ['cache_read', 'cache_creation', 'audio', 'reasoning', 'text', 'image', 'video', 'document']
const GEMINI = ['promptTokenCount', 'candidatesTokenCount', 'responseTokenCount', 'totalTokenCount']

/**
 * Whose usage an object is, told by the names of its fields, null ones included; null for none. The rules go from the top:
 *
 * 1. `prompt_tokens` or `completion_tokens`: OpenAI chat, and the many that speak it.
 * 2. a field of `GEMINI`: Gemini.
 * 3. `promptTokens` or `completionTokens`: AI SDK 4.
 * 4. `input_tokens` or `output_tokens`: LangChain if a record of its details names a kind as `LANGCHAIN` does, or it has a
 *    record `raw`; OpenAI responses if it has a record of `OPENAI_DETAILS` that counts no thinking
 *    tokens; else Anthropic if it has a field of `ANTHROPIC` or counts thinking tokens; else OpenAI responses. Without
 *    caching the two mean the same.
 * 5. `inputTokens` or `outputTokens`: Bedrock if it has a field of `BEDROCK`, else AI SDK. Without caching the two mean
 *    the same.
 */
export function providerOf(usage: Record<string, unknown>): UsageProvider | null {
  const has = (names: readonly string[]): boolean => names.some((name) => Object.hasOwn(usage, name))
  if (has(['prompt_tokens', 'completion_tokens'])) return 'openai-chat'
  if (has(GEMINI)) return 'gemini'
  if (has(['promptTokens', 'completionTokens'])) return 'ai-sdk-4'
  if (has(['input_tokens', 'output_tokens'])) {
    const own = [usage.input_token_details, usage.output_token_details].filter(isRecord)
    const isLangChain = own.some((record) => LANGCHAIN.some((name) => Object.hasOwn(record, name)))
    if (isLangChain || isRecord(usage.raw)) return 'langchain'
    const details = OPENAI_DETAILS.map((name) => usage[name]).filter(isRecord)
    const thinks = details.some((record) => Object.hasOwn(record, 'thinking_tokens'))
    if (details.length > 0 && !thinks) return 'openai-responses'
    return thinks || has(ANTHROPIC) ? 'anthropic' : 'openai-responses'
  }
  if (has(['inputTokens', 'outputTokens'])) return has(BEDROCK) ? 'bedrock' : 'ai-sdk'
  return null
}
