import { isAmount, isRecord, isText } from '../../base/check.js'
import { type Json, memberOf } from '../../base/json.js'
import { reading } from '../../base/read-once.js'
import { SERVICE_TIERS, type ServiceTier } from '../../models/service-tier.js'
import { providerOf } from '../../models/usage/detect.js'
import { withCacheBeside } from './flat-usage.js'

/** Where answers and events of SDKs have their usage. `totalUsage` is of all steps, where `usage` is of the last. */
const PLACES = ['totalUsage', 'usage', 'usageMetadata', 'usage_metadata'] as const
/** Members of answers and events that may hold such a one: of axios, of streams of OpenAI, Anthropic and Bedrock. */
const HOLDERS = ['data', 'response', 'message', 'metadata'] as const

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
    const found = usageIn(lookedAt(answer[name]))
    if (found !== null) return found
  }
  return null
}

function usageIn(value: unknown): object | PromiseLike<object> | null {
  if (typeof value !== 'object' || value === null) return null
  for (const name of PLACES) {
    const usage: unknown = Reflect.get(value, name)
    if (typeof usage !== 'object' || usage === null || Array.isArray(usage)) continue
    if (name === 'usage_metadata') return withRaw(usage, value)
    return isRecord(value) ? ofSdk(usage, value) : usage
  }
  return null
}

/** Of an answer of the AI SDK what stands beside its usage counts too, now or later. */
function ofSdk(usage: object, answer: Json): object | PromiseLike<object> {
  if (!('providerMetadata' in answer)) return usage
  if (!(usage instanceof Promise)) return withCacheBeside(usage, answer, answer.steps)
  const steps = lookedAt(answer.steps)
  if (!(steps instanceof Promise)) return usage
  return usage.then(async (told: object) => withCacheBeside(told, answer, await steps))
}

/** LangChain has the provider's usage, where it has it, beside the message's own; that of a stream of Bedrock one deeper. */
function withRaw(usage: object, message: object): object {
  const metadata: unknown = Reflect.get(message, 'response_metadata')
  const raw = memberOf(metadata, 'usage') ?? memberOf(memberOf(metadata, 'metadata'), 'usage')
  return isRecord(raw) ? { ...usage, raw } : usage
}

/**
 * What a piece of a stream of LangChain says came with it, to be added up; null: it is no such piece, or says nothing. The tokens of
 * Anthropic's beginning are among those that its end counts.
 */
export function pieceUsageOf(event: unknown): object | null {
  const usage = memberOf(event, 'usage_metadata')
  if (!isRecord(event) || !isRecord(usage)) return null
  return withRaw(isBeginning(event, usage) ? withoutOutput(usage) : usage, event)
}

/** Its own words have the counts of the prompt alone. */
function isBeginning({ response_metadata }: Json, { input_tokens }: Json): boolean {
  const own = memberOf(response_metadata, 'usage')
  return isRecord(own) && providerOf(own) === null && isAmount(input_tokens) && input_tokens > 0
}

function withoutOutput({ output_tokens, total_tokens, ...usage }: Json): Json {
  const isTotal = isAmount(output_tokens) && isAmount(total_tokens)
  return { ...usage, output_tokens: 0, ...(isTotal ? { total_tokens: total_tokens - output_tokens } : {}) }
}

function saysText({ content }: Json): boolean {
  return typeof content === 'string' ? content !== '' : Array.isArray(content) && content.length > 0
}

/**
 * Whether the usage of an event of a stream is that of a part of the answer: as Anthropic's begins (input read, one token written), and
 * as Gemini's goes on, in chats too, where vLLM's may as well. An answer that breaks off there was billed more.
 * @param goesOn whether the event is of a chat that has not said why it ended
 */
export function isPartialUsage(event: unknown, goesOn: boolean): boolean {
  if (!isRecord(event)) return false
  if (event.type === 'message_start') return true
  if (isRecord(event.usageMetadata)) {
    const candidates = Array.isArray(event.candidates) ? event.candidates : []
    return !candidates.some((each) => isRecord(each) && isText(each.finishReason))
  }
  if (Array.isArray(event.choices)) return goesOn
  // LangChain's pieces of both: hardly a token is written, or there is text beside.
  const { usage_metadata: usage } = event
  if (!isRecord(usage)) return false
  return saysText(event) || (typeof usage.output_tokens === 'number' && usage.output_tokens <= 1)
}

/**
 * How an answer, or an event of its stream, says that it was served, where that has a discount: OpenAI's, and what axios, LangChain (with
 * the answer itself, where it was told to keep it) and the AI SDK make of it.
 */
export function serviceTierOf(answer: unknown): ServiceTier | null {
  if (!isRecord(answer)) return null
  const { data, response_metadata: metadata, additional_kwargs } = answer
  const [response, providerMetadata] = [answer.response, answer.providerMetadata].map(lookedAt)
  const body = isRecord(response) ? response.body : undefined
  const named = isRecord(providerMetadata) ? Object.values(providerMetadata) : []
  const kept = memberOf(additional_kwargs, '__raw_response')
  const tiers = [answer, data, response, metadata, kept, body].map((each) => memberOf(each, 'service_tier'))
  const all = [...tiers, ...named.map((each) => memberOf(each, 'serviceTier'))]
  return SERVICE_TIERS.find((tier) => all.includes(tier)) ?? null
}

/** What an answer says, now or later. That it never comes is told to whoever waits for it: nobody need wait because it was looked at. */
function lookedAt(value: unknown): unknown {
  if (value instanceof Promise) value.catch(() => {})
  return value
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
