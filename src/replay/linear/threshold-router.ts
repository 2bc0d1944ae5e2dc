import type { OutcomeTable } from '../table.js'
import { dot } from './pooled-ridge.js'
import { type RuleOutcome, ruleOutcome } from './priced-choice.js'
import type { TrainPart } from './train-part.js'

/**
 * The router that a team would otherwise build: of the pair of models that the best mix within the budget has, the dearer
 * one where ridge regression predicts the most from it. The threshold is the lowest at which the train part would have
 * stayed within the budget. Where the best mix is a single model, always that one.
 */
export function thresholdRouter(
  part: TrainPart,
  data: OutcomeTable,
  rows: readonly number[],
  budgetUsd: number,
): RuleOutcome {
  const { first, second } = part.mix(budgetUsd)
  if (first === second) return ruleOutcome(data, rows, () => first)
  const { table } = part
  const count = table.models.length
  const weights = part.gainWeights(first, second)
  const gainOf = (context: Float64Array) => dot(weights, context)
  const offers = part.rows.map((row) => ({
    gain: gainOf(table.contexts[row]),
    extraUsd: table.costsUsd[row * count + second] - table.costsUsd[row * count + first],
  }))
  const threshold = thresholdWithin(offers, (budgetUsd - part.points[first].costUsd) * part.rows.length)
  return ruleOutcome(data, rows, (i) => (gainOf(data.contexts[rows[i]]) >= threshold ? second : first))
}

interface Offer {
  /** Predicted reward more. */
  readonly gain: number
  /** Cost more, USD. */
  readonly extraUsd: number
}

/** The lowest threshold on the gain at which all offers taken together are within the extra dollars. */
export function thresholdWithin(offers: readonly Offer[], extraUsd: number): number {
  const dearest = offers.slice().sort((one, other) => other.gain - one.gain)
  let spentUsd = 0
  let threshold = Number.POSITIVE_INFINITY
  for (const [i, offer] of dearest.entries()) {
    spentUsd += offer.extraUsd
    if (spentUsd > extraUsd) break
    // Offers of the same gain are taken together or not at all.
    if (dearest[i + 1]?.gain !== offer.gain) threshold = offer.gain
  }
  return threshold
}
