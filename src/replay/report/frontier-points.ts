import type { PolicyName } from '../../policy/policies.js'
import { perThousand, rewardAndWidth, shortName } from '../../report/format.js'
import type { BaselineName } from '../baseline-names.js'
import { policiesBeside } from '../beside.js'
import type { Point } from '../hindsight.js'
import type { BaselineRow } from '../result.js'
import type { Mark } from './symbol-path.js'

/** A model or baseline on the frontier plot. */
export interface PlotPoint extends Point {
  readonly text: string
  readonly hint: string
  readonly shape: Mark
  readonly area: number
  readonly className: string
  readonly color?: string
}

const BASELINE_LABELS = {
  random: 'uniform random',
  linucb: 'LinUCB',
  forgetting: 'LinUCB + forgetting',
  oracle: 'oracle',
}

function isUnpaced(baseline: BaselineName): baseline is keyof typeof BASELINE_LABELS {
  return Object.hasOwn(BASELINE_LABELS, baseline)
}

export function fixedPoints(
  baselines: readonly BaselineRow[],
  colorOf: (modelId: string) => string,
): PlotPoint[] {
  return baselines
    .filter((row) => row.baseline === 'fixed')
    .map((row) => ({
      costUsd: row.costUsdPerRequest,
      reward: row.reward,
      text: shortName(row.model ?? ''),
      hint: `always ${row.model}: reward ${rewardAndWidth(row)}, ${perThousand(row.costUsdPerRequest)}`,
      shape: 'diamond',
      area: 90,
      className: 'fixed',
      color: colorOf(row.model ?? ''),
    }))
}

export function baselinePoints(baselines: readonly BaselineRow[]): PlotPoint[] {
  return baselines.flatMap((row) => {
    const { baseline } = row
    if (!isUnpaced(baseline)) return []
    const text = BASELINE_LABELS[baseline]
    return [
      {
        costUsd: row.costUsdPerRequest,
        reward: row.reward,
        text,
        hint: `${text}: reward ${rewardAndWidth(row)}, ${perThousand(row.costUsdPerRequest)}`,
        shape: row.baseline === 'oracle' ? 'star' : 'triangle',
        area: row.baseline === 'oracle' ? 70 : 44,
        className: 'baseline',
      },
    ]
  })
}

/** A policy beside the one under replay, cheapest first: a point a budget. */
interface BesidePoints {
  readonly policy: PolicyName
  readonly points: readonly PlotPoint[]
}

const BESIDE_SHAPES = [
  { shape: 'circle', area: 40, name: 'rings' },
  { shape: 'square', area: 32, name: 'squares' },
  { shape: 'cross', area: 40, name: 'crosses' },
] as const

/** Each policy's shape is that of its place in the list. */
export function besidePoints(baselines: readonly BaselineRow[]): BesidePoints[] {
  return policiesBeside(baselines).map((policy, i) => {
    const { shape, area } = BESIDE_SHAPES[i % BESIDE_SHAPES.length]
    const points = baselines
      .filter(({ baseline }) => baseline === policy)
      .map(
        (row): PlotPoint => ({
          costUsd: row.costUsdPerRequest,
          reward: row.reward,
          text: `policy ${policy}`,
          hint: `policy ${policy}, ${perThousand(row.budgetUsdPerRequest ?? 0)} budget: reward ${rewardAndWidth(row)}, spent ${perThousand(row.costUsdPerRequest)}`,
          shape,
          area,
          className: 'beside',
        }),
      )
      .sort((one, other) => one.costUsd - other.costUsd)
    return { policy, points }
  })
}

/** What the shapes stand for, in words; nothing where no policy was played beside. */
export function besideNote(policies: readonly PolicyName[]): string {
  const named = policies.map((policy, i) => {
    const { name } = BESIDE_SHAPES[i % BESIDE_SHAPES.length]
    return ` ${name[0].toUpperCase()}${name.slice(1)}: policy ${policy} at the same budgets.`
  })
  return named.join('')
}
