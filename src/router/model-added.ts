import { checkKeys, checkRecord } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import type { ModelAddedEvent } from '../events/events.js'
import { NO_SHRINKAGE } from '../events/models.js'
import { checkGivenSpec, logNormalisedCost } from '../models/model.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { Policy } from '../policy/policy.js'
import type { RoutingState } from '../state/routing-state.js'
import { checkForcedExploration } from './resolve-options.js'

/**
 * The event that registers a model: logarithms and scaled priors are worked out here and carried by it.
 * @throws DUPLICATE_MODEL, INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function modelAddedEvent(
  state: RoutingState,
  router: ResolvedOptions,
  policy: Policy,
  model: unknown,
  options: unknown,
  at: number,
): ModelAddedEvent {
  const spec = checkGivenSpec(model, 'model')
  const { forcedExploration, ...rest } = checkRecord(options, 'options')
  checkKeys(rest, ['forcedExploration'], 'options')
  const registered = state.registry.get(spec.id)
  if (registered !== undefined) {
    const message = state.registry.draining.has(registered)
      ? 'is being removed, once its requests are done: removeModel(id) removes it now, enable(id) keeps it'
      : 'is registered already'
    throw new ParetoBanditError('DUPLICATE_MODEL', 'model.id', `'${spec.id}' ${message}`)
  }
  const { prior, shrinkage = NO_SHRINKAGE, ...start } = policy.armStart(router, spec, meanReward(state))
  return {
    type: 'model-added',
    at,
    model: spec,
    logCost: logNormalisedCost(spec),
    forcedExploration:
      forcedExploration === undefined
        ? router.forcedExploration
        : checkForcedExploration(forcedExploration, 'options.forcedExploration'),
    // Events have rewards as they are given.
    prior: prior === null ? null : (router.rewards?.statisticsToUser(prior) ?? prior),
    ...start,
    shrinkage,
  }
}

function meanReward({ registry }: RoutingState): number | null {
  let rewards = 0
  let sum = 0
  for (const model of registry.models) {
    rewards += model.rewarded
    sum += model.rewardSum
  }
  return rewards === 0 ? null : sum / rewards
}
