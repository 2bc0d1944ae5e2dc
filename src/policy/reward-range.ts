import type { ModelPrior, Priors } from '../bandit/priors.js'
import { copyNumbers } from '../base/check.js'
import type { RoutedEvent, RouterEvent } from '../events/events.js'
import type { ArmStatistics } from '../kernel/kernel.js'
import type { LearnedState, RewardUnits } from '../state/reward-units.js'
import type { Decision, Explanation, ModelExplanation } from './decision.js'

/** A record that is being written. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Between rewards in [low, high] and parts of that range, both ways. Only routers of other ranges than [0, 1] load this.
 * With low = 0 and a span that is a power of two both ways are exact, so such a router decides to the bit as one of
 * [0, 1] does.
 *
 * A linear map of rewards is one of the bias: predictions theta.x with x ending in 1 become (theta - low e).x / span, and
 * b = A theta becomes (b - low A e) / span, with e the bias. A stays.
 */
export class RewardRange implements RewardUnits {
  readonly low: number
  readonly high: number
  private readonly span: number
  private readonly contenderNumbers: number
  /** Of the event under way, in parts of the range and as it is told. */
  private readonly folded = new NumberBuffers()
  private readonly told = new NumberBuffers()
  private readonly valueToUnit = (value: number): number => this.toUnit(value)
  private readonly valueToUser = (value: number): number => this.toUser(value)

  /** @param contenderNumbers how many numbers an event has of each contender */
  constructor(low: number, high: number, contenderNumbers: number) {
    this.contenderNumbers = contenderNumbers
    this.low = low
    this.high = high
    this.span = high - low
  }

  toUnit(reward: number): number {
    return (reward - this.low) / this.span
  }

  toUser(value: number): number {
    return this.low + this.span * value
  }

  differenceToUser(difference: number): number {
    return this.span * difference
  }

  differenceToUnit(difference: number): number {
    return difference / this.span
  }

  eventToUnit(event: RouterEvent): RouterEvent {
    switch (event.type) {
      case 'rewarded':
        return { ...event, reward: this.toUnit(event.reward) }
      case 'routed':
        return this.routedToUnit(event)
      case 'model-added':
        return { ...event, prior: event.prior === null ? null : this.statisticsToUnit(event.prior) }
      case 'quality-set':
        return { ...event, meanReward: event.meanReward === null ? null : this.toUnit(event.meanReward) }
      default:
        return event
    }
  }

  /** Most decisions of policy `paper` have nothing that is counted in rewards. */
  private routedToUnit(event: RoutedEvent): RoutedEvent {
    const { penaltyWeight, latencyPrice, contenders } = event
    if (penaltyWeight === 0 && latencyPrice === 0 && contenders.length === 0) return event
    return {
      ...event,
      penaltyWeight: penaltyWeight / this.span,
      latencyPrice: latencyPrice / this.span,
      contenders: this.withValues(contenders, this.folded.of(contenders.length), this.valueToUnit),
    }
  }

  contendersToUnit(contenders: Float64Array): Float64Array {
    return this.withValues(contenders, contenders.slice(), this.valueToUnit)
  }

  statisticsToUnit({ precision, response }: ArmStatistics): ArmStatistics {
    const column = biasColumn(precision, response.length)
    return { precision, response: response.map((entry, i) => (entry - this.low * column[i]) / this.span) }
  }

  takeRaw(state: LearnedState): void {
    const { arms, registry, policy } = state
    for (const model of registry.models) {
      model.rewardSum = (model.rewardSum - this.low * model.rewarded) / this.span
      const [, , , , theta, response, , precision] = arms.sections(model.slot)
      theta[theta.length - 1] -= this.low
      theta.forEach((weight, i) => {
        theta[i] = weight / this.span
      })
      response.set(this.statisticsToUnit({ precision, response }).response)
    }
    policy.takeRawRewards?.(this)
  }

  /** Priors as if they had been fitted on parts of the range: A_off is I + sum x x^T, and I stands on no reward. */
  priorsToUnit(priors: Priors): Priors {
    const models = Object.entries(priors.models).map(([id, prior]): [string, ModelPrior] => {
      const sumOfX = biasColumn(prior.precision, priors.dimension)
      sumOfX[priors.dimension - 1] -= 1
      const response = prior.response.map((entry, i) => (entry - this.low * sumOfX[i]) / this.span)
      if (prior.squares === undefined) return [id, { ...prior, response }]
      const last = priors.dimension - 1
      const moved = prior.squares - this.low * (2 * prior.response[last] - this.low * sumOfX[last])
      return [id, { ...prior, response, squares: Math.max(0, moved) / this.span / this.span }]
    })
    return { ...priors, models: Object.fromEntries(models) }
  }

  statisticsToUser({ precision, response }: ArmStatistics): ArmStatistics {
    const column = biasColumn(precision, response.length)
    return { precision, response: response.map((entry, i) => this.span * entry + this.low * column[i]) }
  }

  /** A decision and its event, told in rewards from now on. Nothing was scored for a forced exploration. */
  decided(decision: Mutable<Decision>, event: Mutable<RoutedEvent>): void {
    if (!event.forced) event.score = decision.score = this.toUser(event.score)
    event.penaltyWeight *= this.span
    event.latencyPrice *= this.span
    const { contenders } = event
    event.contenders = this.withValues(contenders, this.told.of(contenders.length), this.valueToUser)
    decision.shadowPrice *= this.span
    decision.latencyPrice *= this.span
  }

  /** What `explainDecision` told; its features have the weights of rewards already. */
  explanation(explanation: Explanation): Explanation {
    return {
      ...explanation,
      shadowPrice: this.span * explanation.shadowPrice,
      latencyPrice: this.span * explanation.latencyPrice,
      penaltyWeight: this.span * explanation.penaltyWeight,
      models: explanation.models.map((model) => this.modelExplanation(model)),
    }
  }

  /** Contenders in `changed`, which is as long: of each its slot, its value, and so on. */
  private withValues(
    contenders: Float64Array,
    changed: Float64Array,
    change: (value: number) => number,
  ): Float64Array {
    const { length } = contenders
    copyNumbers(contenders, 0, changed, 0, length)
    for (let at = 1; at < length; at += this.contenderNumbers) changed[at] = change(changed[at])
    return changed
  }

  /** Weights that predict rewards. A copy. */
  weightsToUser(theta: Float64Array): Float64Array {
    const weights = theta.map((weight) => this.span * weight)
    weights[weights.length - 1] += this.low
    return weights
  }

  private modelExplanation(model: ModelExplanation): ModelExplanation {
    const expectedReward = this.toUser(model.expectedReward)
    const explorationBonus = this.span * model.explorationBonus
    const penalty = this.span * model.penalty
    return {
      ...model,
      expectedReward,
      explorationBonus,
      penalty,
      score: expectedReward + explorationBonus - penalty,
    }
  }
}

/** A buffer for each of a few lengths, used again and again: an allocation would take longer than the copy. */
class NumberBuffers {
  private readonly byLength: Float64Array[] = []

  /** @returns one that the next call for this length overwrites */
  of(length: number): Float64Array {
    this.byLength[length] ??= new Float64Array(length)
    return this.byLength[length]
  }
}

/** Column of the bias of a packed upper triangle, by rows. */
function biasColumn(packed: ArrayLike<number>, dimension: number): number[] {
  const column: number[] = []
  for (let i = 0, row = 0; i < dimension; row += dimension - i, i++)
    column.push(packed[row + dimension - 1 - i])
  return column
}
