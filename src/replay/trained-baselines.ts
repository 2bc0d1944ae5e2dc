import { confidence95, mean } from '../base/statistics.js'
import type { Bench } from './bench.js'
import type { Point } from './hindsight.js'
import { FOLDS } from './linear/pooled-ridge.js'
import { PricedChoice, type RuleOutcome } from './linear/priced-choice.js'
import { thresholdRouter } from './linear/threshold-router.js'
import { meanPoint, TrainPart } from './linear/train-part.js'
import type { TrainedBaseline } from './plain-baselines.js'
import type { BaselineRow } from './result.js'
import type { OutcomeTable } from './table.js'

/**
 * Baselines that are fitted to every outcome of every model on the train part (the rows before evaluation), and stay as
 * they are:
 * - trained-mix: the best mix of two fixed models by the means of the train part;
 * - linear: a linear policy whose price is chosen in hindsight;
 * - bound: the better of these two at the budget;
 * - threshold: a threshold on what the dearer model of the mix is predicted to earn more.
 * They see no events, so scenarios leave them out; nor has a replay without a train part.
 */
export function trainedBaselines(bench: Bench, budgetsUsd: readonly number[]): BaselineRow[] {
  const { course, plans, data, train } = bench
  const trainSize = plans[0].fit.length + plans[0].burnIn.length
  if (course.scenario !== 'stationary' || trainSize < FOLDS) return []
  const found = budgetsUsd.map(() => ({
    mix: [] as RuleOutcome[],
    linear: [] as RuleOutcome[],
    threshold: [] as RuleOutcome[],
  }))
  for (const plan of plans) {
    const rows = plan.phases.flat()
    const part = new TrainPart(train, [...plan.fit, ...plan.burnIn])
    const priced = new PricedChoice(part, data, rows)
    const fixed = data.models.map((_, m) => meanPoint(data, rows, () => m))
    budgetsUsd.forEach((budgetUsd, b) => {
      found[b].mix.push(mixOutcome(part, fixed, budgetUsd))
      found[b].linear.push(priced.within(budgetUsd))
      found[b].threshold.push(thresholdRouter(part, data, rows, budgetUsd))
    })
  }
  return budgetsUsd.flatMap((budgetUsd, b) => {
    const { mix, linear, threshold } = found[b]
    const row = (baseline: TrainedBaseline, outcomes: readonly RuleOutcome[]) =>
      trainedRow({ baseline, outcomes, data, budgetUsd })
    const bound = rewardOf(mix) >= rewardOf(linear) ? mix : linear
    return [row('trained-mix', mix), row('linear', linear), row('bound', bound), row('threshold', threshold)]
  })
}

/** A mix is a share of the traffic and no rule about prompts: what it earns is known without drawing. */
function mixOutcome(part: TrainPart, fixed: readonly Point[], budgetUsd: number): RuleOutcome {
  const { first, second, share } = part.mix(budgetUsd)
  const blend = (one: number, other: number) => (1 - share) * one + share * other
  const [low, high] = [fixed[first], fixed[second]]
  return {
    reward: blend(low.reward, high.reward),
    costUsd: blend(low.costUsd, high.costUsd),
    shares: fixed.map((_, m) => blend(Number(m === first), Number(m === second))),
  }
}

function rewardOf(outcomes: readonly RuleOutcome[]): number {
  return mean(outcomes.map(({ reward }) => reward))
}

function trainedRow(found: {
  readonly baseline: TrainedBaseline
  readonly outcomes: readonly RuleOutcome[]
  readonly data: OutcomeTable
  readonly budgetUsd: number
}): BaselineRow {
  const { baseline, outcomes, data, budgetUsd } = found
  const rewards = outcomes.map(({ reward }) => reward)
  const costUsd = mean(outcomes.map((outcome) => outcome.costUsd))
  return {
    baseline,
    model: null,
    budgetUsdPerRequest: budgetUsd,
    phase: null,
    variant: null,
    reward: mean(rewards),
    rewardCi95: confidence95(rewards),
    costUsdPerRequest: costUsd,
    utilisation: costUsd / budgetUsd,
    shares: Object.fromEntries(
      data.models.map(({ id }, m) => [id, mean(outcomes.map(({ shares }) => shares[m]))]),
    ),
  }
}
