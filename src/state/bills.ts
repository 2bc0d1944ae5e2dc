import type { EventOf, RouterEvent } from '../events/events.js'
import {
  isImplausible,
  recordCost,
  recordFreeCost,
  replaceMistake,
  reviseCost,
  withoutBill,
} from '../models/cost-estimate.js'
import { isWorthTelling } from '../models/implausible-bill.js'
import { keepLatest } from '../models/latest-outcomes.js'
import type { PriceList } from '../models/price-list.js'
import type { Model, Registry } from '../models/registry.js'
import { costAgainst } from '../models/reprice-scale.js'
import { unpricedTokens } from '../models/token-counts.js'
import { recordFreeTry, recordTry } from '../models/tries.js'
import type { BilledRequest } from './pending/billed-request.js'
import { BILLED, IMPLAUSIBLE, MISTAKEN, SETTLED, UNTOLD } from './pending/request-state.js'
import type { RunningCost } from './running-cost.js'

type BillEvent = EventOf<'settled' | 'failed' | 'cancelled' | 'billed'>

/** How a bill is learned from. */
interface LearnedBill {
  readonly predictedUsd: number
  readonly isMistake: boolean
  readonly isTry: boolean
}

/** What bills teach of a model, and which of them somebody should look into. Part of the fold. */
export class Bills {
  private readonly cost: RunningCost
  private readonly registry: Registry
  private readonly notices: RouterEvent[]

  /** @param notices takes what is told */
  constructor(cost: RunningCost, registry: Registry, notices: RouterEvent[]) {
    this.cost = cost
    this.registry = registry
    this.notices = notices
  }

  /** A request of no tokens on a model that has a price tells nothing of it. */
  learn(
    model: Model,
    costUsd: number,
    listUsd: number,
    { predictedUsd, isMistake, isTry }: LearnedBill,
  ): void {
    keepLatest(model.latest.billsUsd, costUsd)
    if (listUsd > 0) {
      recordTry(model, costUsd, listUsd, isTry)
      recordCost(model, costUsd, listUsd, predictedUsd, isMistake)
    } else if (model.blendedUsdPerKTok === 0)
      recordFreeCost(model, recordFreeTry(model, costUsd, isTry, this.usualUsd))
  }

  /** A bill takes the place of another. @returns what it is now, as bits of the request's state */
  revise(model: Model, event: EventOf<'billed'>, request: BilledRequest, differenceUsd: number): number {
    const { listCostUsd, prices } = request
    this.countUsage(model, event, prices)
    // The alarm of the bill before has ended.
    if ((request.state & IMPLAUSIBLE) !== 0) model.correctedBills++
    const told = this.judge(model, event, listCostUsd, prices)
    return told | this.relearn(model, event, request, differenceUsd)
  }

  /** @returns MISTAKEN where it teaches as a mistake does, UNTOLD where nothing has taught yet; or 0: bits of the request's state */
  private relearn(
    model: Model,
    event: EventOf<'billed'>,
    request: BilledRequest,
    differenceUsd: number,
  ): number {
    const { costUsd } = event
    const { listCostUsd, predictedUsd, prices } = request
    if ((request.state & SETTLED) === 0) return 0
    const isMistake = isImplausible(costUsd, listCostUsd, withoutBill(model, request.bookedUsd))
    model.settledCostUsd = Math.max(0, model.settledCostUsd + differenceUsd)
    if ((request.state & UNTOLD) !== 0) {
      if (isMistake) return UNTOLD
      // The first cost that is told.
      if (model.learnsAt(prices))
        this.learn(model, costUsd, listCostUsd, { predictedUsd, isMistake: false, isTry: false })
      return 0
    }
    // A mistake in the place of a bill teaches nothing more of the costs.
    if (isMistake) return MISTAKEN
    if ((request.state & MISTAKEN) !== 0) {
      // A correction to a mistake was not counted.
      if ((request.state & BILLED) === 0 && model.learnsAt(prices))
        replaceMistake(model, costUsd, listCostUsd)
      return 0
    }
    const isNow = model.learnsAt(prices)
    if (reviseCost(model, isNow ? differenceUsd : differenceUsd * costAgainst(model, prices))) return 0
    // How much of the wrong cost is left in decayed sums is not known: they begin again with the right one.
    model.realisedUsd = model.assumedUsd = model.predictedUsd = model.freeUsd = model.freeSettled = 0
    if (isNow) this.learn(model, costUsd, listCostUsd, { predictedUsd, isMistake: false, isTry: false })
    return 0
  }

  /** What the operator should look into: tokens without a price, and what was wrong with a usage. */
  countUsage(model: Model, { tokens, usageFlags }: BillEvent, prices: PriceList): void {
    const unpriced = tokens === null ? 0 : unpricedTokens(prices, tokens)
    model.unpricedTokens += unpriced
    if (unpriced > 0 || usageFlags !== null) model.flaggedUsages++
  }

  /** Tells of a bill that is likely a mistake. @returns IMPLAUSIBLE, a bit of the request's state, for such a bill; or 0 */
  judge(model: Model, bill: BillEvent, listCostUsd: number, prices: PriceList): number {
    const usualUsd = listCostUsd > 0 ? listCostUsd : this.usualUsd
    if (!isWorthTelling(bill, usualUsd, prices, model)) return 0
    const { at, id, costUsd } = bill
    model.implausibleBills++
    this.notices.push({ type: 'implausible-bill', at, id, model: model.id, costUsd, listCostUsd })
    return IMPLAUSIBLE
  }

  /** What a request usually costs, for models that have no price: the budget, or 1,000 tokens of the dearest model. */
  private get usualUsd(): number {
    return this.cost.usdPerRequest ?? this.registry.dearestUsdPerKTok
  }
}
