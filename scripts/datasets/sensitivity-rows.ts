import { mean } from '../../src/base/statistics.js'
import type { Run, TwoModelsRun } from './figures.js'
import type { Measure } from './measure.js'

/** Of the seven budgets the second, the fourth and the sixth: between the ends there is something to pace. */
const BUDGETS = [1, 3, 5]
const TWO_MODELS = [
  { answerTokens: 400, factor: 3 },
  { answerTokens: 5, factor: 12 },
]

/** What `npm run sensitivity -- --sets` measures of one seed: `NAME warm` and `NAME cold` are rewards. */
export type SeedRow = Readonly<Record<string, number>>

/** Plays policy `dollar` on every set, warm and cold, and on two models from nothing. @returns a row a seed */
export async function sensitivityRows(
  measure: Measure,
  sets: readonly string[],
  seeds: number,
): Promise<SeedRow[]> {
  const played: { readonly set: string; readonly run: Run }[] = []
  for (const set of sets) {
    for (const start of ['warm', 'cold'] as const) {
      for (const budgetIndex of BUDGETS) {
        const answer = await measure.answer({ kind: 'run', set, policy: 'dollar', start, budgetIndex })
        if (answer.kind === 'run') played.push(answer)
      }
    }
  }
  const two: TwoModelsRun[] = []
  for (const world of TWO_MODELS) {
    const answer = await measure.answer({ kind: 'two-models', policy: 'dollar', ...world })
    if (answer.kind === 'two-models') two.push(answer.run)
  }
  return rowsOf(played, two, seeds)
}

/** A row a seed: means over budgets, the highest spend over budget, and the part of what it buys that the dear model got. */
export function rowsOf(
  played: readonly { readonly set: string; readonly run: Run }[],
  two: readonly TwoModelsRun[],
  seeds: number,
): SeedRow[] {
  const names = [...new Set(played.map(({ set, run }) => `${set} ${run.start}`))]
  return Array.from({ length: seeds }, (_, s) => ({
    ...Object.fromEntries(
      names.map((name) => {
        const runs = played.filter(({ set, run }) => `${set} ${run.start}` === name)
        return [name, mean(runs.map(({ run }) => run.rewards[s]))]
      }),
    ),
    utilisationWorst: Math.max(...played.map(({ run }) => run.utilisations[s])),
    shareGot: mean(two.map(({ shares, shareBought }) => shares[s] / shareBought)),
  }))
}
