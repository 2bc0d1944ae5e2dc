import { isRecord } from '../../base/check.js'
import { nearest } from '../../base/nearest.js'
import { PRICE_KEYS, TIER_KEYS } from '../../models/model.js'
import { DISCOUNT_NAMES } from '../../models/service-tier.js'
import { TOKEN_KIND_ROWS } from '../../models/token-kinds.js'
import { ListedModel, type ListFormat, listingOf } from '../listed.js'

/** A models file, as `--models` of the command line takes it and `prices import --write` writes it. */
export const MODELS_FILE: ListFormat = {
  what: 'a models file of paretobandit',
  is: (value) => entriesOf(value).some((entry) => 'inputUsdPerMTok' in entry),
  read: (value) =>
    listingOf(
      entriesOf(value).flatMap((entry) =>
        typeof entry.id === 'string' ? [[entry.id, entry, read(entry)] as const] : [],
      ),
    ),
}

function entriesOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  const list = isRecord(value) ? value.models : value
  return Array.isArray(list) ? list.filter(isRecord) : []
}

function read(entry: Readonly<Record<string, unknown>>): ListedModel {
  const model = new ListedModel()
  // Whoever wrote it has said what the model has.
  model.isOurs = true
  const tiers: readonly unknown[] = Array.isArray(entry.tiers) ? entry.tiers : []
  readPrices(model, entry, '', 0)
  known(model, entry, ['id', ...PRICE_KEYS], '')
  for (const [i, tier] of tiers.entries()) {
    if (!isRecord(tier)) continue
    known(model, tier, TIER_KEYS, `tiers[${i}].`)
    const above = tier.aboveInputTokens
    if (typeof above === 'number' && above > 0) readPrices(model, tier, `tiers[${i}].`, above)
    else model.bad.push({ field: `tiers[${i}].aboveInputTokens`, message: 'expected a number above 0' })
  }
  for (const name of DISCOUNT_NAMES) {
    const value = entry[name]
    if (value === undefined) continue
    if (typeof value === 'number' && value >= 0 && value < 1) model.discounts[name] = value
    else model.bad.push({ field: name, message: 'expected a share in [0, 1)' })
  }
  if (entry.outputUsdPerMTok === 0) model.hasOutput = false
  return model
}

function readPrices(
  model: ListedModel,
  prices: Readonly<Record<string, unknown>>,
  path: string,
  above: number,
): void {
  for (const { name } of TOKEN_KIND_ROWS) {
    const field = `${name}UsdPerMTok`
    model.put(name, model.perMillion(prices[field], `${path}${field}`), 'standard', above)
  }
}

/** A price that is misspelt would be one that is left out. */
function known(model: ListedModel, record: object, keys: readonly string[], path: string): void {
  for (const key of Object.keys(record)) {
    if (keys.includes(key)) continue
    const near = nearest(key, keys)
    const hint = near === undefined ? '' : `; did you mean '${near}'?`
    model.bad.push({ field: `${path}${key}`, message: `unknown${hint}` })
  }
}
