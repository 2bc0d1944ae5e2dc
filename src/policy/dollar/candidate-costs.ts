import { CandidateList } from '../../bandit/candidate-list.js'
import type { Kernel } from '../../kernel/kernel.js'
import { type ArenaLayout, CELL_STRIDE, cellOffset } from '../../kernel/layout.js'
import type { Model } from '../../models/registry.js'
import { NO_TRIES } from '../decision-note.js'
import { assumedCostUsd, type RequestSize } from '../eligibility.js'
import type { RouteOptions } from '../route-options.js'
import type { SpendingLimits } from './accounts/spending-limits.js'
import { neededUsd as needed } from './accounts/tail.js'
import { correctedCostUsd, predictedCostUsd, triedPredictedUsd } from './predicted-cost.js'
import { worstCaseCostUsd } from './worst-case.js'

/** How far above its expected cost a bill of a model may lie. */
interface BillTails {
  tailOf(model: Model): number
}

/** The models that a request could go to, with what each would cost and be worth: columns by list position. */
export class CandidateCosts {
  readonly list = new CandidateList()
  slots = new Float64Array(64)
  /** Dollars at list price, as the prompt says, and that corrected by what costs have been. */
  listUsd = new Float64Array(64)
  predictedUsd = new Float64Array(64)
  expectedUsd = new Float64Array(64)
  private worstUsd = new Float64Array(64)
  /** What each would draw from the accounts: its expected cost, or the most it can cost. */
  drawnUsd = this.expectedUsd
  /** What each must find in the accounts: see accounts/tail.ts. */
  neededUsd = new Float64Array(64)
  /** Predicted reward with its bonus, less what latency costs. */
  values = new Float64Array(64)
  /** Where each position's numbers begin in the arena: a section's own offset is added to it. */
  cells = new Int32Array(0)
  /** Position of the least expected cost. */
  cheapest = 0

  /**
   * Fills in the dollars; the kernel has projected the cost head for the context at `index`.
   * @param maxUsd above which none of the list is known to be, but for those `tried`: a kernel may round otherwise for
   *   another list
   */
  predict(
    { f64, layout }: Kernel,
    index: number,
    request: RouteOptions | null,
    size: RequestSize,
    worstCase: boolean,
    maxUsd = Number.POSITIVE_INFINITY,
    tried: readonly Model[] = NO_TRIES,
  ): void {
    if (this.cells.length < this.list.count) this.grow(this.list.count, layout)
    const { list, listUsd, predictedUsd, expectedUsd, worstUsd, slots, cells } = this
    const costSection = layout.cost + index * CELL_STRIDE
    let cheapest = 0
    this.drawnUsd = worstCase ? worstUsd : expectedUsd
    for (let position = 0; position < list.count; position++) {
      const model = list.models[position]
      const listed = assumedCostUsd(model, size)
      const predicted = predictedCostUsd(model, listed, f64[cells[position] + costSection])
      const known = correctedCostUsd(model, listed, predicted)
      const isTried = known > maxUsd && tried.includes(model)
      const expected = Math.min(isTried ? triedPredictedUsd(model, listed, predicted, 1) : known, maxUsd)
      slots[position] = model.slot
      listUsd[position] = listed
      predictedUsd[position] = predicted
      expectedUsd[position] = expected
      if (worstCase) worstUsd[position] = worstCaseCostUsd(model, request)
      if (expected < expectedUsd[cheapest]) cheapest = position
    }
    this.cheapest = cheapest
  }

  /** Fills in what each must find in the accounts, and tells them what the request must draw. */
  need(spending: SpendingLimits, tails: BillTails): void {
    const { list, drawnUsd, neededUsd } = this
    const leastUsd = drawnUsd[drawnUsd === this.expectedUsd ? this.cheapest : this.leastDrawn()]
    spending.allowNear(leastUsd)
    const { ceilingMaxUsd, hardUsd, sparedUsd } = spending
    for (let position = 0; position < list.count; position++) {
      const usd = drawnUsd[position]
      if (usd > sparedUsd && usd > leastUsd) {
        neededUsd[position] = Number.POSITIVE_INFINITY
        continue
      }
      const isWithin = usd <= ceilingMaxUsd || ceilingMaxUsd === 0
      neededUsd[position] = isWithin
        ? usd
        : needed(usd, tails.tailOf(list.models[position]), ceilingMaxUsd, hardUsd)
    }
  }

  /** The models of the list that are expected to cost more than that. */
  beyond(maxUsd: number): readonly Model[] {
    const { list, expectedUsd } = this
    let over: Model[] | null = null
    for (let position = 0; position < list.count; position++)
      if (expectedUsd[position] > maxUsd) {
        over ??= []
        over.push(list.models[position])
      }
    return over ?? NO_TRIES
  }

  /** What a try of the model at that position is expected to cost. @param age of what is known, as in `ageInPauses` */
  triedUsd(position: number, age: number): number {
    const { list, listUsd, predictedUsd } = this
    return triedPredictedUsd(list.models[position], listUsd[position], predictedUsd[position], age)
  }

  /** Value less cost at a shadow price. */
  worth(position: number, price: number): number {
    return this.values[position] - price * this.expectedUsd[position]
  }

  /** Whether no model that the accounts afford is worth more than that. */
  isWorthMost(worth: number, { price, limitUsd }: SpendingLimits): boolean {
    const { list, neededUsd } = this
    for (let position = 0; position < list.count; position++)
      if (neededUsd[position] <= limitUsd && this.worth(position, price) > worth) return false
    return true
  }

  /** Position of the least draw. */
  leastDrawn(): number {
    const { drawnUsd, list } = this
    let least = 0
    for (let position = 1; position < list.count; position++)
      if (drawnUsd[position] < drawnUsd[least]) least = position
    return least
  }

  private grow(count: number, layout: ArenaLayout): void {
    const length = Math.max(64, 2 ** Math.ceil(Math.log2(count)))
    this.cells = Int32Array.from({ length }, (_, position) => cellOffset(layout, 0, position))
    this.slots = new Float64Array(length)
    this.listUsd = new Float64Array(length)
    this.predictedUsd = new Float64Array(length)
    this.expectedUsd = new Float64Array(length)
    this.worstUsd = new Float64Array(length)
    this.neededUsd = new Float64Array(length)
    this.values = new Float64Array(length)
  }
}
