import { tieBreak } from '../../bandit/tie-break.js'
import type { RouterEvent, RouterEventType } from '../../events/events.js'
import type { Model } from '../../models/registry.js'
import { doubtLimitMs, doubtLimitUsd } from '../../models/tries.js'
import type { StateView } from '../../state/policy-state.js'
import { blankChoice, type Choice, type Chooser, type Judgement } from '../chooser.js'
import type { DecisionNote } from '../decision-note.js'
import type { RequestSize } from '../eligibility.js'
import { EpsilonExploration } from '../epsilon-exploration.js'
import type { Lease } from '../lease.js'
import { judgedUsd, noteTry, openModels } from '../open-models.js'
import type { ResolvedOptions } from '../options.js'
import type { RouteOptions } from '../route-options.js'
import { CappedRequests } from './accounts/capped-requests.js'
import { findTenant } from './accounts/find-tenant.js'
import { RefusedRequests } from './accounts/refused-requests.js'
import { neededUsd } from './accounts/tail.js'
import { Candidates } from './candidates.js'
import { Equals } from './equals.js'
import { isAlone } from './exploration/missing-rewards.js'
import { Probes } from './exploration/probes.js'
import { RequestLimits } from './request-limits.js'
import type { DollarOptions } from './settings.js'
import { ReachWatch } from './standing/reach-watch.js'
import type { DollarState } from './state.js'
import { checkSizes, worstCaseCostUsd } from './worst-case.js'

/** `maxCostUsd` is compared with what the prompt is expected to cost, once that is known. */
const ANY_COST = { known: () => 0, tried: () => 0 }
const NO_EVENTS: readonly RouterEvent[] = []

/**
 * Policy `dollar`: argmax of theta.x + bonus - mu c(x) over the models that the account affords, mu the shadow price of
 * the budget in reward per dollar and c(x) the predicted dollars of this prompt; with a latency objective less what its
 * latency costs. docs/PACING.md derives it. What is estimated of each model is in candidates.ts, what may be spent in
 * request-limits.ts; here is the choice.
 */
export class DollarChooser implements Chooser<DollarState> {
  private readonly options: ResolvedOptions<DollarOptions>
  private readonly choice: Choice = blankChoice()
  private readonly limits: RequestLimits
  private readonly candidates: Candidates
  private readonly exploration: EpsilonExploration
  private readonly probes: Probes
  private readonly equals: Equals
  private readonly capped = new CappedRequests()
  private readonly short = new RefusedRequests()
  private readonly reach: ReachWatch

  constructor(options: ResolvedOptions<DollarOptions>) {
    this.options = options
    this.limits = new RequestLimits(options.policyOptions.strict)
    const { spending, uses } = this.limits
    this.candidates = new Candidates(spending, uses, this.reservesWorstCase)
    const { costs } = this.candidates
    this.exploration = new EpsilonExploration(options)
    this.probes = new Probes(costs, spending, uses, options.epsilon > 0)
    this.equals = new Equals(options.policyOptions.indifference, costs)
    this.reach = new ReachWatch(options)
  }

  get lease(): Lease | null {
    return this.limits.lease
  }

  set lease(lease: Lease | null) {
    this.limits.lease = lease
  }

  checkRequest(state: StateView<DollarState>, request: RouteOptions | null): void {
    if (this.reservesWorstCase) checkSizes(request ?? {})
    if (request?.tenant !== undefined) findTenant(state.policy.accounts, request.tenant, 'tenant')
  }

  due(state: StateView<DollarState>, request: RouteOptions | null, at: number): readonly RouterEvent[] {
    const { accounts } = state.policy
    const isKnown = (tenant: string) => accounts.of(tenant) !== undefined
    const capped = this.capped.due(at, isKnown)
    const short = this.short.due(at, isKnown)
    const periods = accounts.periodsDue(request?.tenant ?? null, at)
    return capped.length + short.length === 0 ? periods : [...capped, ...short, ...periods]
  }

  /** A refused request counts as one, where an account was short; many in a row are counted together, as those that caps refuse. */
  refused(request: RouteOptions | null, at: number): readonly RouterEvent[] {
    const { short, cappedBy } = this.limits
    this.reach.refused()
    if (cappedBy !== null) return this.capped.refused(request?.tenant ?? null, cappedBy === 'tenant', at)
    if (short.length === 0) return NO_EVENTS
    return short.flatMap(({ tenant, lacking }) => this.short.refused(tenant, at, lacking))
  }

  waiting({ policy }: StateView<DollarState>, at: number): readonly RouterEvent[] {
    const isKnown = (tenant: string) => policy.accounts.of(tenant) !== undefined
    return [...this.capped.waiting(at, isKnown), ...this.short.waiting(at, isKnown)]
  }

  unwritten({ policy }: StateView<DollarState>, account: string | null): number {
    const isKnown = (tenant: string) => policy.accounts.of(tenant) !== undefined
    return this.capped.unwritten(account, isKnown) + this.short.unwritten(account)
  }

  begin(contexts: number): void {
    this.candidates.begin(contexts)
  }

