import { PRICE_NAMES, type ResolvedModelPrice, type ResolvedModelSpec } from '../models/model.js'
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
    if (PRICE_NAMES.some((name) => model[name] !== spec[name])) {
      const { id, ...price } = spec
      router.reprice(id, price)
      changes.push({
        model: spec.id,
        change: `repriced from ${priceOf(model)} to ${priceOf(spec)} USD per million tokens`,
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

/** The prices in words: those of cached and reasoning tokens where they differ. */
function priceOf(price: ResolvedModelPrice): string {
  const { inputUsdPerMTok, outputUsdPerMTok, cachedInputUsdPerMTok, reasoningUsdPerMTok } = price
  const parts = [`${inputUsdPerMTok} in`, `${outputUsdPerMTok} out`]
  if (cachedInputUsdPerMTok !== inputUsdPerMTok) parts.push(`${cachedInputUsdPerMTok} cached`)
  if (reasoningUsdPerMTok !== outputUsdPerMTok) parts.push(`${reasoningUsdPerMTok} reasoning`)
  return parts.join(' / ')
}
