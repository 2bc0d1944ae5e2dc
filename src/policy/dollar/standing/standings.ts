import { dearestCostUsd, estimatedCostUsd } from '../../../models/price-list.js'
import type { Model } from '../../../models/registry.js'
import type { StateView } from '../../../state/policy-state.js'
import { requestSize } from '../../eligibility.js'
import type { ResolvedOptions } from '../../options.js'
import {
  idleRequestsOf,
  MIX_REQUESTS,
  type ModelStanding,
  NOTHING_SAID,
  plainStanding,
  type Remedies,
  type StandingKind,
} from '../../standing.js'
import type { DollarOptions } from '../settings.js'
import type { DollarState } from '../state.js'
import { FUND_MARGIN } from '../tuning.js'
import { neededBudgetUsd, neededCapUsd, type Reach, reachOf } from './reach.js'
import { Survey, type Surveyed } from './survey.js'

/** Latest prompts that models are weighed for at most, and how often a model is weighed for a prompt. */
const PROMPTS_MAX = 16
const WEIGHED_MAX = 512
/** A prompt may cost this many times less than the usual one does. */
const PROMPT_RANGE = 8
const NO_REMEDY: Remedies = { usdPerRequest: null, capUsd: null, maxOutputTokens: null }

/** How models stand that got none of the latest requests, by id. Of others nothing is worked out. */
export function dollarStandings(
  state: StateView<DollarState>,
  options: ResolvedOptions<DollarOptions>,
  at: number,
): ReadonlyMap<string, ModelStanding> {
  const { registry } = state
  const idle = [...registry.models].filter((model) => plainStanding(model, state) === null)
  const found = new Map<string, ModelStanding>()
  if (idle.length === 0) return found
  const prompts = Math.max(1, Math.min(PROMPTS_MAX, Math.floor(WEIGHED_MAX / registry.enabled.length)))
  const survey = new Survey(state, options, at, prompts)
  const standings = new Standings(state, options, survey)
  for (const model of idle) found.set(model.id, standings.of(model))
  return found
}

/** Whether any of them could be out of reach, by what a usual request costs: O(models), and mostly none. */
export function mayBeUnreached(
  state: StateView<DollarState>,
  { expectedInputTokens, expectedOutputTokens, policyOptions }: ResolvedOptions<DollarOptions>,
): boolean {
  const { policy, registry } = state
  const { router } = policy.accounts
  if (!router.isLimited) return false
  const size = requestSize(null, null, expectedInputTokens, expectedOutputTokens)
  return registry.enabled.some((model) => {
    if (plainStanding(model, state) !== null) return false
    if (policyOptions.reserve === 'worst-case') return true
    const costUsd = PROMPT_RANGE * policy.usualUsd(model, size)
    const { byBudget, byCaps } = reachOf(
      router,
      costUsd,
      policy.tailOf(model),
      true,
      model.forcedRemaining > 0,
    )
    return byBudget || byCaps
  })
}

/** Says of models why they get nothing. */
class Standings {
  private readonly state: StateView<DollarState>
  private readonly options: ResolvedOptions<DollarOptions>
  private readonly survey: Survey
  private readonly surveyed: ReadonlyMap<Model, Surveyed>

  constructor(state: StateView<DollarState>, options: ResolvedOptions<DollarOptions>, survey: Survey) {
    this.state = state
    this.options = options
    this.survey = survey
    this.surveyed = survey.all()
  }

  of(model: Model): ModelStanding {
    const seen = this.surveyed.get(model)
    if (seen === undefined)
      return this.say(model, 'due', 'no prompt is remembered yet that it was weighed for')
    const unreached = this.unreached(model, seen)
    if (unreached !== null) return unreached
    if (model.forcedRemaining > 0) return this.ofNewcomer(model, seen)
    if (seen.wins > 0) return this.ofWinner(model, seen)
    const { prompts } = this.survey
    const { limitUsd } = this.survey.limits.spending
    if (seen.wouldWin > 0) {
      const why = `one request costs ${usd(seen.drawnUsd)} or more, and may draw ${usd(limitUsd)} as the accounts stand now: it would get ${seen.wouldWin} of ${prompts.length} prompts like the latest`
      return this.say(model, 'unaffordable', why, { costUsd: seen.drawnUsd, mostUsd: limitUsd })
    }
    return this.cannotWin(model, seen)
  }

