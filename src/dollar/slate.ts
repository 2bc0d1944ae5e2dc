import { CandidateList } from '../candidate-list.js'
import { assumedCostUsd, type RequestSize, worstCaseCostUsd } from '../eligibility.js'
import type { Kernel } from '../kernel/kernel.js'
import { listOffset } from '../kernel/layout.js'
import { costCorrection } from '../pacing/cost-estimate.js'
import type { RouteOptions } from '../route-options.js'
import { predictedCostUsd } from './predicted-cost.js'

/** The models that a request could go to, with what each would cost and be worth: columns by list position. */
export class Slate {
  readonly list = new CandidateList()
  slots = new Float64Array(64)
  /** Dollars at list price, as the prompt says, and that corrected by what costs have been. */
  listUsd = new Float64Array(64)
  predictedUsd = new Float64Array(64)
  expectedUsd = new Float64Array(64)
  private worstUsd = new Float64Array(64)
  /** What each would draw from the accounts: its expected cost, or the most it can cost. */
  drawnUsd = this.expectedUsd
  /** Predicted reward with its bonus, less what latency costs. */
  values = new Float64Array(64)
  /** Position of the least expected cost. */
  cheapest = 0

  /** Fills in the dollars; the kernel has projected the cost head for the context at `index`. */
  predict(
    { f64, layout }: Kernel,
    index: number,
    request: RouteOptions | null,
    size: RequestSize,
    worstCase: boolean,
  ): void {
    if (this.slots.length < this.list.count) this.grow(this.list.count)
    const { list, listUsd, predictedUsd, expectedUsd, worstUsd, slots } = this
    this.drawnUsd = worstCase ? worstUsd : expectedUsd
    this.cheapest = 0
    for (let position = 0; position < list.count; position++) {
      const model = list.models[position]
      slots[position] = model.slot
      listUsd[position] = assumedCostUsd(model, size)
      const logRatio = f64[listOffset(layout, layout.cost, index, position)]
      predictedUsd[position] = predictedCostUsd(model, listUsd[position], logRatio)
      expectedUsd[position] = predictedUsd[position] * costCorrection(model)
      if (worstCase) worstUsd[position] = worstCaseCostUsd(model, request)
      if (expectedUsd[position] < expectedUsd[this.cheapest]) this.cheapest = position
    }
  }

  /** Value less cost at a shadow price. */
  worth(position: number, price: number): number {
    return this.values[position] - price * this.expectedUsd[position]
  }

  /** Position of the least draw. */
  leastDrawn(): number {
    const { drawnUsd, list } = this
    let least = 0
    for (let position = 1; position < list.count; position++)
      if (drawnUsd[position] < drawnUsd[least]) least = position
    return least
  }

  private grow(count: number): void {
    const length = 2 ** Math.ceil(Math.log2(count))
    this.slots = new Float64Array(length)
    this.listUsd = new Float64Array(length)
    this.predictedUsd = new Float64Array(length)
    this.expectedUsd = new Float64Array(length)
    this.worstUsd = new Float64Array(length)
    this.values = new Float64Array(length)
  }
}
