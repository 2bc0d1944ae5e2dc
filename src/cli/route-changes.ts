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

/** One thing in which the flags of a call and a kept router differ, and what makes it as the flags have it. */
export interface RouteDifference extends RouteChange {
  readonly make: () => void
}

/**
 * What makes a router's models those of a models file: new ones are added, changed prices taken over, missing ones
 * disabled (what was learned of them stays), returned ones enabled, but for those that an operator disabled.
 */
export function modelDifferences(router: Router, specs: readonly ResolvedModelSpec[]): RouteDifference[] {
  const differences: RouteDifference[] = []
  const known = new Map(router.stats().models.map((model) => [model.id, model]))
  for (const spec of specs) {
    const { id } = spec
    const model = known.get(id)
    known.delete(id)
    if (model === undefined) {
      differences.push({ model: id, change: 'added', make: () => router.addModel(spec) })
      continue
    }
    if (JSON.stringify(priceOf(model)) !== JSON.stringify(priceOf(spec))) {
      const change = `repriced from ${describePrice(model)} to ${describePrice(spec)} USD per million tokens`
      differences.push({ model: id, change, make: () => router.reprice(id, priceOf(spec)) })
    }
    if (model.disabledBy.includes('options'))
      differences.push({
        model: id,
        change: 'enabled again',
        make: () => router.enable(id, { by: 'options' }),
      })
  }
  for (const { id, enabled } of known.values()) {
    if (!enabled) continue
    differences.push({
      model: id,
      change: 'disabled: not in the models file',
      make: () => router.disable(id, { by: 'options' }),
    })
  }
  return differences
}

/** @param usdPerRequest the new ceiling, or null for none */
export function budgetDifferences(router: Router, usdPerRequest: number | null): RouteDifference[] {
  const before = router.stats().pacer.usdPerRequest
  if (before === usdPerRequest) return []
  const from = before === null ? 'none' : usd(before)
  const to = usdPerRequest === null ? 'none' : usd(usdPerRequest)
  const change = `budget per request changed from ${from} to ${to}`
  const make = () => router.setBudget(usdPerRequest === null ? null : { usdPerRequest })
  return [{ model: null, change, make }]
}

/** Mode and epsilon are options of the router, not state: it has been made with those that are to be. */
export function settingDifferences(before: Settings, after: Settings): RouteDifference[] {
  return (['mode', 'epsilon'] as const).flatMap((key) =>
    before[key] === after[key]
      ? []
      : [{ model: null, change: `${key} changed from ${before[key]} to ${after[key]}`, make: () => {} }],
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
