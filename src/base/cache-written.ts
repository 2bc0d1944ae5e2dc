import { isAmount } from './check.js'
import { type Json, memberOf } from './json.js'

/**
 * Tokens that went into a cache, by what the AI SDK keeps of a provider's own words beside a flat usage (specification v2): of Anthropic and
 * Bedrock. 0: it says nothing of them.
 */
export function cacheWrittenIn({ cacheCreationInputTokens, usage }: Json): number {
  const counts = [
    cacheCreationInputTokens,
    memberOf(usage, 'cache_creation_input_tokens'),
    memberOf(usage, 'cacheWriteInputTokens'),
  ]
  return Math.max(0, ...counts.filter(isAmount))
}
