import { priorOf } from './bandit/priors.js'
import { ParetoBanditError } from './base/errors.js'
import { CURVE_POINT_NUMBERS } from './events/curve-point.js'
import type { RouterEvent } from './events/events.js'
import type { AnyEncoder } from './features/encoder.js'
import type { Kernel } from './kernel/kernel.js'
import { loadKernel } from './kernel/load.js'
import type { ModelSpec } from './models/model.js'
import type { ResolvedOptions, RouterOptions } from './policy/options.js'
import { policyNamed } from './policy/policies.js'
import { makeParts } from './router/parts.js'
import { checkRouterOptions, resolveOptions } from './router/resolve-options.js'
import { Router } from './router/router.js'

/** Where the ids of models are read off the options. */
interface ModelIds<Id extends string> {
  readonly models?: readonly (ModelSpec & { readonly id: Id })[] | undefined
}

/**
 * Makes a router.
 *
 * Without `encoder` and `dimension` it encodes texts by the default hashing encoder (d = 26), loaded on this call.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION, DIMENSION_MISMATCH, DUPLICATE_MODEL naming the field;
 *   KERNEL_UNAVAILABLE, OUT_OF_MEMORY
 * @typeParam Id ids of the given models: what `Decision.model` may be
 */
export async function createRouter<const Id extends string = string>(
  options: RouterOptions & ModelIds<Id> = {},
): Promise<Router<Id>> {
  const checked = checkRouterOptions(options)
  // Checked copies: what the caller does with its objects later is no matter.
  const own = checked.priors === undefined ? checked : await withPriors(checked)
  const resolved = await withTokens(await withRewards(resolveOptions(own, await chooseEncoder(checked))))
  const { dimension, gamma, lambda0, priors, encoder } = resolved
  if (priors !== null) {
    const { checkPriorsFit } = await import('./bandit/check-priors.js')
    const ids = resolved.models.map(({ id }) => id)
    checkPriorsFit(priors, encoder?.name ?? null, ids)
  }
  const { settings, load } = policyNamed(resolved.policy)
  const { kernel: kernelName, kernelModule } = resolved
  const makeKernel = async (): Promise<Kernel> => {
    const arena = { dimension, gamma, lambda0, heads: settings.heads }
    if (kernelModule === null) return loadKernel(kernelName, arena)
    return (await import('./kernel/given-module.js')).loadGivenModule(kernelModule, arena)
  }
  const [kernel, policy] = await Promise.all([makeKernel(), load()])
  const parts = makeParts(resolved, kernel, policy)
  const { committer, admin } = parts
  const seed: RouterEvent[] = []
  const endSeed = own.store === undefined ? undefined : committer.emitter.on('*', (event) => seed.push(event))
  for (const command of settings.begin(own)) admin.carryOut(command)
  // At once: V8 counts each growth of an arena as new memory of its whole size, and thousands of them take minutes.
  kernel.reserve(resolved.models.length)
  for (const model of resolved.models) {
    const isCold = priorOf(resolved.priors, model.id) === null
    const forcedExploration = isCold ? Math.min(settings.coldExploration, resolved.forcedExploration) : 0
    admin.addModel(model, { forcedExploration })
  }
  endSeed?.()
  for (const name of ['journal', 'onDifference'] as const) {
    if (own[name] !== undefined && own.store === undefined)
      throw new ParetoBanditError('INVALID_ARGUMENT', name, "goes with 'store'")
  }
  if (own.store !== undefined) {
    const { checkStore, openDurable, resolveJournal } = await import('./log/index.js')
    await openDurable(
      { parts, options: resolved, given: own, policy, seed, makeKernel },
      checkStore(own.store),
      resolveJournal(own.journal),
    )
  }
  return new Router<Id>(parts)
}

async function withPriors(options: RouterOptions): Promise<RouterOptions> {
  const { checkPriors } = await import('./bandit/check-priors.js')
  return { ...options, priors: checkPriors(options.priors) }
}

/** Options whose rewards are in another range than [0, 1]: with what turns these into parts of it. */
async function withRewards(options: ResolvedOptions): Promise<ResolvedOptions> {
  const { rewardLow, rewardHigh, priors } = options
  if (rewardLow === 0 && rewardHigh === 1) return options
  const { RewardRange } = await import('./policy/reward-range.js')
  const rewards = new RewardRange(rewardLow, rewardHigh, CURVE_POINT_NUMBERS)
  return { ...options, rewards, priors: priors === null ? null : rewards.priorsToUnit(priors) }
}

/** Options of a router that takes texts: with what tells how long they are. */
async function withTokens(options: ResolvedOptions): Promise<ResolvedOptions> {
  if (options.encoder === null) return options
  const { estimateTokens } = await import('./features/text-tokens.js')
  return { ...options, estimateTokens }
}

async function chooseEncoder(options: RouterOptions): Promise<AnyEncoder | null> {
  if (options.encoder !== undefined) return options.encoder
  if (options.dimension !== undefined) return null
  const { defaultEncoder } = await import('./features/default-encoder.js')
  return defaultEncoder()
}
