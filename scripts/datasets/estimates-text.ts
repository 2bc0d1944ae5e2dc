import { mean } from '../../src/base/statistics.js'
import { usdPerThousand } from '../../src/report/format.js'
import type { EstimateGaps } from './estimates.js'
import type { LeastRegret } from './least-regret.js'
import { difference, table } from './page.js'

/** What `scripts/estimates.mjs` found of one set. */
export interface SetEstimates {
  readonly set: string
  readonly budgetsUsd: readonly number[]
  readonly estimates: readonly EstimateGaps[]
  /** Of bandits that know how the mean rewards lie, and of those that know their line over costs besides. */
  readonly spread: LeastRegret
  readonly line: LeastRegret
}

/** The section of docs/DATASETS.md. */
export function estimatesText(sets: readonly SetEstimates[]): string {
  return [...sets.map(setText), banditsText(sets)].join('\n\n')
}

function setText({ set, budgetsUsd, estimates }: SetEstimates): string {
  const rows = estimates.map(({ name, gaps }) => [name, ...[mean(gaps), ...gaps].map(difference)])
  return table([`${set}, gap to the bound`, 'mean', ...budgetsUsd.map(usdPerThousand)], rows)
}

function banditsText(sets: readonly SetEstimates[]): string {
  const cells = ({ weight, measured, first }: LeastRegret) => [
    difference(measured),
    difference(first),
    String(weight),
  ]
  return table(
    [
      'set',
      'a bandit knows of mean rewards',
      'measured rows',
      'first day',
      'standard deviations of its bonus',
    ],
    sets.flatMap(({ set, spread, line }) => [
      [set, 'how they are spread', ...cells(spread)],
      [set, 'and how they rise with the cost', ...cells(line)],
    ]),
  )
}
