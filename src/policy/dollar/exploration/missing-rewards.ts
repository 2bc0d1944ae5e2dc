import type { Evidence } from '../../../bandit/evidence.js'
import type { Model } from '../../../models/registry.js'
import type { RegistryView } from '../../../state/policy-state.js'
import { DUE_REWARDS } from '../tuning.js'

/**
 * Whether a model has no rewards, and none that has could take its place: of others some have rewards, or the request is for this one of several
 * alone, before anybody has rated anything.
 */
export function isAlone(model: Model, open: readonly Model[], { models, enabled }: RegistryView): boolean {
  if (model.rewarded > 0 || hasRewards(open)) return false
  return (open.length === 1 && enabled.length > 1) || hasRewards(models)
}

/**
 * A cold arm starts at what is usual, so that it is tried; one whose rewards never come would stay there, and a cheap
 * one would take all of the traffic. Where the rewards of others say that 30 of its own were due it is taken to be worth the least there is: what is known to be good comes before it, and
 * it still takes what nothing else is cheap enough for. Its first rewards outweigh this as they outweigh any start.
 *
 * What none of those that have rewards could take counts for nothing: clients that name a model, and rate no answers, would make others go without it.
 *
 * Asked as each request settles that counts, and looks at others at every doubling of these: O(models) each.
 */
export function markMissingRewards(
  model: Model,
  registry: RegistryView,
  evidence: Evidence,
  requests: number,
): void {
  const settled = model.settled - model.settledAlone
  if (model.rewarded > 0 || settled < DUE_REWARDS || (settled & (settled - 1)) !== 0) return
  let othersRewarded = 0
  let othersSettled = 0
  for (const other of registry.models) {
    if (other.rewarded === 0) continue
    othersRewarded += other.rewarded
    othersSettled += other.settled
  }
  if (settled * othersRewarded < DUE_REWARDS * othersSettled || othersRewarded === 0) return
  const numbers = evidence.copyReward(model.slot)
  const [ridge] = numbers
  // What a prior says of it stands.
  if (numbers[numbers.length - 1] > ridge) return
  const { dimension } = evidence.arms.kernel.layout
  numbers[dimension] = 0
  evidence.putReward(model.slot, numbers, requests)
}

function hasRewards(models: Iterable<Model>): boolean {
  for (const { rewarded } of models) if (rewarded > 0) return true
  return false
}
