import { COST, LATENCY, QUADRATIC } from '../../../kernel/kernel.js'
import { isAvailable } from '../../../models/availability.js'
import type { Model } from '../../../models/registry.js'
import type { StateView } from '../../../state/policy-state.js'
import { blankNote } from '../../decision-note.js'
import { type RequestSize, requestSize } from '../../eligibility.js'
import type { ResolvedOptions } from '../../options.js'
import { begunCap } from '../accounts/cap-status.js'
import { CandidateCosts } from '../candidate-costs.js'
import { Equals } from '../equals.js'
import { Newcomers } from '../exploration/newcomers.js'
import { RequestLimits } from '../request-limits.js'
import type { DollarOptions } from '../settings.js'
import type { DollarState } from '../state.js'
import { type RecentPrompt, recentPrompts } from './recent-prompts.js'

/** How a model stands with requests like the latest, were they routed now and without options of their own. */
export interface Surveyed {
  /** The least that one of them would draw, USD; what that one would draw on its cheapest model, and may draw as the accounts stand. */
  drawnUsd: number
  leastUsd: number
  limitUsd: number
  /** The most by which it is worth more than the best that can be had at the price in force; below 0: it is worth less. */
  lead: number
  /** How many it would get, and how many were it affordable. */
  wins: number
  wouldWin: number
  /** Whether it may be worth its price, for all that is known: a try may find out. */
  isProspect: boolean
}

/**
 * Weighs all models for the latest prompts as a decision does, and changes nothing but scratch space of the arena: the list
 * that it writes there is that of all enabled models, so one that a decision keeps stays what it is.
 */
export class Survey {
  readonly limits: RequestLimits
  /** Whether no prompt is remembered: then it is one of the usual size, without features. */
  readonly isUsual: boolean
  /** Of the prompts, as of `all`: how many would be refused, but for a newcomer's try. */
  refused = 0
  readonly prompts: readonly RecentPrompt[]
  private readonly state: StateView<DollarState>
  private readonly options: ResolvedOptions<DollarOptions>
  private readonly costs = new CandidateCosts()
  private readonly newcomers: Newcomers
  private readonly equals: Equals
  private readonly at: number

  /** @param prompts how many at most */
  constructor(
    state: StateView<DollarState>,
    options: ResolvedOptions<DollarOptions>,
    at: number,
    prompts: number,
  ) {
    this.state = state
    this.options = options
    this.at = at
    this.limits = new RequestLimits(false)
    this.readLimits()
    this.newcomers = new Newcomers(this.costs, this.limits.uses)
    this.equals = new Equals(options.policyOptions.indifference, this.costs)
    const usual = requestSize(null, null, options.expectedInputTokens, options.expectedOutputTokens)
    const recent = recentPrompts(state, prompts, usual)
    this.isUsual = recent.length === 0
    this.prompts = this.isUsual ? [usualPrompt(state.pending.dimension, usual)] : recent
  }

  /** As the next request finds them: it begins the periods of caps that are over. */
  private readLimits(): void {
    const { at, limits, state } = this
    const { router } = state.policy.accounts
    const { caps } = router
    try {
      if (caps.some((cap) => cap.isOver(at))) router.caps = caps.map((cap) => begunCap(cap, at))
      limits.read(state, null, { ...blankNote(), at })
    } finally {
      router.caps = caps
    }
  }

  /** Of every enabled model, over all prompts. */
  all(): ReadonlyMap<Model, Surveyed> {
    const found = new Map<Model, Surveyed>()
    const { costs, limits, newcomers, state } = this
    const { spending } = limits
    for (const prompt of this.prompts) {
      this.weigh(prompt)
      const best = this.best()
      const leastUsd = costs.drawnUsd[costs.leastDrawn()]
      if (this.isRefused()) this.refused++
      newcomers.read(state, spending, Math.min(spending.ceilingUsd, spending.paceUsd))
      for (let position = 0; position < costs.list.count; position++) {
        const lead = best < 0 ? 0 : costs.worth(position, spending.price) - costs.worth(best, spending.price)
        const one = found.get(costs.list.models[position])
        const isBetter = lead > 0 && !this.isEqual(position, best)
        const drawnUsd = costs.drawnUsd[position]
        const { limitUsd } = spending
        const least = one === undefined || drawnUsd < one.drawnUsd ? { drawnUsd, leastUsd, limitUsd } : one
        const seen: Surveyed = {
          drawnUsd: least.drawnUsd,
          leastUsd: least.leastUsd,
          limitUsd: least.limitUsd,
          lead: Math.max(lead, one?.lead ?? Number.NEGATIVE_INFINITY),
          wins: (one?.wins ?? 0) + (position === best ? 1 : 0),
          wouldWin: (one?.wouldWin ?? 0) + (position === best || isBetter ? 1 : 0),
          isProspect: one?.isProspect === true || newcomers.mayBeTried(position),
        }
        found.set(costs.list.models[position], seen)
      }
    }
    return found
  }

