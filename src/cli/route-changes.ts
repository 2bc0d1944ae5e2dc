import {
  priceOf,
  type ResolvedModelPrice,
  type ResolvedModelSpec,
  type ResolvedTokenPrices,
} from '../models/model.js'
import { DISCOUNT_NAMES } from '../models/service-tier.js'
import { TOKEN_KINDS } from '../models/token-kinds.js'
import type { Router } from '../router/router.js'
import { usd } from './format.js'
import type { Settings } from './state/settings.js'

/** One thing that the flags of a call changed in a kept router, in words. */
export interface RouteChange {
  readonly model: string | null
  readonly change: string
}

/**
 * Makes a router's models those of a models file: new ones are added, changed prices taken over, missing ones
 * disabled (what was learned of them stays), returned ones enabled.
 */
export function applyModels(router: Router, specs: readonly ResolvedModelSpec[]): RouteChange[] {
  const changes: RouteChange[] = []
  const known = new Map(router.stats().models.map((model) => [model.id, model]))
  for (const spec of specs) {
    const model = known.get(spec.id)
    known.delete(spec.id)
    if (model === undefined) {
      router.addModel(spec)
      changes.push({ model: spec.id, change: 'added' })
      continue
    }
    if (JSON.stringify(priceOf(model)) !== JSON.stringify(priceOf(spec))) {
      router.reprice(spec.id, priceOf(spec))
      changes.push({
        model: spec.id,
        change: `repriced from ${describePrice(model)} to ${describePrice(spec)} USD per million tokens`,
      })
    }
    if (!model.enabled) {
      router.enable(spec.id)
      changes.push({ model: spec.id, change: 'enabled again' })
    }
  }
  for (const model of known.values()) {
    if (!model.enabled) continue
    router.disable(model.id)
    changes.push({ model: model.id, change: 'disabled: not in the models file' })
  }
  return changes
}

/** @param usdPerRequest the new ceiling, or null for none */
export function applyBudget(router: Router, usdPerRequest: number | null): RouteChange[] {
  const before = router.stats().pacer.usdPerRequest
  if (before === usdPerRequest) return []
  router.setBudget(usdPerRequest === null ? null : { usdPerRequest })
  const from = before === null ? 'none' : usd(before)
  const to = usdPerRequest === null ? 'none' : usd(usdPerRequest)
  return [{ model: null, change: `budget per request changed from ${from} to ${to}` }]
}

/** Mode and epsilon are options of the router, not state: the caller has made the router with the new ones. */
export function describeSettings(before: Settings, after: Settings): RouteChange[] {
  return (['mode', 'epsilon'] as const).flatMap((key) =>
    before[key] === after[key]
      ? []
      : [{ model: null, change: `${key} changed from ${before[key]} to ${after[key]}` }],
  )
}

/** The prices in words: of input and output, and of the kinds that cost something else. */
function describePrice(price: ResolvedModelPrice): string {
  const { tiers = [] } = price
  const discounts = DISCOUNT_NAMES.flatMap((name) =>
    price[name] === undefined ? [] : [`${name} ${price[name]}`],
  )
  const longer = tiers.map((tier) => `above ${tier.aboveInputTokens} input tokens ${describeKinds(tier)}`)
  return [describeKinds(price), ...longer, ...discounts].join('; ')
}

function describeKinds(prices: ResolvedTokenPrices): string {
  const given = prices as Readonly<Record<string, number | undefined>>
  const { kinds } = TOKEN_KINDS
  const parts = kinds.flatMap(({ index, whole, priceName, label }) => {
    const price = given[priceName]
    const isOwn = index === whole || price !== given[kinds[whole].priceName]
    return price !== undefined && isOwn ? [`${price} ${label}`] : []
  })
  return parts.join(' / ')
}
