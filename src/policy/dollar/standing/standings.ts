import { plural, usdInText } from '../../../base/format.js'
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

/**
 * How models stand that got none of the latest requests, by id; and all that answer, where every request like the latest would
 * be refused. Of others nothing is worked out.
 */
export function dollarStandings(
  state: StateView<DollarState>,
  options: ResolvedOptions<DollarOptions>,
  at: number,
): ReadonlyMap<string, ModelStanding> {
  const { registry } = state
  const plain = new Map([...registry.models].map((model) => [model, plainStanding(model, state)]))
  const open = [...registry.enabled].filter((model) => (plain.get(model)?.kind ?? 'in-mix') === 'in-mix')
  const idle = open.filter((model) => plain.get(model) === null)
  if (idle.length === 0 && !(open.length > 0 && mayRefuse(state, options))) return new Map()
  const prompts = Math.max(1, Math.min(PROMPTS_MAX, Math.floor(WEIGHED_MAX / registry.enabled.length)))
  const survey = new Survey(state, options, at, prompts)
  const standings = new Standings(state, options, survey)
  return standings.of(standings.isRefusing ? open : idle)
}

/** Whether the router's account ever refuses a request. */
function mayRefuse(
  { policy }: StateView<DollarState>,
  { policyOptions }: ResolvedOptions<DollarOptions>,
): boolean {
  const { caps, usdPerRequest } = policy.accounts.router
  return caps.length > 0 || (policyOptions.strict && usdPerRequest !== null)
}

/** Says of models why they get nothing. */
class Standings {
  /** Whether every request like the latest would be refused. */
  readonly isRefusing: boolean
  private readonly state: StateView<DollarState>
  private readonly options: ResolvedOptions<DollarOptions>
  private readonly survey: Survey
  private readonly surveyed: ReadonlyMap<Model, Surveyed>
  /** Slots of models that were candidates of recent requests, once anybody asks. */
  private candidates: ReadonlySet<number> | null = null

  constructor(state: StateView<DollarState>, options: ResolvedOptions<DollarOptions>, survey: Survey) {
    this.state = state
    this.options = options
    this.survey = survey
    this.surveyed = survey.all()
    this.isRefusing = survey.refused === survey.prompts.length && !this.triesOne()
  }

  /** Whether a newcomer is paid for all the same. */
  private triesOne(): boolean {
    const { payer, availableUsd } = this.survey.limits.spending
    const budgetUsd = payer?.usdPerRequest ?? null
    if (payer === null || budgetUsd === null) return false
    const { credit } = payer
    const savingUsd = credit.savingUsd(availableUsd, budgetUsd)
    return [...this.surveyed].some(
      ([{ forcedRemaining }, { drawnUsd, isProspect }]) =>
        forcedRemaining > 0 &&
        isProspect &&
        drawnUsd <= this.survey.limits.spending.hardUsd &&
        credit.affordsProbe(drawnUsd, savingUsd, availableUsd, budgetUsd),
    )
  }

  /** By id. */
  of(models: readonly Model[]): ReadonlyMap<string, ModelStanding> {
    const unreached = this.isRefusing ? new Map<Model, Reach>() : this.unreached(models)
    return new Map(models.map((model) => [model.id, this.ofOne(model, unreached.get(model))]))
  }

  private ofOne(model: Model, unreached: Reach | undefined): ModelStanding {
    const seen = this.surveyed.get(model)
    if (seen === undefined) return this.say(model, 'due', 'it was not weighed for any prompt')
    if (this.isRefusing) return this.ofRefused(model, seen)
    if (unreached !== undefined)
      return this.outOfReach(model, seen, unreached, this.state.policy.tailOf(model), '')
    if (model.forcedRemaining > 0) return this.ofNewcomer(model, seen)
    if (seen.wins > 0) return this.ofWinner(model, seen)
    const { prompts } = this.survey
    if (seen.wouldWin > 0) {
      const { limitUsd } = seen
      const why = `one request costs ${usdInText(seen.drawnUsd)} or more, and may draw ${usdInText(limitUsd)} as the accounts stand now: it would get ${seen.wouldWin} of ${prompts.length} prompts like the latest`
      return this.say(model, 'unaffordable', why, { costUsd: seen.drawnUsd, mostUsd: limitUsd })
    }
    return this.cannotWin(model, seen)
  }

  /** No model gets anything: what an account would have to have, ever or now, for this one to be paid for. */
  private ofRefused(model: Model, seen: Surveyed): ModelStanding {
    const { policy } = this.state
    const { router } = policy.accounts
    const tail = policy.tailOf(model)
    const costUsd = seen.drawnUsd
    const ever = reachOf(router, seen, tail, false, false)
    if (ever.byBudget || ever.byCaps)
      return this.outOfReach(model, seen, ever, tail, 'every request is refused: ')
    const mostUsd = Math.max(0, Math.min(seen.limitUsd, this.survey.limits.spending.capUsd))
    const why = `every request is refused now: ${this.promptsText} draws ${usdInText(costUsd)} or more, and the accounts leave ${usdInText(mostUsd)}; more comes with time`
    return this.say(model, 'unaffordable', why, { costUsd, mostUsd })
  }

