import { isRecord } from '../../base/check.js'
import type { TokenKindName } from '../../models/token-kinds.js'
import { ListedModel, type ListFormat, listingOf } from '../listed.js'

const KINDS: Readonly<Record<string, TokenKindName>> = {
  prompt: 'input',
  completion: 'output',
  internal_reasoning: 'reasoning',
  input_cache_read: 'cachedInput',
  input_cache_write: 'cacheWrite5m',
  input_cache_write_1h: 'cacheWrite1h',
  audio: 'audioInput',
  audio_output: 'audioOutput',
  image_token: 'imageInput',
}

/** Cached audio is counted as cached input. */
const COUNTED_AS: Readonly<Record<string, TokenKindName>> = { input_audio_cache: 'cachedInput' }
const LEAST = 'min_prompt_tokens'
const CONDITIONS = /^(min|max|utc)_/
const NO_PRICE = ['overrides', 'discount', 'currency']

/** OpenRouter's `/api/v1/models`: USD per token, as texts. 0 says that a kind has no price of its own. */
export const OPENROUTER: ListFormat = {
  what: "OpenRouter's /models",
  is: (value) =>
    isRecord(value) &&
    Array.isArray(value.data) &&
    value.data.some((entry) => isRecord(entry) && isRecord(entry.pricing)),
  read: (value) =>
    listingOf(
      (isRecord(value) && Array.isArray(value.data) ? value.data : []).flatMap((entry: unknown) =>
        isRecord(entry) && typeof entry.id === 'string'
          ? [[entry.id, entry.pricing, read(entry)] as const]
          : [],
      ),
    ),
}

function read(entry: Readonly<Record<string, unknown>>): ListedModel {
  const model = new ListedModel()
  const pricing = isRecord(entry.pricing) ? entry.pricing : {}
  model.moneyOf(entry.currency, 'currency')
  model.moneyOf(pricing.currency, 'pricing.currency')
  readPrices(model, pricing, 'pricing', 0)
  if (typeof pricing.discount === 'number' && pricing.discount !== 0)
    model.notes.push(
      `pricing.discount ${pricing.discount} is not taken off: the prices are charged as they are listed`,
    )
  readOverrides(model, pricing.overrides)
  const { input_modalities: input, output_modalities: output } = isRecord(entry.architecture)
    ? entry.architecture
    : {}
  model.setModalities(input, output)
  if (Array.isArray(output) && output.length > 0 && output.every((each) => each === 'embeddings'))
    model.hasOutput = false
  return model
}

function readPrices(
  model: ListedModel,
  prices: Readonly<Record<string, unknown>>,
  field: string,
  above: number,
): void {
  for (const [name, value] of Object.entries(prices)) {
    const path = `${field}.${name}`
    const as = Object.hasOwn(COUNTED_AS, name) ? COUNTED_AS[name] : undefined
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
    if (as !== undefined) {
      const usdPerMTok = model.perToken(value, path, true)
      if (usdPerMTok !== null) model.counted.push({ field: path, as, usdPerMTok })
    } else if (kind !== undefined) model.put(kind, model.perToken(value, path, true), 'standard', above)
    else if (!NO_PRICE.includes(name) && !CONDITIONS.test(name)) model.besideTokens(path, value)
  }
}

/**
 * Prices that hold where all conditions of an entry do; of several the later wins, and what it does not name costs what it costs otherwise. The least number of prompt tokens is a tier. Of
 * other conditions, such as hours of the day, nobody here knows whether they hold: the dearer price is charged always.
 */
function readOverrides(model: ListedModel, overrides: unknown): void {
  model.tiersInherit = true
  const entries = (Array.isArray(overrides) ? overrides : []).filter(isRecord)
  for (const [i, entry] of entries.entries()) {
    const path = `pricing.overrides[${i}]`
    const least = entry[LEAST]
    // A tier holds above its bound, an override from it on.
    const above = typeof least === 'number' && least >= 1 ? least - 1 : 0
    readPrices(model, entry, path, above)
    const others = Object.keys(entry).filter((name) => CONDITIONS.test(name) && name !== LEAST)
    if (others.length > 0)
      model.notes.push(`${path} depends on ${others.join(', ')}: the dearer price is charged always`)
  }
}
