import type { FoldView } from '../../../state/policy-state.js'
import type { Choice } from '../../chooser.js'
import type { SpendingLimits } from '../accounts/spending-limits.js'
import type { CandidateCosts } from '../candidate-costs.js'
import type { PredictedUses } from '../latency/predicted-uses.js'
import type { DollarState } from '../state.js'
import { IDLE_REQUESTS, IDLE_REQUESTS_PER_MODEL, TRIAL_REQUESTS } from '../tuning.js'
import { CostDoubts } from './cost-doubts.js'

const NO_SAVING = 0
const FUND_BACK = -1

/** Requests that are given to a model to learn of it, whatever its score: newcomers first, then canaries. All are paid for. */
export class Probes {
  private readonly costs: CandidateCosts
  private readonly limits: SpendingLimits
  private readonly doubts: CostDoubts
  /** What the latest canary was a try of. */
  triesCost = false
  triesLatency = false

  constructor(costs: CandidateCosts, limits: SpendingLimits) {
    this.costs = costs
    this.limits = limits
    this.doubts = new CostDoubts(costs, limits)
  }

  /**
   * The list position of a newcomer whose turn it is, or -1. What it costs above B is paid from the fund; and one that
   * could not win at this price even with the best reward there is waits until it is cheaper.
   */
  probe({ registry, requests }: FoldView, choice: Choice): number {
    this.triesCost = this.triesLatency = false
    const { costs, limits } = this
    const { list, drawnUsd } = costs
    const { payer, othersUsd, availableUsd } = limits
    choice.savedUsd = (payer?.credit.fundUsd ?? 0) === 0 ? NO_SAVING : FUND_BACK
    if (registry.exploring === 0) return -1
    const usdPerRequest = payer?.usdPerRequest ?? null
    const savingUsd = usdPerRequest === null ? 0 : (payer?.credit.savingUsd(availableUsd, usdPerRequest) ?? 0)
    let wanted = false
    let chosen = -1
    const first = requests % list.count
    for (let i = 0; i < list.count && chosen < 0; i++) {
      const position = first + i < list.count ? first + i : first + i - list.count
      if (list.models[position].forcedRemaining === 0 || !this.couldWin(position)) continue
      wanted = true
      const costUsd = drawnUsd[position]
      if (costUsd > othersUsd) continue
      if (usdPerRequest === null || payer === null) chosen = position
      else if (payer.credit.affordsProbe(costUsd, savingUsd, availableUsd, usdPerRequest)) chosen = position
    }
    if (wanted && payer !== null) choice.savedUsd = savingUsd
    return chosen
  }

  /**
   * The list position of a model that is tried again, or -1: one that nobody has chosen for long, or one that has fallen
   * or got slow and would be chosen if it were what it was. The accounts must afford it.
   */
  canary(
    state: FoldView,
    { recoveries, objectives }: DollarState,
    uses: PredictedUses,
    index: number,
  ): number {
    const { costs, limits } = this
    const { arms, requests } = state
    const { list, drawnUsd } = costs
    // One of the list a request: all take turns.
    const position = requests % list.count
    const model = list.models[position]
    const { slot } = model
    const idle = arms.idleAge(slot, requests)
    if (idle < TRIAL_REQUESTS) return -1
    if (this.doubts.isDue(position, idle, state)) {
      this.doubts.take(position)
      this.triesCost = true
      return position
    }
    if (drawnUsd[position] > limits.limitUsd) return -1
    if (idle >= Math.max(IDLE_REQUESTS, IDLE_REQUESTS_PER_MODEL * list.count))
      return this.couldWin(position) ? position : -1
    const promise = recoveries.promise(slot, idle, requests, arms, index) - uses.penaltyAt(position)
    const regained = uses.regained(objectives.latency, model, position, idle, state)
    const value = Math.max(promise, costs.values[position] + regained)
    if (value === Number.NEGATIVE_INFINITY) return -1
    const worth = value - limits.price * costs.expectedUsd[position]
    for (let other = 0; other < list.count; other++) {
      const isAffordable = drawnUsd[other] <= limits.limitUsd
      if (isAffordable && costs.worth(other, limits.price) > worth) return -1
    }
    this.triesLatency = regained > Number.NEGATIVE_INFINITY
    return position
  }

  /** Where no model is affordable: one to be tried all the same, or -1. @param limitUsd the most it may draw */
  lastResort(state: FoldView, at: number, limitUsd: number): number {
    const position = this.doubts.lastResort(state, at, limitUsd)
    if (position < 0) return -1
    this.doubts.take(position)
    this.triesCost = true
    return position
  }

  /** Whether the best reward there is would make it better than the cheapest model, at today's price. */
  private couldWin(position: number): boolean {
    const { costs, limits } = this
    if (limits.price === 0) return true
    const best = 1 - limits.price * costs.expectedUsd[position]
    return best >= costs.worth(costs.cheapest, limits.price)
  }
}
