import { isRecord } from '../../base/check.js'
import { type Json, listOf } from '../../base/json.js'
import { abilitiesOf, liteLlmAbilities, sizeOf } from '../../gateway/config/from-litellm/abilities.js'
import type { Capability } from '../../index.js'
import type { PriceFormat } from '../../prices/index.js'

/** A model as a price list has it, but for its prices. */
export interface ListEntry {
  /** What the list calls it. */
  readonly name: string
  /** Its provider, in the list's word; empty: the list does not say. */
  readonly provider: string
  /** What its provider calls it. */
  readonly model: string
  readonly contextTokens: number | null
  /** Of LiteLLM's list, which has no context: for some models that is meant by it. */
  readonly maxInputTokens: number | null
  readonly maxOutputTokens: number | null
  /** Null: nothing is said. */
  readonly capabilities: readonly Capability[] | null
  /** Whether it answers chats, as far as the list says. */
  readonly isChat: boolean
  /** It answers OpenAI's `/responses` alone: a chat that comes to it fails. */
  readonly isForResponses: boolean
  /** Its provider has given it up. */
  readonly isGone: boolean
}

/** All models of a list. @param today `2026-11-30` */
export function entriesOf(value: unknown, format: PriceFormat, today: string): readonly ListEntry[] {
  return READERS[format](value, today)
}

const READERS: Readonly<Record<PriceFormat, (value: unknown, today: string) => readonly ListEntry[]>> = {
  litellm: (value, today) => recordsIn(value).flatMap(([name, entry]) => ofLiteLlm(name, entry, today)),
  'models.dev': (value) =>
    recordsIn(value).flatMap(([provider, { models }]) =>
      recordsIn(models).map(([model, entry]) => ofModelsDev(provider, model, entry)),
    ),
  openrouter: (value) => (isRecord(value) ? listOf(value.data).flatMap(ofOpenRouter) : []),
  paretobandit: (value) => listOf(isRecord(value) ? value.models : value).flatMap(ofModelsFile),
}

function recordsIn(value: unknown): [string, Json][] {
  return Object.entries(isRecord(value) ? value : {}).filter((pair): pair is [string, Json] =>
    isRecord(pair[1]),
  )
}

function ofLiteLlm(name: string, entry: Json, today: string): readonly ListEntry[] {
  const { litellm_provider: provider, mode, deprecation_date: end, supported_endpoints: endpoints } = entry
  if (typeof provider !== 'string') return []
  const model = name.startsWith(`${provider}/`) ? name.slice(provider.length + 1) : name
  return [
    {
      name,
      provider,
      model,
      ...sizes(null, entry.max_output_tokens, entry.max_input_tokens),
      capabilities: liteLlmAbilities(entry),
      isChat:
        (mode === undefined || mode === 'chat' || mode === 'responses') &&
        !model.startsWith('ft:') &&
        !isRealtime(endpoints),
      isForResponses: mode === 'responses',
      isGone: typeof end === 'string' && /^\d{4}-\d\d-\d\d$/.test(end) && end <= today,
    },
  ]
}

function ofModelsDev(provider: string, model: string, entry: Json): ListEntry {
  const { limit, modalities, status, cost } = entry
  const prices = isRecord(cost) ? cost : {}
  const { context, output, input: read } = isRecord(limit) ? limit : {}
  const { input, output: given } = isRecord(modalities) ? modalities : {}
  return {
    name: `${provider}/${model}`,
    provider,
    model,
    ...sizes(context, output, read),
    capabilities: abilitiesOf({
      tools: flag(entry.tool_call),
      jsonSchema: flag(entry.structured_output),
      ...modalitiesOf(input, 'pdf'),
      reasoning: flag(entry.reasoning),
    }),
    isChat:
      (given === undefined || listOf(given).includes('text')) && !isEmbedding(prices.input, prices.output),
    isForResponses: false,
    isGone: status === 'deprecated',
  }
}

function ofOpenRouter(entry: unknown): readonly ListEntry[] {
  if (!isRecord(entry) || typeof entry.id !== 'string') return []
  const { architecture, top_provider: top, supported_parameters: parameters } = entry
  const { input_modalities: input, output_modalities: given } = isRecord(architecture) ? architecture : {}
  const takes = (...words: readonly string[]) =>
    Array.isArray(parameters) ? words.some((word) => parameters.includes(word)) : null
  return [
    {
      name: entry.id,
      provider: 'openrouter',
      model: entry.id,
      ...sizes(entry.context_length, isRecord(top) ? top.max_completion_tokens : null),
      capabilities: abilitiesOf({
        tools: takes('tools'),
        jsonSchema: takes('structured_outputs', 'response_format'),
        ...modalitiesOf(input, 'file'),
        reasoning: takes('reasoning', 'reasoning_effort'),
        logprobs: takes('logprobs'),
      }),
      isChat: given === undefined || listOf(given).includes('text'),
      isForResponses: false,
      isGone: false,
    },
  ]
}

/** Ids are what its writer likes: `openai/gpt-5` says the provider, `large` does not. */
function ofModelsFile(entry: unknown): readonly ListEntry[] {
  if (!isRecord(entry) || typeof entry.id !== 'string') return []
  const slash = entry.id.indexOf('/')
  return [
    {
      name: entry.id,
      provider: entry.id.slice(0, Math.max(0, slash)),
      model: entry.id.slice(slash + 1),
      ...sizes(null, null),
      capabilities: null,
      isChat: !isEmbedding(entry.inputUsdPerMTok, entry.outputUsdPerMTok),
      isForResponses: false,
      isGone: false,
    },
  ]
}

/** Whether a model is called by the realtime API alone: LiteLLM's list has such models as chats, too. */
function isRealtime(endpoints: unknown): boolean {
  const named = listOf(endpoints).filter((each) => typeof each === 'string')
  return named.length > 0 && named.every((each) => /\/(realtime|live)(\/|$)/.test(each))
}

/** Of embeddings the input has a price, and the output none; a free chat has neither. */
function isEmbedding(input: unknown, output: unknown): boolean {
  return output === 0 && typeof input === 'number' && input > 0
}

type Sizes = Pick<ListEntry, 'contextTokens' | 'maxInputTokens' | 'maxOutputTokens'>

function sizes(context: unknown, output: unknown, input: unknown = null): Sizes {
  const contextTokens = sizeOf(context)
  const within = (tokens: number | null) =>
    tokens === null ? null : Math.min(tokens, contextTokens ?? tokens)
  return { contextTokens, maxInputTokens: within(sizeOf(input)), maxOutputTokens: within(sizeOf(output)) }
}

function modalitiesOf(input: unknown, file: string): Partial<Record<Capability, boolean>> {
  if (!Array.isArray(input)) return {}
  return { images: input.includes('image'), audio: input.includes('audio'), files: input.includes(file) }
}

function flag(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null
}