  /** Those out of reach: they may be worth their prices, and nothing that an account saves ever pays for one request. */
  private unreached(models: readonly Model[]): ReadonlyMap<Model, Reach> {
    const { policy } = this.state
    const { router } = policy.accounts
    const reaches = new Map<Model, Reach>()
    const ceilingsUsd = new Map<Model, number>()
    for (const model of models) {
      const seen = this.surveyed.get(model)
      if (seen === undefined) continue
      const tail = policy.tailOf(model)
      const reach = reachOf(router, seen, tail, seen.wouldWin === 0, model.forcedRemaining > 0)
      if (!reach.byBudget && !reach.byCaps) continue
      reaches.set(model, reach)
      const ceilingUsd = reach.byBudget ? neededBudgetUsd(router, seen.drawnUsd, tail) : null
      // What no budget makes worth its price, under the caps that there are, is not held up by the account.
      const wantedUsd = ceilingUsd ?? router.usdPerRequest ?? Number.POSITIVE_INFINITY
      const paceUsd = reach.byCaps ? Number.POSITIVE_INFINITY : this.survey.limits.spending.paceUsd
      ceilingsUsd.set(model, Math.min(wantedUsd, paceUsd))
    }
    const wanted = this.survey.mayWinAt(ceilingsUsd)
    for (const model of reaches.keys()) if (!wanted.has(model)) reaches.delete(model)
    return reaches
  }

  private outOfReach(model: Model, seen: Surveyed, reach: Reach, tail: number, what: string): ModelStanding {
    const { mostUsd, byBudget, byCaps } = reach
    const costUsd = seen.drawnUsd
    const budgetUsd = neededBudgetUsd(this.state.policy.accounts.router, costUsd, tail)
    const capUsd = neededCapUsd(costUsd)
    const remedies: Remedies = {
      usdPerRequest: byCaps ? null : budgetUsd,
      capUsd: byBudget ? null : capUsd,
      maxOutputTokens: this.outputTokensFor(model, seen, mostUsd),
    }
    const help = [
      ...(byBudget ? [`a budget of ${usdInText(budgetUsd)} a request`] : []),
      ...(byCaps ? [`caps of ${usdInText(capUsd)}`] : []),
    ].join(' with ')
    const why = `${what}one request costs ${usdInText(costUsd)} or more, and ${this.limitText(reach, what === '')}; ${help}${tokensText(remedies)} would put it within reach`
    return this.say(model, 'out-of-reach', why, { costUsd, mostUsd, remedies })
  }

  private get promptsText(): string {
    return this.survey.isUsual ? 'a usual one' : 'one like the latest'
  }

  private limitText({ mostUsd, byBudget, byCaps }: Reach, isTry: boolean): string {
    const { usdPerRequest, caps } = this.state.policy.accounts.router
    const budget = `the account of ${usdInText(usdPerRequest ?? 0)} a request`
    const cap = `${isTry ? 'a try' : 'one'} under caps of ${caps.map((each) => `${usdInText(each.usd)} a ${each.per}`).join(', ')}`
    const who = byBudget && byCaps ? `${budget} and ${cap}` : byBudget ? budget : cap
    return `${who} never pays more than ${usdInText(mostUsd)} for one`
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
    const { forcedRemaining } = model
    const many = forcedRemaining === 1 ? '1 try is' : `${forcedRemaining} tries are`
    const tries = `${many} to come, one costs ${usdInText(costUsd)}`
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
    const why = `${tries}, and the account pays up to ${usdInText(mostUsd)} now: ${usdInText(balanceUsd)} of its balance, ${usdInText(credit.fundUsd)} are in the fund for what is above the budget`
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
    this.candidates ??= policy.demand.slots()
    if (this.candidates.has(model.slot) || requests < MIX_REQUESTS)
      return this.say(model, 'due', `${would}: what is known has changed, or its turn comes`, { costUsd })
    const why = `${would}, and was no candidate recently: the requests' own options (candidates, exclude, a maxCostUsd below ${usdInText(costUsd)}, maxLatencyMs) or their tenants' accounts left it out, or it is enabled only now`
    return this.say(model, 'kept-out', why, { costUsd })
  }

  private cannotWin(model: Model, seen: Surveyed): ModelStanding {
    const { rewards } = this.state
    const short = Math.max(0, -seen.lead)
    const shortBy = rewards?.differenceToUser(short) ?? short
    const { price } = this.survey.limits.spending
    const cost =
      price === 0 ? '' : `, at ${usdInText(seen.drawnUsd)} a request and what a dollar must buy now`
    const known = `${model.rewarded} rewards and ${model.settled} bills are known of it`
    const why = `its reward is expected to be ${shortText(shortBy)} what others earn for the price${cost}; ${known}`
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
        : idleRequests < MIX_REQUESTS
          ? latestText(idleRequests)
          : `none of the latest ${idleRequests}`
    return { kind, why: `${since}: ${why}`, idleRequests, ...NOTHING_SAID, ...said }
  }
}

function latestText(idleRequests: number): string {
  return idleRequests === 0
    ? 'it had the latest request'
    : `its latest was ${plural(idleRequests, 'request')} ago`
}

function tokensText({ maxOutputTokens }: Remedies): string {
  return maxOutputTokens === null ? '' : `, or requests with maxOutputTokens of ${maxOutputTokens},`
}

/** How far a reward is below another, in words. */
export function shortText(shortBy: number): string {
  return shortBy > 0 ? `${Number(shortBy.toPrecision(2))} or more below` : 'no higher than'
}
