import { isRecord, isText } from '../../base/check.js'
import { reading } from '../../base/read-once.js'
import { SERVICE_TIERS, type ServiceTier } from '../../models/service-tier.js'

/** Where answers and events of SDKs have their usage. `totalUsage` is of all steps, where `usage` is of the last. */
const PLACES = ['totalUsage', 'usage', 'usageMetadata', 'usage_metadata'] as const
/** Members of answers and events that may hold such a one: of axios, of OpenAI's and of Anthropic's streams. */
const HOLDERS = ['data', 'response', 'message'] as const

/**
 * The usage of an answer, as its provider says it: of OpenAI, Anthropic, Gemini, Bedrock, LangChain or the AI SDK, of the whole
 * answer or of one event of its stream. `settle` reads it.
 * @returns null where there is none. A promise where the answer has one, as of `streamText`
 */
export function usageOf(answer: unknown): object | PromiseLike<object> | null {
  return reading('answer', () => usageIn(answer) ?? (isRecord(answer) ? held(answer) : null))
}

function held(answer: Record<string, unknown>): object | PromiseLike<object> | null {
  for (const name of HOLDERS) {
    const found = usageIn(answer[name])
    if (found !== null) return found
  }
  return null
}

function usageIn(value: unknown): object | PromiseLike<object> | null {
  if (typeof value !== 'object' || value === null) return null
  for (const name of PLACES) {
    const usage: unknown = Reflect.get(value, name)
    if (typeof usage === 'object' && usage !== null && !Array.isArray(usage)) return usage
  }
  return null
}

/** Both usages of one answer: Anthropic says what it read first, and what it wrote last. What is said later counts. */
export function mergedUsage(before: object | null, after: object): object {
  if (before === null) return after
  const said = Object.entries(after).filter(([, value]) => value !== null && value !== undefined)
  return { ...before, ...Object.fromEntries(said) }
}

/**
 * Whether the usage of an event of a stream is that of a part of the answer: as Anthropic's begins (input read, one token written), and
 * as Gemini's goes on. An answer that breaks off there was billed more.
 */
export function isPartialUsage(event: unknown): boolean {
  if (!isRecord(event)) return false
  if (event.type === 'message_start') return true
  if (isRecord(event.usageMetadata)) {
    const candidates = Array.isArray(event.candidates) ? event.candidates : []
    return !candidates.some((each) => isRecord(each) && isText(each.finishReason))
  }
  // LangChain's pieces of the former: hardly a token is written.
  const { usage_metadata: usage } = event
  return isRecord(usage) && typeof usage.output_tokens === 'number' && usage.output_tokens <= 1
}

/** How an answer, or an event of its stream, says that it was served, where that has a discount. */
export function serviceTierOf(answer: unknown): ServiceTier | null {
  if (!isRecord(answer)) return null
  for (const place of [answer, answer.data, answer.response]) {
    const tier = isRecord(place) ? place.service_tier : undefined
    const known = SERVICE_TIERS.find((each) => each === tier)
    if (known !== undefined) return known
  }
  return null
}
