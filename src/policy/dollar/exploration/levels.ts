import type { StateView } from '../../../state/policy-state.js'
import type { CandidateCosts } from '../candidate-costs.js'
import { LevelLine } from '../estimate/level-line.js'
import { MeanRewards } from '../estimate/mean-rewards.js'
import type { DollarState } from '../state.js'

/**
 * What the models of a request are expected to earn on average over all prompts, and how sure that is, for what is
 * tried of them: a level of few rewards is drawn to what models usually earn (estimate/level-line.ts). What one
 * prompt is predicted to earn is no judge of a model that hardly any rewards are known of: on a prompt that looks
 * hard for the models that are known, one of which nothing is known looks better than it is, and is tried.
 */
export class Levels {
  /** By list position: the expected level, and its standard error. */
  expected = new Float64Array(64)
  errors = new Float64Array(64)
  private readonly costs: CandidateCosts
  private readonly line = new LevelLine()
  private readonly means = new MeanRewards()
  private prices = new Float64Array(64)
  private logPrices = new Float64Array(64)
  private aboutMean = new Float64Array(64)

  constructor(costs: CandidateCosts) {
    this.costs = costs
  }

  /** For the list at hand. O(models d) */
  read({ arms, policy }: StateView<DollarState>): void {
    const { costs, line, means } = this
    const { count } = costs.list
    if (this.expected.length < count) this.grow(count)
    means.read(arms, costs.slots, count, policy)
    this.readPrices()
    line.fit(means, this.aboutMean)
    const drawn = 1 / line.spread
    for (let position = 0; position < count; position++) {
      const own = means.rewards[position] / line.noise
      const usual = line.at(this.aboutMean[position])
      this.expected[position] = (drawn * usual + own * means.known[position]) / (drawn + own)
      this.errors[position] = 1 / Math.sqrt(drawn + own)
    }
  }

  /** Models without a price are taken to have the mean one. */
  private readPrices(): void {
    const { list } = this.costs
    const { prices, logPrices, aboutMean } = this
    let sum = 0
    let priced = 0
    for (let position = 0; position < list.count; position++) {
      const { blendedUsdPerKTok } = list.models[position]
      if (prices[position] !== blendedUsdPerKTok) {
        prices[position] = blendedUsdPerKTok
        logPrices[position] = Math.log(blendedUsdPerKTok)
      }
      if (blendedUsdPerKTok === 0) continue
      sum += logPrices[position]
      priced++
    }
    const mean = priced === 0 ? 0 : sum / priced
    for (let position = 0; position < list.count; position++)
      aboutMean[position] = prices[position] === 0 ? 0 : logPrices[position] - mean
  }

  private grow(count: number): void {
    const length = 2 ** Math.ceil(Math.log2(count))
    this.expected = new Float64Array(length)
    this.errors = new Float64Array(length)
    this.prices = new Float64Array(length)
    this.logPrices = new Float64Array(length)
    this.aboutMean = new Float64Array(length)
  }
}