  /**
   * Which of the models may be worth their prices, each where requests may cost so much on average, USD.
   * O(models (d^2 + corners of the envelope)) a prompt
   */
  mayWinAt(ceilingsUsd: ReadonlyMap<Model, number>): ReadonlySet<Model> {
    const found = new Set<Model>()
    if (ceilingsUsd.size === 0) return found
    const { costs, limits, newcomers, state } = this
    for (const prompt of this.prompts) {
      this.weigh(prompt)
      // What models may be worth is the same at every ceiling; each climbs to its own.
      newcomers.read(state, limits.spending, 0)
      for (let position = 0; position < costs.list.count; position++) {
        const model = costs.list.models[position]
        const ceilingUsd = ceilingsUsd.get(model)
        if (ceilingUsd === undefined || found.has(model)) continue
        newcomers.climb(state, ceilingUsd)
        if (newcomers.mayWin(position)) found.add(model)
      }
    }
    return found
  }

  /** Values and costs of all enabled models for a prompt. */
  private weigh({ context, size, reservedRatio }: RecentPrompt): void {
    const { costs, limits, state } = this
    const { spending, uses } = limits
    const { arms, policy, registry, requests } = state
    const { kernel } = arms
    const { layout, f64 } = kernel
    f64.set(context, layout.context)
    costs.list.takeEnabled(arms, registry, Number.POSITIVE_INFINITY)
    const { count } = costs.list
    kernel.project(1, count, COST | QUADRATIC | (uses.isOn ? LATENCY : 0))
    const isWorstCase = this.options.policyOptions.reserve === 'worst-case'
    costs.predict(kernel, 0, null, size, isWorstCase)
    if (isWorstCase) for (let i = 0; i < count; i++) costs.drawnUsd[i] = costs.listUsd[i] * reservedRatio
    costs.need(spending, policy)
    if (uses.isOn) {
      const { latency } = policy.objectives
      uses.predict(latency, costs.list, kernel, 0, costs.neededUsd, spending.limitUsd)
    }
    for (let i = 0; i < count; i++) f64[costs.cells[i] + layout.penalty] = uses.penaltyAt(i)
    kernel.combine(0, count, this.options.alpha, 1, requests)
    for (let i = 0; i < count; i++) costs.values[i] = f64[costs.cells[i] + layout.score]
  }

  /** The position that the request would go to by its scores; -1 where nothing is affordable. */
  private best(): number {
    const { costs, state } = this
    const { price, limitUsd } = this.limits.spending
    const { list, neededUsd } = costs
    let best = -1
    for (let position = 0; position < list.count; position++) {
      if (neededUsd[position] > limitUsd || !isAvailable(list.models[position], this.at, state.requests))
        continue
      if (best < 0 || costs.worth(position, price) > costs.worth(best, price)) best = position
    }
    return best < 0 ? best : this.equals.cheapest(state, 0, best, this.limits)
  }

  /** As `RequestLimits.cheapestAllowed` refuses it. */
  private isRefused(): boolean {
    const { costs } = this
    const { list, drawnUsd, neededUsd } = costs
    const { capUsd, limitUsd } = this.limits.spending
    if (list.count === 0) return false
    if (drawnUsd[costs.leastDrawn()] > capUsd) return true
    if (!this.options.policyOptions.strict) return false
    for (let position = 0; position < list.count; position++)
      if (neededUsd[position] <= limitUsd) return false
    return true
  }

  /** Whether a dearer model is no better than the best: then it gets nothing that the best may have. */
  private isEqual(position: number, best: number): boolean {
    const { price } = this.limits.spending
    const { expectedUsd } = this.costs
    if (best < 0 || price !== 0 || expectedUsd[best] >= expectedUsd[position]) return false
    return this.equals.areEqual(this.state, 0, best, position, price, this.limits.uses)
  }
}

function usualPrompt(dimension: number, size: RequestSize): RecentPrompt {
  const context = new Float64Array(dimension)
  context[dimension - 1] = 1
  return { context, size, reservedRatio: 1 }
}
