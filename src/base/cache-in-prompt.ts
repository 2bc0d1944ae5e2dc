import { isAmount } from './check.js'
import type { Json } from './json.js'

/**
 * Portkey counts the prompt of Anthropic's models without what came from a cache or went into one, and both in the total alone (its
 * adapter of Anthropic): they are of the prompt, as others have it. Any other usage as it is.
 */
export function withCacheInPrompt(usage: Json): Json {
  const { cache_read_input_tokens: read, cache_creation_input_tokens: written } = usage
  const beside = (isAmount(read) ? read : 0) + (isAmount(written) ? written : 0)
  if (beside === 0) return usage
  const { prompt_tokens: prompt, completion_tokens: output, total_tokens: total } = usage
  if (!isAmount(prompt) || !isAmount(output) || total !== prompt + output + beside) return usage
  return { ...usage, prompt_tokens: prompt + beside }
}
