import type { ModelPrice, Router } from '../../index.js'
import type { ModelConfig } from './config.js'

type Known = ReturnType<Router<string>['stats']>['models'][number]

const PRICE = /UsdPerMTok$|^tiers$|Discount$/

/**
 * Models as they are in force: prices that an admin has set since, and whether they take requests, are the router's to say. One that
 * the router does not know is as the config has it.
 */
export function modelsInForce(
  models: readonly ModelConfig[],
  router: Router<string>,
): readonly ModelConfig[] {
  const known = new Map(router.stats().models.map((model) => [model.id, model]))
  return models.map((model) => {
    const inRouter = known.get(model.id)
    if (inRouter === undefined) return model
    const prices = pricesInForce(model.prices, inRouter)
    const { enabled } = inRouter
    return prices === model.prices && enabled === model.enabled ? model : { ...model, prices, enabled }
  })
}

/** The same object where nothing else is in force; null where nobody has given prices. */
function pricesInForce(said: ModelPrice | null, known: Known): ModelPrice | null {
  if (said === null) {
    const isPriced = Object.entries(known).some(
      ([name, value]) => name.endsWith('UsdPerMTok') && typeof value === 'number' && value > 0,
    )
    return isPriced ? pricesOf(known) : null
  }
  return isWithin(said, known) && isAll(known, said) ? said : pricesOf(known)
}

/** Prices that have a default, and whose they cost where nobody says them. */
const DEFAULTS = new Map([
  ['cachedInputUsdPerMTok', 'inputUsdPerMTok'],
  ['reasoningUsdPerMTok', 'outputUsdPerMTok'],
])

/** Whether all that is known of prices is said, but for what the router has added. */
function isAll(known: object, said: object): boolean {
  const values = new Map(Object.entries(known))
  const saidOf = new Map(Object.entries(said))
  return [...values].every(([name, value]) => {
    if (!PRICE.test(name)) return true
    const given = saidOf.get(name)
    if (given === undefined) return value === values.get(DEFAULTS.get(name) ?? '')
    if (!Array.isArray(value) || !Array.isArray(given)) return true
    return value.every((tier, i) => isAll(tier, given[i]))
  })
}

function pricesOf(known: Known): ModelPrice {
  const { inputUsdPerMTok, outputUsdPerMTok } = known
  const named = Object.entries(known).filter(([name]) => PRICE.test(name))
  return { ...Object.fromEntries(named), inputUsdPerMTok, outputUsdPerMTok }
}

/** Whether all that is said is known to be so: the router has added what was left out. */
function isWithin(said: unknown, known: unknown): boolean {
  if (said === undefined) return true
  if (Array.isArray(said))
    return (
      Array.isArray(known) &&
      said.length === known.length &&
      said.every((each, i) => isWithin(each, known[i]))
    )
  if (typeof said !== 'object' || said === null) return said === known
  if (typeof known !== 'object' || known === null) return false
  const values = new Map(Object.entries(known))
  return Object.entries(said).every(([name, value]) => isWithin(value, values.get(name)))
}
