import { CELL_STRIDE } from '../../src/kernel/layout.js'
import { SpendingLimits } from '../../src/policy/dollar/accounts/spending-limits.js'
import { CandidateCosts } from '../../src/policy/dollar/candidate-costs.js'
import { DollarChooser } from '../../src/policy/dollar/decide.js'
import { RoutingState } from '../../src/state/routing-state.js'

/** What takes the place of parts of policy `dollar` at the request at hand; what is left out stays the policy's own. */
export interface Oracles {
  /** What a model is expected to earn. */
  readonly value?: ((model: string) => number) | undefined
  /** What it is expected to cost, USD. */
  readonly costUsd?: ((model: string) => number) | undefined
  /** Reward per dollar, whatever the account holds: it limits nothing. */
  readonly price?: number | undefined
  /** No bonus, no tries. */
  readonly exploit?: boolean | undefined
  /** What each model would have earned: the policy learns all of it. */
  readonly rewards?: ((model: string) => number) | undefined
}

const NONE: Oracles = {}

/**
 * Puts oracles into every router of policy `dollar` in this process, by methods of the parts that they replace. For
 * measuring alone: a router in use has no such door.
 */
export class OracleSwitch {
  /** Those in force. */
  now: Oracles = NONE

  constructor() {
    this.putIntoEstimates()
    this.putIntoPrices()
    this.putIntoExploration()
    this.putIntoLearning()
  }

  clear(): void {
    this.now = NONE
  }

  private putIntoEstimates(): void {
    const oracle = this
    const { predict } = CandidateCosts.prototype
    CandidateCosts.prototype.predict = function (...args): void {
      predict.apply(this, args)
      const [{ f64, layout }, index] = args
      const { value, costUsd } = oracle.now
      const { list, cells, expectedUsd } = this
      for (let position = 0; position < list.count; position++) {
        const { id } = list.models[position]
        if (value !== undefined) f64[cells[position] + layout.mean + index * CELL_STRIDE] = value(id)
        if (costUsd === undefined) continue
        expectedUsd[position] = costUsd(id)
        if (expectedUsd[position] < expectedUsd[this.cheapest]) this.cheapest = position
      }
    }
  }

  private putIntoPrices(): void {
    const oracle = this
    const { read } = SpendingLimits.prototype
    SpendingLimits.prototype.read = function (...args): void {
      read.apply(this, args)
      const { price } = oracle.now
      if (price === undefined) return
      this.price = price
      this.limitUsd = Number.POSITIVE_INFINITY
    }
  }

  private putIntoExploration(): void {
    const oracle = this
    const { choose } = DollarChooser.prototype
    DollarChooser.prototype.choose = function (state, request, size, note) {
      const asked = oracle.now.exploit === true ? { ...request, exploit: true } : request
      return choose.call(this, state, asked, size, note)
    }
  }

  private putIntoLearning(): void {
    const oracle = this
    const { apply } = RoutingState.prototype
    RoutingState.prototype.apply = function (event) {
      const notices = apply.call(this, event)
      const { rewards } = oracle.now
      if (event.type !== 'rewarded' || rewards === undefined) return notices
      const { kernel } = this.arms
      const sequence = this.sequenceOf(event.id)
      for (const model of this.registry.models) {
        if (model.id === event.model) continue
        const reward = rewards(model.id)
        this.pending.copyContextTo(sequence, kernel.f64, kernel.layout.context)
        this.policy.rewarded?.({ ...event, model: model.id, reward }, model, sequence)
        kernel.update(model.slot, reward, this.requests)
        model.rewarded++
        model.rewardSum += reward
      }
      return notices
    }
  }
}
