import { cacheWrittenIn } from '../../../base/cache-written.js'
import { isRecord } from '../../../base/check.js'
import { type Json, numberOf, objectOf, objectsOf } from '../../../base/json.js'

/** Tokens of an answer. The whole of a side holds its parts. */
export interface Tokens {
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite: number
  /** Of `cacheWrite`, those that are kept for an hour. */
  readonly cacheWrite1h: number
  readonly audioInput: number
  readonly output: number
  readonly reasoning: number
}

/**
 * A usage of specification v2, v3 or v4; null: none of its counts says anything.
 * @param metadata the provider's own words beside it
 * @param isCacheBeside whether the prompt of a flat usage is counted without what came from a cache or went into one
 */
export function readTokens(usage: unknown, metadata: unknown, isCacheBeside: boolean): Tokens | null {
  if (!isRecord(usage)) return null
  if (isCacheBeside && typeof usage.inputTokens === 'number')
    return readTokens(withCache(usage, usage.inputTokens, metadata), null, false)
  const { inputTokens, outputTokens } = usage
  const raw = objectOf(usage.raw) ?? {}
  const [inputs, outputs] = [objectOf(inputTokens) ?? {}, objectOf(outputTokens) ?? {}]
  const count = (...values: readonly unknown[]) =>
    values.map(numberOf).find((each) => each !== null && each >= 0) ?? null
  const cacheRead = count(inputs.cacheRead, usage.cachedInputTokens) ?? 0
  const cacheWrite = count(inputs.cacheWrite) ?? 0
  const reasoning = count(outputs.reasoning, usage.reasoningTokens) ?? 0
  const ofInputs = isRecord(inputTokens) ? sum(count(inputs.noCache), cacheRead + cacheWrite) : null
  const ofOutputs = isRecord(outputTokens) ? sum(count(outputs.text), reasoning) : null
  const total = count(usage.totalTokens)
  const input = count(inputs.total, inputTokens) ?? ofInputs
  const output = count(outputs.total, outputTokens) ?? ofOutputs
  if (input === null && output === null && total === null) return null
  return {
    input: input ?? Math.max(0, (total ?? 0) - (output ?? 0)),
    cacheRead,
    cacheWrite,
    cacheWrite1h: Math.min(cacheWrite, count(objectOf(raw.cache_creation)?.ephemeral_1h_input_tokens) ?? 0),
    audioInput: audioOf(raw),
    // Some totals hold reasoning that no side counts.
    output: Math.max(output ?? 0, total === null || input === null ? 0 : total - input),
    reasoning,
  }
}

/** A flat usage whose prompt has all its parts, as later specifications have it. What went into a cache stands in the metadata alone. */
function withCache(usage: Json, noCache: number, metadata: unknown): Json {
  const cacheRead = numberOf(usage.cachedInputTokens) ?? 0
  let cacheWrite = 0
  let raw: Json = {}
  for (const said of Object.values(objectOf(metadata) ?? {})) {
    const own = objectOf(said) ?? {}
    const written = cacheWrittenIn(own)
    if (written <= cacheWrite) continue
    cacheWrite = written
    raw = objectOf(own.usage) ?? {}
  }
  const { totalTokens: _, outputTokens, reasoningTokens } = usage
  const total = noCache + cacheRead + cacheWrite
  return { inputTokens: { total, noCache, cacheRead, cacheWrite }, outputTokens, reasoningTokens, raw }
}

function sum(first: number | null, rest: number): number | null {
  return first === null && rest === 0 ? null : (first ?? 0) + rest
}

/** Audio costs more, and the SDK does not count it: it stands in the provider's own usage alone. */
function audioOf(raw: Json): number {
  const named = objectOf(raw.prompt_tokens_details) ?? objectOf(raw.input_tokens_details) ?? {}
  const listed = objectsOf(raw.promptTokensDetails).find(({ modality }) => modality === 'AUDIO')
  return numberOf(named.audio_tokens) ?? numberOf(listed?.tokenCount) ?? 0
}

/** What was written to a cache: its lifetimes as Alibaba tells them in OpenAI's language, which has no names for them. */
function writesOf({ cacheWrite, cacheWrite1h }: Tokens): Json {
  if (cacheWrite === 0) return {}
  if (cacheWrite1h === 0) return { cache_write_tokens: cacheWrite }
  return { cache_write_tokens: cacheWrite, cache_creation: lifetimesOf(cacheWrite, cacheWrite1h) }
}

function lifetimesOf(all: number, hour: number): Json {
  return { ephemeral_5m_input_tokens: all - hour, ephemeral_1h_input_tokens: hour }
}

/** As chat completions have it. */
export function chatUsage(tokens: Tokens): Json {
  const { input, cacheRead, audioInput, output, reasoning } = tokens
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: cacheRead,
      ...writesOf(tokens),
      audio_tokens: audioInput,
    },
    completion_tokens_details: { reasoning_tokens: reasoning },
  }
}

export function responsesUsage(tokens: Tokens): Json {
  const { input, cacheRead, audioInput, output, reasoning } = tokens
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: cacheRead,
      ...writesOf(tokens),
      ...(audioInput > 0 ? { audio_tokens: audioInput } : {}),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  }
}

/** Anthropic counts the prompt without what came from a cache or went into one. */
export function messagesUsage(tokens: Tokens): Json {
  const { input, cacheRead, cacheWrite, cacheWrite1h, output, reasoning } = tokens
  return {
    input_tokens: Math.max(0, input - cacheRead - cacheWrite),
    cache_read_input_tokens: cacheRead,
    cache_creation_input_tokens: cacheWrite,
    ...(cacheWrite > 0 ? { cache_creation: lifetimesOf(cacheWrite, cacheWrite1h) } : {}),
    output_tokens: output,
    ...(reasoning > 0 ? { output_tokens_details: { thinking_tokens: reasoning } } : {}),
  }
}
