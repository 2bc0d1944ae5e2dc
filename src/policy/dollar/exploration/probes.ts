import type { CandidateList } from '../../../bandit/candidate-list.js'
import { PRUNED_COUNT_MIN } from '../../../bandit/scan.js'
import type { StateView } from '../../../state/policy-state.js'
import type { Choice } from '../../chooser.js'
import { Credit } from '../accounts/credit.js'
import type { SpendingLimits } from '../accounts/spending-limits.js'
import type { CandidateCosts } from '../candidate-costs.js'
import type { PredictedUses } from '../latency/predicted-uses.js'
import type { DollarState } from '../state.js'
import {
  FUND_TRIES,
  HEARD_ANSWERS,
  IDLE_REQUESTS,
  IDLE_REQUESTS_PER_MODEL,
  PROSPECT_IDLE_SHARE,
  PROSPECT_SIGMAS,
  SPARE_TRY_CHANCE_MIN,
  SPARE_TRY_CHEAPER,
  SPARE_TRY_REQUESTS,
  SPARE_TRY_SHARE,
  TRIAL_REQUESTS,
  TRY_CAP_SHARE,
} from '../tuning.js'
import { CostDoubts } from './cost-doubts.js'
import { Newcomers } from './newcomers.js'
import { Prospects } from './prospects.js'

const NO_SAVING = 0
const FUND_BACK = -1

/** Requests that are given to a model to learn of it, whatever its score: newcomers first, then canaries. All are paid for. */
export class Probes {
  private readonly costs: CandidateCosts
  private readonly limits: SpendingLimits
  private readonly leavesToChance: boolean
  private readonly doubts: CostDoubts
  private readonly newcomers: Newcomers
  private readonly prospects: Prospects
  /** What the latest canary was a try of. */
  triesCost = false
  triesLatency = false

  /** @param leavesToChance whether a share of all requests is (`epsilon`) */
  constructor(costs: CandidateCosts, limits: SpendingLimits, uses: PredictedUses, leavesToChance: boolean) {
    this.costs = costs
    this.limits = limits
    this.leavesToChance = leavesToChance
    this.doubts = new CostDoubts(costs, limits)
    this.newcomers = new Newcomers(costs, uses)
    this.prospects = new Prospects(costs, uses)
  }

  /**
   * The list position of a newcomer to be tried, or -1: of those that may be worth their price the most promising within B, which
   * takes nothing from anybody; of the others the one that the fewest dollars were spent on, so that cheap models are known first
   * and say what is worth paying. What it costs above B is paid from the fund, and what nobody wants to spend goes there.
   */
  probe(state: StateView<DollarState>, choice: Choice): number {
    this.triesCost = this.triesLatency = false
    const { costs, limits, newcomers } = this
    const { list, drawnUsd, neededUsd } = costs
    const { payer, othersUsd, availableUsd } = limits
    const fundUsd = payer?.credit.fundUsd ?? 0
    choice.savedUsd = fundUsd === 0 ? NO_SAVING : FUND_BACK
    if (state.registry.exploring === 0) return -1
    const usdPerRequest = payer?.usdPerRequest ?? null
    const savingUsd = usdPerRequest === null ? 0 : (payer?.credit.savingUsd(availableUsd, usdPerRequest) ?? 0)
    const paceUsd = Math.min(limits.ceilingUsd, limits.paceUsd)
    newcomers.read(state, limits, paceUsd)
    const tryUsd = TRY_CAP_SHARE * limits.capUsd
    let open = false
    let wanted = false
    let needUsd = 0
    let chosen = -1
    let leastUsd = Number.POSITIVE_INFINITY
    let promise = Number.NEGATIVE_INFINITY
    for (let position = 0; position < list.count; position++) {
      const model = list.models[position]
      if (model.forcedRemaining === 0) continue
      open = true
      if (!newcomers.mayBeTried(position)) continue
      const costUsd = drawnUsd[position]
      if (neededUsd[position] === Number.POSITIVE_INFINITY || costUsd > othersUsd || costUsd > tryUsd)
        continue
      wanted = true
      if (usdPerRequest !== null)
        needUsd = Math.max(needUsd, FUND_TRIES * Credit.fundForUsd(costUsd, usdPerRequest))
      const isWithin = newcomers.byLevel(position) && costUsd <= paceUsd
      const promised = isWithin ? newcomers.promise(position) : Number.NEGATIVE_INFINITY
      const spentUsd = isWithin ? 0 : costUsd * (model.requests + 1)
      if (chosen >= 0 && (isWithin ? promised <= promise : spentUsd >= leastUsd)) continue
      const isPaid =
        usdPerRequest === null ||
        payer === null ||
        payer.credit.affordsProbe(costUsd, savingUsd, availableUsd, usdPerRequest)
      if (!isPaid) continue
      chosen = position
      leastUsd = spentUsd
      promise = promised
    }
    // That a request does not allow newcomers says nothing of them.
    if (!open && fundUsd > 0) choice.savedUsd = NO_SAVING
    // More than the dearest tries need would only be missing elsewhere.
    if (wanted && payer !== null) choice.savedUsd = Math.min(savingUsd, Math.max(0, needUsd - fundUsd))
    return chosen
  }

