import { checkPriors, priorOf } from './bandit/priors.js'
import { ParetoBanditError } from './base/errors.js'
import { CORE_EVENTS } from './events/core-events.js'
import type { EventDefinition } from './events/definition.js'
import type { RouterEvent } from './events/events.js'
import type { AnyEncoder } from './features/encoder.js'
import type { Kernel } from './kernel/kernel.js'
import { loadKernel } from './kernel/load.js'
import type { Policy } from './policy/policy.js'
import type { PolicyName, RouterOptions } from './router/options/options.js'
import { checkRouterOptions, resolveOptions } from './router/options/resolve-options.js'
import { Router } from './router/router.js'

interface LoadedPolicy {
  readonly policy: Policy
  readonly policyEvents: readonly EventDefinition[]
}

/** Requests that a model without a prior gets for certain, where the policy paces them. */
const COLD_EXPLORATION = 15

/**
 * Makes a router.
 *
 * Without `encoder` and `dimension` it encodes texts by the default hashing encoder (d = 26), loaded on this call.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION, DIMENSION_MISMATCH, DUPLICATE_MODEL naming the field;
 *   KERNEL_UNAVAILABLE, OUT_OF_MEMORY
 */
export async function createRouter(options: RouterOptions = {}): Promise<Router> {
  const checked = checkRouterOptions(options)
  // Checked copies: what the caller does with its objects later is no matter.
  const own = checked.priors === undefined ? checked : { ...checked, priors: checkPriors(checked.priors) }
  const resolved = resolveOptions(own, await chooseEncoder(checked))
  const { dimension, gamma, lambda0, priors, encoder } = resolved
  if (priors !== null && priors.encoder !== null && encoder !== null && priors.encoder !== encoder.name) {
    const message = `were fitted on contexts of encoder '${priors.encoder}', this router has '${encoder.name}'`
    throw new ParetoBanditError('INVALID_ARGUMENT', 'priors', message)
  }
  const makeKernel = (): Promise<Kernel> =>
    loadKernel(resolved.kernel, { dimension, gamma, lambda0, heads: resolved.policy === 'dollar' ? 2 : 0 })
  const [kernel, { policy, policyEvents }] = await Promise.all([makeKernel(), loadPolicy(resolved.policy)])
  const router = new Router(resolved, kernel, policy)
  const seed: RouterEvent[] = []
  const endSeed = own.store === undefined ? undefined : router.on('*', (event) => seed.push(event))
  if (own.caps !== undefined) router.setCaps(own.caps)
  if (own.latency !== undefined) router.setLatency(own.latency)
  if (own.quality !== undefined) router.setQuality(own.quality)
  if (own.tenants !== undefined) router.addTenants(own.tenants)
  for (const model of resolved.models) {
    const cold = resolved.policy === 'dollar' && priorOf(resolved.priors, model.id) === null
    router.addModel(model, {
      forcedExploration: cold ? Math.min(COLD_EXPLORATION, resolved.forcedExploration) : 0,
    })
  }
  endSeed?.()
  if (own.journal !== undefined && own.store === undefined)
    throw new ParetoBanditError('INVALID_ARGUMENT', 'journal', "goes with 'store'")
  if (own.store !== undefined) {
    const { checkStore, openDurable, resolveJournal } = await import('./log/index.js')
    await openDurable(
      { router, options: resolved, policy, events: [...CORE_EVENTS, ...policyEvents], seed, makeKernel },
      checkStore(own.store),
      resolveJournal(own.journal),
    )
  }
  return router
}

/** A router carries the code of one policy. */
async function loadPolicy(name: PolicyName): Promise<LoadedPolicy> {
  if (name === 'paper') return { policy: (await import('./policy/paper/index.js')).PAPER, policyEvents: [] }
  const { DOLLAR, DOLLAR_EVENTS } = await import('./policy/dollar/index.js')
  return { policy: DOLLAR, policyEvents: DOLLAR_EVENTS }
}

async function chooseEncoder(options: RouterOptions): Promise<AnyEncoder | null> {
  if (options.encoder !== undefined) return options.encoder
  if (options.dimension !== undefined) return null
  const { defaultEncoder } = await import('./features/default-encoder.js')
  return defaultEncoder()
}