  /** Out of reach: it may be worth its price, and nothing that an account saves ever pays for one request. */
  private unreached(model: Model, seen: Surveyed): ModelStanding | null {
    const { policy } = this.state
    const { router } = policy.accounts
    const tail = policy.tailOf(model)
    const isNewcomer = model.forcedRemaining > 0
    const costUsd = seen.drawnUsd
    const reach = reachOf(router, costUsd, tail, seen.wouldWin === 0, isNewcomer)
    if (!reach.byBudget && !reach.byCaps) return null
    const ceilingUsd = reach.byBudget ? neededBudgetUsd(router, costUsd, tail) : null
    // What no budget makes worth its price, under the caps that there are, is not held up by the account.
    const wantedUsd = ceilingUsd ?? router.usdPerRequest ?? Number.POSITIVE_INFINITY
    const paceUsd = reach.byCaps ? Number.POSITIVE_INFINITY : this.survey.limits.spending.paceUsd
    if (!this.survey.mayWinAt(model, Math.min(wantedUsd, paceUsd))) return null
    const remedies: Remedies = {
      usdPerRequest: reach.byCaps ? null : ceilingUsd,
      capUsd: reach.byBudget ? null : neededCapUsd(costUsd),
      maxOutputTokens: this.outputTokensFor(model, seen, reach.mostUsd),
    }
    const why = `one request costs ${usd(costUsd)} or more, and ${this.limitText(reach)}${remedyText(remedies)}`
    const { mostUsd } = reach
    return this.say(model, 'out-of-reach', why, { costUsd, mostUsd, remedies })
  }

  private limitText({ mostUsd, byBudget, byCaps }: Reach): string {
    const { usdPerRequest, caps } = this.state.policy.accounts.router
    const budget = `the account of ${usd(usdPerRequest ?? 0)} a request`
    const cap = `a try under caps of ${caps.map((each) => `${usd(each.usd)} a ${each.per}`).join(', ')}`
    const who = byBudget && byCaps ? `${budget} and ${cap}` : byBudget ? budget : cap
    return `${who} never pays more than ${usd(mostUsd)} for one`
  }

  /** How short answers must be for a request to cost no more than that; null where that is no help. */
  private outputTokensFor(model: Model, seen: Surveyed, mostUsd: number): number | null {
    const { expectedInputTokens, expectedOutputTokens, policyOptions } = this.options
    const { prices } = model
    const isWorstCase = policyOptions.reserve === 'worst-case'
    const cost = isWorstCase ? dearestCostUsd : estimatedCostUsd
    const inputUsd = cost(prices, expectedInputTokens, 0)
    const tokenUsd = cost(prices, expectedInputTokens, 1) - inputUsd
    const size = requestSize(null, null, expectedInputTokens, expectedOutputTokens)
    const share = mostUsd / seen.drawnUsd
    const tokens = Math.floor(
      (share * cost(prices, size.inputTokens, size.outputTokens) - inputUsd) / tokenUsd,
    )
    return tokens >= 1 && tokens < expectedOutputTokens ? tokens : null
  }