  /**
   * The list position of a model that is tried again, or -1: one that nobody has chosen for long, one that has fallen or got
   * slow and would be chosen if it were what it was, or one that would be if it had risen as another has. The accounts must
   * afford it.
   */
  canary(
    state: StateView<DollarState>,
    { rewards: { recoveries, rises }, objectives }: DollarState,
    uses: PredictedUses,
    index: number,
  ): number {
    const { costs, limits } = this
    const { arms, requests } = state
    const { list, neededUsd, drawnUsd } = costs
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
    if (this.doubts.takeReturn(position, idle, state)) return position
    if (neededUsd[position] > limits.limitUsd) return -1
    if (drawnUsd[position] > TRY_CAP_SHARE * limits.capUsd) return -1
    const heard = heardShare(list)
    // Chance tries by itself, a latency objective has its own rules, and so has a model that has fallen.
    const maySpare = !this.leavesToChance && uses.price === 0 && !recoveries.has(slot)
    if (model.rewarded > 0 && this.isProspectDue(state, position, idle, heard, maySpare)) return position
    if (idle >= Math.max(IDLE_REQUESTS, IDLE_REQUESTS_PER_MODEL * list.count) * Math.sqrt(heard)) {
      this.prospects.readTried(state, limits)
      return this.prospects.couldBe(position) ? position : -1
    }
    if (this.doubts.isUnsureDue(position, idle, state)) return position
    const promise = recoveries.promise(slot, idle, requests, heard, arms, index) - uses.penaltyAt(position)
    const regained = uses.regained(objectives.latency, model, position, idle, state)
    const rise = rises.promise(slot, idle, requests, heard, arms, index)
    // How sure it is of a model is looked up where that may have risen: hardly ever.
    const raised =
      rise === Number.NEGATIVE_INFINITY ? rise : rise + PROSPECT_SIGMAS * rewardError(slot, state.policy)
    const value = Math.max(promise, costs.values[position] + Math.max(raised, regained))
    if (value === Number.NEGATIVE_INFINITY) return -1
    const worth = value - limits.price * costs.expectedUsd[position]
    if (!costs.isWorthMost(worth, limits)) return -1
    this.triesLatency = regained > Number.NEGATIVE_INFINITY
    return position
  }

  /**
   * Whether a model that may win is due. Where money is short its tries take from others, and are few. Where it is not, a model
   * that was unlucky would hardly ever be asked again: it comes the sooner the likelier it is to win, and sooner still if it is cheaper.
   */
  private isProspectDue(
    state: StateView<DollarState>,
    position: number,
    idle: number,
    heard: number,
    maySpare: boolean,
  ): boolean {
    const { limits, prospects, costs } = this
    const { count } = costs.list
    const requests = state.requests * heard
    // A long list is pruned: what is known of most of it is not looked at.
    const isSpare = maySpare && limits.price === 0 && count < PRUNED_COUNT_MIN
    if (!isSpare) {
      if (idle < requests * PROSPECT_IDLE_SHARE) return false
      prospects.readTried(state, limits)
      return prospects.mayWin(position)
    }
    const pause = SPARE_TRY_REQUESTS * count + SPARE_TRY_SHARE * requests
    if (idle < SPARE_TRY_CHEAPER * pause) return false
    prospects.readTried(state, limits)
    const isCheaper = prospects.isCheaper(position)
    // Where what is known is the best there is, nothing dearer can be better.
    if (!isCheaper && !prospects.couldBe(position)) return false
    const chance = prospects.chance(position)
    return chance >= SPARE_TRY_CHANCE_MIN && idle * chance >= (isCheaper ? SPARE_TRY_CHEAPER : 1) * pause
  }

  /** Where no model is affordable: the one to take for the cheapest. @param cheapest list position that draws the least */
  likelyCheapest(cheapest: number, exploit: boolean, state: StateView<DollarState>): number {
    return this.doubts.likelyCheapest(cheapest, exploit, state)
  }

  /** Where no model is affordable: one to be tried all the same, or -1. @param limitUsd the most it may draw */
  lastResort(state: StateView<DollarState>, at: number, limitUsd: number): number {
    const position = this.doubts.lastResort(state, at, limitUsd)
    if (position < 0) {
      // One of the list a request, as canaries.
      const turn = state.requests % this.costs.list.count
      const isTried =
        this.doubts.takeReturnLastResort(turn, limitUsd, state) ||
        this.doubts.isUnsureLastResort(turn, limitUsd, state)
      return isTried ? turn : -1
    }
    this.doubts.take(position)
    this.triesCost = true
    return position
  }
}

/**
 * Share of the answers of the listed models that rewards came of: of as many tries as few of them teach anything. 1 where none ever
 * came, and of a long list, in which as many would take turns.
 */
function heardShare({ models, count }: CandidateList): number {
  if (count >= PRUNED_COUNT_MIN) return 1
  let rewarded = 0
  let settled = 0
  for (let position = 0; position < count; position++) {
    rewarded += models[position].rewarded
    settled += models[position].settled
  }
  if (rewarded === 0 || rewarded >= settled) return 1
  return (rewarded + HEARD_ANSWERS) / (settled + HEARD_ANSWERS)
}

/** Standard error of what a model is expected to earn. */
function rewardError(slot: number, policy: DollarState): number {
  return Math.sqrt(policy.rewardVariance(slot) / policy.rewardEvidence(slot))
}
