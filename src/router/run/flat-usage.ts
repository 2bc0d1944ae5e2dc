import { cacheWrittenIn } from '../../base/cache-written.js'
import { isAmount, isRecord } from '../../base/check.js'
import { type Json, memberOf } from '../../base/json.js'

/** Providers of which version 5 of the AI SDK counts a prompt without what came from a cache or went into one. */
const COUNT_CACHE_BESIDE = ['anthropic', 'bedrock'] as const

/**
 * A flat usage of version 5 of the AI SDK in the words of Anthropic, which count the cache beside the prompt: what went into it stands in the
 * metadata of the steps alone. Any other usage, and that of other providers, as it is.
 * @param answer its steps, or it itself, have the providers' own words
 */
export function withCacheBeside(usage: object, answer: Json, steps: unknown): object {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage as Json
  if (
    !isAmount(inputTokens) ||
    memberOf(usage, 'inputTokenDetails') !== undefined ||
    isRecord(memberOf(usage, 'raw'))
  )
    return usage
  const all: readonly unknown[] = Array.isArray(steps) && steps.length > 0 ? steps : [answer]
  const own = all.flatMap((step) => {
    const metadata = memberOf(step, 'providerMetadata')
    return COUNT_CACHE_BESIDE.map((name) => memberOf(metadata, name)).filter(isRecord)
  })
  if (own.length === 0) return usage
  const sum = (of: (each: Json) => unknown) =>
    own
      .map(of)
      .filter(isAmount)
      .reduce((all, each) => all + each, 0)
  const written = sum(cacheWrittenIn)
  const anHour = sum(({ usage }) => memberOf(memberOf(usage, 'cache_creation'), 'ephemeral_1h_input_tokens'))
  return {
    input_tokens: inputTokens,
    cache_read_input_tokens: cachedInputTokens ?? 0,
    cache_creation_input_tokens: written,
    cache_creation: {
      ephemeral_5m_input_tokens: Math.max(0, written - anHour),
      ephemeral_1h_input_tokens: Math.min(written, anHour),
    },
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: reasoningTokens ?? 0 },
  }
}
