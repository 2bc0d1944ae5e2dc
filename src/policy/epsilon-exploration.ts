import type { CandidateList } from '../bandit/candidate-list.js'
import { chanceIndex, isLeftToChance, propensityOf } from '../bandit/randomise.js'
import { type Choice, NO_MODELS } from './chooser.js'
import type { ResolvedOptions } from './options.js'

/** Leaves a share epsilon of a policy's decisions to chance, and says of each how likely it was. */
export class EpsilonExploration {
  private readonly epsilon: number
  private readonly seed: number

  constructor({ epsilon, drawSeed }: Pick<ResolvedOptions, 'epsilon' | 'drawSeed'>) {
    this.epsilon = epsilon
    this.seed = drawSeed
  }

  /** Notes that nothing is left to chance: a choice that is forced, exploited, or the cheapest where nothing is affordable. */
  certain(choice: Choice): void {
    choice.propensity = 1
    choice.eligible = NO_MODELS
  }

  /**
   * Puts any of the open models in the place of the best, with probability epsilon: those of the list that cost no more
   * than the limit. Fills in propensity and eligible models. Without epsilon it touches and allocates nothing.
   * @param best the list position that the policy wants, always open
   * @param costsUsd by list position; left out, all are open
   * @returns a list position
   */
  draw(
    choice: Choice,
    { models, count }: CandidateList,
    best: number,
    requestCount: number,
    costsUsd: Float64Array | null = null,
    limitUsd = Number.POSITIVE_INFINITY,
  ): number {
    const { epsilon, seed } = this
    if (epsilon === 0) return best
    const open: number[] = []
    for (let position = 0; position < count; position++) {
      if (position === best || costsUsd === null || costsUsd[position] <= limitUsd) open.push(position)
    }
    const drawn = isLeftToChance(epsilon, seed, requestCount)
      ? open[chanceIndex(open.length, seed, requestCount)]
      : best
    choice.propensity = propensityOf(epsilon, open.length, drawn === best)
    choice.eligible = Object.freeze(open.map((position) => models[position].id))
    return drawn
  }
}
