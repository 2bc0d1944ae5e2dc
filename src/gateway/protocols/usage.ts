import { withCacheInPrompt } from '../../base/cache-in-prompt.js'
import { isAmount, isRecord } from '../../base/check.js'
import { type Json, listOf, objectOf, objectsOf } from '../../base/json.js'
import { mergedUsage } from '../../base/merged-usage.js'
import { withMembers } from './json-text.js'

/**
 * The usage in an answer or an event, wherever a provider puts it: beside the choices, in a choice, in the message or response
 * that an event carries, in a field of its own (Groq). Of several choices' the greatest counts hold, as of usages that come one after the
 * other. Null without a usage, or if none of its counts says anything.
 */
export function usageOf(value: Json): Json | null {
  const path = usagePathOf(value)
  let found: unknown = value
  for (const step of path) found = objectOf(found)?.[step]
  if (path.length > 0 && isRecord(found)) return withCacheInPrompt(found)
  let all: Json | null = null
  for (const { usage } of objectsOf(value.choices))
    if (counts(usage)) all = all === null ? usage : mergedUsage(all, usage, false)
  return all
}

const PATHS: readonly (readonly string[])[] = [
  ['usage'],
  ['response', 'usage'],
  ['message', 'usage'],
  ['x_groq', 'usage'],
]
const NOWHERE: readonly string[] = []

/** Where it stands, by names; empty: nowhere, or in a list. */
export function usagePathOf(value: Json): readonly string[] {
  for (const path of PATHS) {
    let found: unknown = value[path[0]]
    // Most events have nothing at all there.
    if (found === undefined) continue
    for (let i = 1; i < path.length; i++) found = objectOf(found)?.[path[i]]
    if (counts(found)) return path
  }
  return NOWHERE
}

/**
 * A chunk of a chat as one gets it who asked for no usage, wherever its upstream has put one, and whatever it counts, zeros too.
 * Null for a chunk that was there for it alone. Where it says that it has no usage it stays as it is.
 */
export function withoutUsage(text: string, chunk: Json): string | null {
  if (!text.includes('"usage"')) return text
  const choices = listOf(chunk.choices)
  const groq = objectOf(chunk.x_groq)
  const isBeside = isThere(chunk.usage)
  const isInGroq = groq !== null && isThere(groq.usage)
  if (choices.length === 0 && (isBeside || isInGroq)) return null
  const isInChoice = choices.some((choice) => isRecord(choice) && isThere(choice.usage))
  return withMembers(text, {
    ...(isBeside ? { usage: null } : {}),
    ...(isInGroq ? { x_groq: without(groq) } : {}),
    ...(isInChoice
      ? { choices: choices.map((choice) => (isRecord(choice) ? without(choice) : choice)) }
      : {}),
  })
}

function isThere(usage: unknown): boolean {
  return usage !== undefined && usage !== null
}

function without(value: Json): Json {
  const { usage: _, ...rest } = value
  return rest
}

/** Zeros beside an answer are what servers send that have not counted yet. */
function counts(usage: unknown): usage is Json {
  return isRecord(usage) && (hasCount(usage) || compactionsOf(usage).some(hasCount))
}

function hasCount(usage: Json): boolean {
  for (const name of Object.keys(usage)) {
    const value = usage[name]
    if (typeof value === 'number' && value > 0 && /token/i.test(name)) return true
  }
  return false
}

const NO_COMPACTIONS: readonly Json[] = []

/** What Anthropic counts of a conversation that it has summed up, beside the counts of the answer, which are 0 where nothing else was asked for. */
function compactionsOf({ iterations }: Json): readonly Json[] {
  if (iterations === undefined) return NO_COMPACTIONS
  return objectsOf(iterations).filter(({ type }) => type === 'compaction')
}

function compactionOutputIn(usage: Json): number {
  return compactionsOf(usage).reduce((sum, each) => sum + greatestIn(each, OUTPUT_NAMES), 0)
}

/** As xAI counts dollars (docs.x.ai/developers/cost-tracking). */
const TICKS_PER_USD = 1e10

/**
 * What the provider says that it costs, USD: of OpenRouter, of Perplexity in an object of its own, of xAI in fractions. 0: it says nothing.
 * Where OpenRouter is given a key of its caller's own, its cost is its fee, and what the provider bills stands beside it
 * (openrouter.ai/docs, usage accounting).
 */
export function costIn({
  cost,
  cost_in_usd_ticks: ticks,
  is_byok: isOwnKey,
  cost_details: details,
}: Json): number {
  const beside = isOwnKey === true ? numberIn(objectOf(details)?.upstream_inference_cost) : 0
  const ticksUsd = typeof ticks === 'number' ? ticks / TICKS_PER_USD : 0
  return Math.max(numberIn(cost) + beside, numberIn(objectOf(cost)?.total_cost), numberIn(ticksUsd))
}