  /** Tries are to come, once they are paid for: what one costs above the budget by the fund. */
  private ofNewcomer(model: Model, seen: Surveyed): ModelStanding {
    if (!seen.isProspect) return this.cannotWin(model, seen)
    const costUsd = seen.drawnUsd
    const tries = `${model.forcedRemaining} tries are to come, one costs ${usd(costUsd)}`
    const { payer, availableUsd } = this.survey.limits.spending
    const budgetUsd = payer?.usdPerRequest ?? null
    if (payer === null || budgetUsd === null) return this.open(model, costUsd, tries)
    const { credit } = payer
    const savingUsd = credit.savingUsd(availableUsd, budgetUsd)
    if (credit.affordsProbe(costUsd, savingUsd, availableUsd, budgetUsd))
      return this.open(model, costUsd, tries)
    const balanceUsd = Math.max(0, availableUsd - savingUsd)
    const fundUsd = Math.max(0, credit.fundUsd + savingUsd) / FUND_MARGIN
    const mostUsd = balanceUsd < Math.min(costUsd, budgetUsd) ? balanceUsd : budgetUsd + fundUsd
    const why = `${tries}, and the account pays up to ${usd(mostUsd)} now: ${usd(balanceUsd)} of its balance, ${usd(credit.fundUsd)} are in the fund for what is above the budget`
    return this.say(model, 'unaffordable', why, { costUsd, mostUsd })
  }

  /** It would get requests like the latest, and got none for long. */
  private ofWinner(model: Model, seen: Surveyed): ModelStanding {
    const { prompts } = this.survey
    const would = `it would be chosen for ${seen.wins} of ${prompts.length} prompts like the latest`
    return this.open(model, seen.drawnUsd, would)
  }

  /** Nothing but the requests themselves can keep it from them, unless what is known has changed just now. */
  private open(model: Model, costUsd: number, would: string): ModelStanding {
    const { requests, policy } = this.state
    if (policy.demand.knows(model.slot) || requests < MIX_REQUESTS)
      return this.say(model, 'due', `${would}: what is known has changed, or its turn comes`, { costUsd })
    const why = `${would}, and was no candidate of late: the requests' own options (candidates, exclude, a maxCostUsd below ${usd(costUsd)}, maxLatencyMs) or their tenants' accounts left it out, or it is enabled only now`
    return this.say(model, 'kept-out', why, { costUsd })
  }

  private cannotWin(model: Model, seen: Surveyed): ModelStanding {
    const { rewards } = this.state
    const short = Math.max(0, -seen.lead)
    const shortBy = rewards?.differenceToUser(short) ?? short
    const { price } = this.survey.limits.spending
    const cost = price === 0 ? '' : `, at ${usd(seen.drawnUsd)} a request and what a dollar must buy now`
    const known = `${model.rewarded} rewards and ${model.settled} bills are known of it`
    const why = `its reward is expected to be ${shortBy.toPrecision(2)} or more below what others earn for the price${cost}; ${known}`
    return this.say(model, 'cannot-win', why, { costUsd: seen.drawnUsd, shortBy })
  }

  private say(
    model: Model,
    kind: StandingKind,
    why: string,
    said: Partial<ModelStanding> = NOTHING_SAID,
  ): ModelStanding {
    const idleRequests = idleRequestsOf(model, this.state)
    const since =
      idleRequests === null
        ? 'it was never tried'
        : `none of the latest ${Math.max(idleRequests, MIX_REQUESTS)}`
    return { kind, why: `${since}: ${why}`, idleRequests, ...NOTHING_SAID, ...said }
  }
}

function remedyText({ usdPerRequest, capUsd, maxOutputTokens }: Remedies = NO_REMEDY): string {
  const help = [
    ...(usdPerRequest === null ? [] : [`a budget of ${usd(usdPerRequest)} a request`]),
    ...(capUsd === null ? [] : [`caps of ${usd(capUsd)}`]),
    ...(maxOutputTokens === null ? [] : [`requests with maxOutputTokens of ${maxOutputTokens}`]),
  ]
  return help.length === 0 ? '' : `; ${help.join(', or ')} would put it within reach`
}

/** Three digits are enough for people. */
function usd(amount: number): string {
  return `$${Number(amount.toPrecision(3))}`
}
