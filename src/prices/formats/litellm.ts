import { isRecord } from '../../base/check.js'
import type { TokenKindName } from '../../models/token-kinds.js'
import { ListedModel, type ListFormat, type PriceService } from '../listed.js'

/** Fields that are prices of tokens, without what they may end in. */
const KINDS: Readonly<Record<string, TokenKindName>> = {
  input_cost_per_token: 'input',
  output_cost_per_token: 'output',
  cache_read_input_token_cost: 'cachedInput',
  input_cost_per_token_cache_hit: 'cachedInput',
  cache_creation_input_token_cost: 'cacheWrite5m',
  output_cost_per_reasoning_token: 'reasoning',
  input_cost_per_audio_token: 'audioInput',
  output_cost_per_audio_token: 'audioOutput',
  input_cost_per_image_token: 'imageInput',
  output_cost_per_image_token: 'imageOutput',
}

/** Prices of tokens that providers count, and that are counted here as others. */
const COUNTED_AS: Readonly<Record<string, TokenKindName>> = {
  cache_read_input_audio_token_cost: 'cachedInput',
  cache_read_input_image_token_cost: 'cachedInput',
  cache_creation_input_audio_token_cost: 'cacheWrite5m',
  input_cost_per_video_token: 'input',
  output_cost_per_video_token: 'output',
}

/** `_above_1hr` is how long a cache lives; `_above_200k_tokens` how long a request is; the last word how it is served. */
const FIELD = /^(.+?)(_above_1hr)?(?:_above_(\d{1,9})([km]?)_tokens)?(?:_(batches|flex|priority))?$/
const SERVICE_OF: Readonly<Record<string, PriceService>> = {
  batches: 'batch',
  flex: 'flex',
  priority: 'priority',
}

const UNIT: Readonly<Record<string, number>> = { '': 1, k: 1000, m: 1_000_000 }
const PER = 'cost_per_'
/** What follows that where it is a price of tokens, known here or not: `citation_cost_per_token`, `input_cost_per_video_token`. */
const OF_TOKENS = /^(\w+_)?tokens?(_|$)/

/** What is charged, and not by token. Of DBU the same is said in dollars. */
const COST = /cost|_multiplier/
const NOT_COST = /dbu/
/** Entries that are no models. */
const NO_MODELS = ['sample_spec', 'fallback_generalizations']

/** LiteLLM's `model_prices_and_context_window.json`: USD per token. */
export const LITELLM: ListFormat = {
  what: "LiteLLM's model_prices_and_context_window.json",
  is: (value) => isRecord(value) && (isRecord(value.sample_spec) || Object.values(value).some(isEntry)),
  read: (value) =>
    new Map(
      Object.entries(isRecord(value) ? value : {}).flatMap(([name, entry]) =>
        isRecord(entry) && !NO_MODELS.includes(name) ? [[name, read(entry)]] : [],
      ),
    ),
  nameOf(value, given) {
    const [, provider, ways] = /^([^/]+)\/(.+)$/.exec(given) ?? []
    if (provider === undefined || !isRecord(value)) return undefined
    const model = ways.replace(WAYS, '')
    const beside = `${provider}/${model}`
    if (Object.hasOwn(value, beside)) return beside
    const entry = Object.hasOwn(value, model) ? value[model] : undefined
    return isRecord(entry) && isOf(provider, entry.litellm_provider) ? model : undefined
  },
}

/** LiteLLM's words before a model's name, for the way in which it is called. */
const WAYS = /^(converse|converse_like|invoke|responses)\//

/** Models of most providers stand in the list without their provider, as `gpt-5`; configs have it before a slash. */
function isOf(provider: string, listed: unknown): boolean {
  if (typeof listed !== 'string') return false
  const plain = (name: string) =>
    name.replace(/^(bedrock)_converse$|^(cohere|ollama)_chat$|^(vertex_ai)-.*$/, '$1$2$3')
  return plain(provider) === plain(listed)
}

function isEntry(value: unknown): boolean {
  return isRecord(value) && ('litellm_provider' in value || 'input_cost_per_token' in value)
}

function read(entry: Readonly<Record<string, unknown>>): ListedModel {
  const model = new ListedModel()
  model.moneyOf(entry.currency, 'currency')
  for (const [field, value] of Object.entries(entry)) {
    if (field === 'tiered_pricing') readTiers(model, value)
    else if (!readField(model, field, value)) readCharge(model, field, value)
  }
  if (entry.mode === 'embedding') model.hasOutput = false
  if (entry.supports_audio_input === true) model.has.add('audioInput')
  if (entry.supports_audio_output === true) model.has.add('audioOutput')
  const given = entry.supported_output_modalities
  if (Array.isArray(given) && given.includes('image')) model.has.add('imageOutput')
  return model
}

/** What is no price of a known kind of tokens. */
function readCharge(model: ListedModel, field: string, value: unknown, path = field): void {
  const isCost = COST.test(field) && !NOT_COST.test(field)
  if (isCost && isByToken(field)) model.unknownTokens(path, value)
  else if (isCost || field === 'provider_specific_entry') model.besideTokens(path, value)
}

/** Names are a stranger's: looked for at one place alone, or a long one takes its length squared. */
function isByToken(field: string): boolean {
  const at = field.indexOf(PER)
  return field.includes('token_cost') || (at >= 0 && OF_TOKENS.test(field.slice(at + PER.length)))
}

/** @param least input tokens above which the price holds, where the field does not say so. @returns whether it is a price of tokens */
function readField(model: ListedModel, field: string, value: unknown, least = 0): boolean {
  const [, base = field, hour, bound = '0', unit = '', word] = FIELD.exec(field) ?? []
  const as = Object.hasOwn(COUNTED_AS, base) ? COUNTED_AS[base] : undefined
  if (as !== undefined) {
    const usdPerMTok = model.perToken(value, field)
    if (usdPerMTok !== null) model.counted.push({ field, as, usdPerMTok })
    return true
  }
  const kind = Object.hasOwn(KINDS, base) ? KINDS[base] : undefined
  if (kind === undefined || (hour !== undefined && kind !== 'cacheWrite5m')) return false
  const service = word === undefined ? 'standard' : SERVICE_OF[word]
  const above = Math.max(Number(bound) * UNIT[unit], least)
  model.put(hour === undefined ? kind : 'cacheWrite1h', model.perToken(value, field), service, above)
  return true
}

/** `[{ range: [32000, 128000], input_cost_per_token }]`: prices of requests with more than 32,000 input tokens. */
function readTiers(model: ListedModel, value: unknown): void {
  for (const [i, tier] of (Array.isArray(value) ? value : []).entries()) {
    const range = isRecord(tier) && Array.isArray(tier.range) ? tier.range : []
    const [above]: unknown[] = range
    if (!isRecord(tier) || typeof above !== 'number' || !(above >= 0)) {
      if (isRecord(tier)) model.besideTokens(`tiered_pricing[${i}]`, tier)
      continue
    }
    for (const [field, price] of Object.entries(tier)) {
      if (field !== 'range' && !readField(model, field, price, above))
        readCharge(model, field, price, `tiered_pricing[${i}].${field}`)
    }
  }
}