/** Tokens of the answer that a usage counts, by whatever name. */
export function outputIn(usage: Json): number {
  const beyondInput = numberIn(usage.total_tokens) - greatestIn(usage, INPUT_NAMES)
  return Math.max(greatestIn(usage, OUTPUT_NAMES), beyondInput) + compactionOutputIn(usage)
}

/** Whether a usage counts the prompt, read in full or from a cache. Every request has one. */
export function countsInput(usage: Json): boolean {
  return hasInput(usage) || compactionsOf(usage).some(hasInput)
}

function hasInput(usage: Json): boolean {
  return greatestIn(usage, INPUT_NAMES) > 0 || greatestIn(usage, CACHE_NAMES) > 0
}

/** The usage with this number of prompt tokens, in its own fields. */
export function withInput(usage: Json, tokens: number): Json {
  const isChat = 'prompt_tokens' in usage || 'completion_tokens' in usage
  return { ...usage, [isChat ? 'prompt_tokens' : 'input_tokens']: tokens }
}

/** The usage with this number of answer tokens, in its own fields. */
export function withOutput(usage: Json, tokens: number): Json {
  const isChat = 'prompt_tokens' in usage || 'completion_tokens' in usage
  const own = Math.max(0, tokens - compactionOutputIn(usage))
  return { ...usage, [isChat ? 'completion_tokens' : 'output_tokens']: own }
}

const INPUT_NAMES = ['prompt_tokens', 'input_tokens']
const CACHE_NAMES = [
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'prompt_cache_hit_tokens',
  'prompt_cache_miss_tokens',
]
const OUTPUT_NAMES = ['completion_tokens', 'output_tokens']

/** 0: none of them counts anything. */
function greatestIn(usage: Json, names: readonly string[]): number {
  let greatest = 0
  for (const name of names) greatest = Math.max(greatest, numberIn(usage[name]))
  return greatest
}

/** What is no amount says nothing, as the engine has it. */
function numberIn(value: unknown): number {
  return isAmount(value) ? value : 0
}

/** Details that are known: of kinds with a price of their own, or that cost what their side costs. */
const KNOWN_DETAILS = new Set([
  'cached_tokens',
  'cache_write_tokens',
  'cache_creation_tokens',
  'cache_creation_input_tokens',
  'cached_creation_tokens',
  // Of capacity that was bought before, at Volcengine: what they cost at most is what their side costs.
  'provisioned_tokens',
  'audio_tokens',
  'image_tokens',
  'text_tokens',
  'reasoning_tokens',
  'thinking_tokens',
  'accepted_prediction_tokens',
  'rejected_prediction_tokens',
])
const KNOWN = new Set([
  'prompt_tokens',
  'completion_tokens',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cached_tokens',
  'num_cached_tokens',
  'reasoning_tokens',
  'prompt_cache_hit_tokens',
  'prompt_cache_miss_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  // What Claude Code has had taken out of a cache, in all requests so far: nothing was read for it.
  'cache_deleted_input_tokens',
  'claude_cache_creation_5_m_tokens',
  'claude_cache_creation_1_h_tokens',
])
const DETAILS = {
  input: ['prompt_tokens_details', 'input_tokens_details', 'input_token_details'],
  output: ['completion_tokens_details', 'output_tokens_details', 'output_token_details'],
} as const

const SIDES = ['input', 'output'] as const

/** Tokens of a kind that this release does not know. */
export interface UnknownTokens {
  readonly name: string
  readonly side: 'input' | 'output'
  /** Whether the count of the side includes them. */
  readonly isWithin: boolean
  readonly count: number
}

/** Kinds of tokens that a usage counts and nobody here has heard of: they are not to be taken for the cheapest. */
export function unknownTokensOf(usage: Json): UnknownTokens[] {
  const found: UnknownTokens[] = []
  for (const side of SIDES)
    for (const field of DETAILS[side])
      eachUnknown(usage[field], KNOWN_DETAILS, (name, count) =>
        found.push({ name, side, isWithin: true, count }),
      )
  eachUnknown(usage, KNOWN, (name, count) => {
    const side = /output|completion/.test(name) ? 'output' : 'input'
    found.push({ name, side, isWithin: false, count })
  })
  return found
}

function eachUnknown(
  value: unknown,
  known: ReadonlySet<string>,
  take: (name: string, count: number) => void,
): void {
  if (!isRecord(value)) return
  for (const name of Object.keys(value)) {
    const count = value[name]
    if (isAmount(count) && count > 0 && name.endsWith('_tokens') && !known.has(name)) take(name, count)
  }
}
