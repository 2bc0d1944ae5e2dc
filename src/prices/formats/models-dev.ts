import { isRecord } from '../../base/check.js'
import type { TokenKindName } from '../../models/token-kinds.js'
import { ListedModel, type ListFormat } from '../listed.js'

const KINDS: Readonly<Record<string, TokenKindName>> = {
  input: 'input',
  output: 'output',
  reasoning: 'reasoning',
  cache_read: 'cachedInput',
  cache_write: 'cacheWrite5m',
  input_audio: 'audioInput',
  output_audio: 'audioOutput',
}

/** What `context_over_200k` is named for. `tiers` say their bounds themselves, and then that field repeats one of them. */
const OVER = 200_000
const NO_PRICE = ['tier', 'tiers', 'context_over_200k', 'currency']

/** The `api.json` of models.dev: USD per million tokens. A name is `provider/model`. */
export const MODELS_DEV: ListFormat = {
  what: "models.dev's api.json",
  is: (value) =>
    isRecord(value) &&
    Object.values(value).some((provider) => isRecord(provider) && isRecord(provider.models)),
  read: (value) =>
    new Map(
      Object.entries(isRecord(value) ? value : {}).flatMap(([provider, entry]) =>
        Object.entries(isRecord(entry) && isRecord(entry.models) ? entry.models : {}).flatMap(
          ([name, model]): [string, ListedModel][] =>
            isRecord(model) ? [[`${provider}/${name}`, read(model)]] : [],
        ),
      ),
    ),
}

function read(entry: Readonly<Record<string, unknown>>): ListedModel {
  const model = new ListedModel()
  const cost = isRecord(entry.cost) ? entry.cost : {}
  model.moneyOf(entry.currency, 'currency')
  model.moneyOf(cost.currency, 'cost.currency')
  readPrices(model, cost, 'cost', 0)
  const tiers: readonly unknown[] = Array.isArray(cost.tiers) ? cost.tiers : []
  for (const [i, tier] of tiers.entries()) {
    if (!isRecord(tier)) continue
    const bound = isRecord(tier.tier) ? tier.tier : {}
    const isLength = bound.type === undefined || bound.type === 'context'
    if (isLength && typeof bound.size === 'number' && bound.size >= 0) {
      readPrices(model, tier, `cost.tiers[${i}]`, bound.size)
      continue
    }
    // Nobody here knows when it holds: it may hold always.
    readPrices(model, tier, `cost.tiers[${i}]`, 0)
    model.notes.push(`cost.tiers[${i}] holds for what is not known here: the dearer price is charged always`)
  }
  if (tiers.length === 0 && isRecord(cost.context_over_200k))
    readPrices(model, cost.context_over_200k, 'cost.context_over_200k', OVER)
  readModes(model, entry.experimental)
  const { input, output } = isRecord(entry.modalities) ? entry.modalities : {}
  model.setModalities(input, output)
  return model
}

function readPrices(
  model: ListedModel,
  prices: Readonly<Record<string, unknown>>,
  field: string,
  above: number,
): void {
  for (const [name, value] of Object.entries(prices)) {
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
    const path = `${field}.${name}`
    if (kind !== undefined) model.put(kind, model.perMillion(value, path), 'standard', above)
    else if (!NO_PRICE.includes(name)) model.besideTokens(path, value)
  }
}

/** Other ways to call the model, at prices of their own. */
function readModes(model: ListedModel, experimental: unknown): void {
  const modes = isRecord(experimental) && isRecord(experimental.modes) ? experimental.modes : {}
  for (const [mode, value] of Object.entries(modes))
    if (isRecord(value)) model.besideTokens(`experimental.modes.${mode}`, value.cost)
}