  choose(
    state: StateView<DollarState>,
    request: RouteOptions | null,
    size: RequestSize,
    note: DecisionNote,
  ): Choice {
    const { arms, requests } = state
    const { candidates, choice, limits, probes } = this
    const { spending, uses } = limits
    const { costs, index } = candidates
    const { list } = costs
    const open = openModels(state, request, size, note, ANY_COST)
    if (limits.short.length > 0) limits.short.length = 0
    limits.cappedBy = null
    limits.read(state, request, note)
    this.exploration.certain(choice)
    candidates.take(state, request, size, open, note)
    const exploit = request?.exploit === true
    costs.need(spending, state.policy)
    note.limitUsd = spending.limitUsd
    if (uses.isOn) candidates.predictUses(state, note)
    const affordable = candidates.score(state, exploit ? 0 : this.options.alpha, choice)
    choice.savedUsd = 0
    let position = exploit ? -1 : probes.probe(state, choice)
    note.forced = position >= 0
    if (!exploit && position < 0) position = probes.canary(state, state.policy, uses, index)
    note.canary = !note.forced && position >= 0
    if (!affordable && !exploit && position < 0) {
      position = probes.lastResort(state, note.at, limits.lastResortUsd)
      note.canary = position >= 0
    }
    note.cheapestFallback = position < 0 && !affordable
    if (note.cheapestFallback)
      position = probes.likelyCheapest(limits.cheapestAllowed(costs, request), exploit, state)
    else if (position < 0) {
      position = list.count === 1 ? 0 : arms.kernel.argmax(list.count, tieBreak(this.options.seed, requests))
      const best = position
      position = this.equals.cheapest(state, index, best, limits)
      note.gaveWay = position !== best
      if (!exploit)
        position = this.exploration.draw(choice, list, position, requests, costs.neededUsd, spending.limitUsd)
    }
    candidates.index++
    const model = list.models[position]
    noteTry(note, model, request, candidates.knownUsd(position), costs.expectedUsd[position])
    if (note.canary && probes.triesCost) {
      note.triesCost = true
      note.triedUsd = costs.expectedUsd[position]
      note.triedLimitUsd = doubtLimitUsd(note.triedUsd)
    }
    if (note.canary && probes.triesLatency && !note.triesLatency) {
      note.triesLatency = true
      note.triedLimitMs = doubtLimitMs(model)
    }
    note.chosen = model
    note.chosenIdleAge = arms.idleAge(model.slot, requests)
    choice.model = model
    // Of a model that no account affords the score is only far below all others.
    const isBeyond = note.cheapestFallback || costs.neededUsd[position] > spending.limitUsd
    choice.score = note.forced
      ? 0
      : isBeyond || note.triesCost
        ? costs.worth(position, spending.price)
        : arms.scoreAt(position)
    choice.listCostUsd = costs.listUsd[position]
    choice.predictedUsd = costs.predictedUsd[position]
    choice.expectedUsd = costs.expectedUsd[position]
    choice.reservedUsd = costs.drawnUsd[position]
    choice.latencyUse = uses.predictedAt(position)
    choice.infeasible = limits.missed(costs)
    choice.alone = isAlone(model, open, state.registry)
    this.short.routed(request?.tenant ?? null)
    return choice
  }

  /** As `choose` would find it, for the next of the contexts. */
  checkEligible(
    state: StateView<DollarState>,
    request: RouteOptions | null,
    size: RequestSize,
    note: DecisionNote,
  ): void {
    openModels(state, request, size, note, this.candidates.estimates(state))
  }

  notices(
    state: StateView<DollarState>,
    at: number,
    listeners: { hears(type: RouterEventType): boolean },
  ): readonly RouterEvent[] {
    return listeners.hears('reach') ? this.reach.look(state, at) : NO_EVENTS
  }

  describe(state: StateView<DollarState>, request: RouteOptions | null, note: DecisionNote): void {
    this.limits.read(state, request, note)
  }

  judge(
    { policy }: StateView<DollarState>,
    model: Model,
    size: RequestSize,
    note: DecisionNote,
    deviation: number,
  ): Judgement {
    const expectedCostUsd = judgedUsd(note, model, policy.expectedUsd(model, size), () =>
      policy.triedUsd(model, size, 1, 0),
    )
    const drawnUsd = this.reservesWorstCase ? worstCaseCostUsd(model, note.options) : expectedCostUsd
    const known = note.neutralUse === -1 ? -1 : policy.predictedUse(model)
    const latencyUse = known === -1 ? note.neutralUse : known
    // Where no model was affordable, the cheapest could be chosen all the same.
    const ceiling = note.cheapestFallback ? (note.chosen?.blendedUsdPerKTok ?? 0) : Number.POSITIVE_INFINITY
    const isTooDear =
      drawnUsd > note.sparedUsd ||
      neededUsd(drawnUsd, policy.tailOf(model), note.ceilingMaxUsd, note.hardUsd) > note.limitUsd
    return {
      explorationBonus: note.options?.exploit === true ? 0 : this.options.alpha * deviation,
      expectedCostUsd,
      penalty: note.penaltyWeight * expectedCostUsd + note.latencyPrice * latencyUse,
      latencyUse: note.neutralUse === -1 ? null : latencyUse,
      excluded:
        model === note.chosen
          ? null
          : isTooDear
            ? 'unaffordable'
            : model.blendedUsdPerKTok > ceiling
              ? 'over-price-ceiling'
              : null,
    }
  }

  private get reservesWorstCase(): boolean {
    return this.options.policyOptions.reserve === 'worst-case'
  }
}
