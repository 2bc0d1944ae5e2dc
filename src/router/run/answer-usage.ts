import { isRecord, isText } from '../../base/check.js'
import { memberOf } from '../../base/json.js'
import { reading } from '../../base/read-once.js'
import { SERVICE_TIERS, type ServiceTier } from '../../models/service-tier.js'

/** Where answers and events of SDKs have their usage. `totalUsage` is of all steps, where `usage` is of the last. */
const LANGCHAIN = 'usage_metadata'
const PLACES = ['totalUsage', 'usage', 'usageMetadata', LANGCHAIN] as const
/** Members of answers and events that may hold such a one: of axios, of OpenAI's and of Anthropic's streams. */
const HOLDERS = ['data', 'response', 'message'] as const

/**
 * The usage of an answer, as its provider says it: of OpenAI, Anthropic, Gemini, Bedrock, LangChain or the AI SDK, of the whole
 * answer or of one event of its stream. `settle` reads it.
 * @returns null without a usage. A promise where the answer has one, as of `streamText`
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
    if (typeof usage === 'object' && usage !== null && !Array.isArray(usage))
      return name === LANGCHAIN ? withRaw(usage, value) : usage
  }
  return null
}

/** Whether the usage of an event of a stream counts that event alone: LangChain's pieces are added up, where all others count the answer so far. */
export function isOfPiece(event: unknown): boolean {
  if (!isRecord(event)) return false
  return PLACES.find((name) => isRecord(event[name])) === LANGCHAIN
}

/** LangChain has the provider's usage, where it has it, beside the message's own. */
function withRaw(usage: object, message: object): object {
  const metadata: unknown = Reflect.get(message, 'response_metadata')
  const raw = isRecord(metadata) ? metadata.usage : undefined
  return isRecord(raw) ? { ...usage, raw } : usage
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

/**
 * How an answer, or an event of its stream, says that it was served, where that has a discount: OpenAI's, and what axios, LangChain (with
 * the answer itself, where it was told to keep it) and the AI SDK make of it.
 */
export function serviceTierOf(answer: unknown): ServiceTier | null {
  if (!isRecord(answer)) return null
  const { response, data, response_metadata: metadata, additional_kwargs, providerMetadata } = answer
  const body = isRecord(response) ? response.body : undefined
  const named = isRecord(providerMetadata) ? Object.values(providerMetadata) : []
  const kept = memberOf(additional_kwargs, '__raw_response')
  const tiers = [answer, data, response, metadata, kept, body].map((each) => memberOf(each, 'service_tier'))
  const all = [...tiers, ...named.map((each) => memberOf(each, 'serviceTier'))]
  return SERVICE_TIERS.find((tier) => all.includes(tier)) ?? null
}

/** The same of an answer that says it later, as that of `streamText` does; null: it does not. The promise is never rejected. */
export function laterServiceTierOf(answer: unknown): Promise<ServiceTier | null> | null {
  const told = ['response', 'providerMetadata'].map((name) => memberOf(answer, name))
  if (!told.some((each) => each instanceof Promise)) return null
  return Promise.allSettled(told).then((results) => {
    const [response, providerMetadata] = results.map((each) => memberOf(each, 'value'))
    return serviceTierOf({ response, providerMetadata })
  })
}
