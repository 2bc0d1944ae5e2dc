import { mean } from '../../src/base/statistics.js'
import { usdPerThousand } from '../../src/report/format.js'
import type { StartCauses } from './causes.js'
import type { LeastRegret } from './least-regret.js'
import { difference, table } from './page.js'

/** What `scripts/causes.mjs` found of one set. */
export interface SetCauses {
  readonly set: string
  readonly budgetsUsd: readonly number[]
  readonly starts: readonly StartCauses[]
  readonly bandit: LeastRegret | null
}

/** The section of docs/DATASETS.md. */
export function causesText({ set, budgetsUsd, starts, bandit }: SetCauses): string {
  const tables = starts.map((causes) => startText(causes, budgetsUsd, set))
  return [...tables, ...(bandit === null ? [] : [banditText(bandit)])].join('\n\n')
}

function startText(
  { start, names, gaps, priorsBound }: StartCauses,
  budgetsUsd: readonly number[],
  set: string,
): string {
  const [own] = gaps
  const row = (name: string, values: readonly number[]) => [
    name,
    ...[mean(values), ...values].map(difference),
  ]
  const rows = gaps.map((values, i) =>
    i === 0
      ? row(`gap of ${names[i]}`, values)
      : row(
          names[i],
          values.map((value, b) => value - own[b]),
        ),
  )
  if (priorsBound !== null)
    rows.push(row('gap of a bound fitted on the rows of the priors alone', priorsBound))
  const head = [`${set}, ${start}`, 'mean', ...budgetsUsd.map(usdPerThousand)]
  return table(head, rows)
}

function banditText({ weight, measured, first }: LeastRegret): string {
  return [
    `A bandit that looks at no prompts and keeps no budget, and knows how the mean rewards of the models lie, misses`,
    `${difference(measured)} to the best model on the measured rows and ${difference(first)} on the first day at the best`,
    `weight of its bonus (${weight} standard deviations).`,
  ].join('\n')
}
