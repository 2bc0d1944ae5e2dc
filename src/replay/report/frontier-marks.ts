import { symbolCircle, symbolDiamond, symbolStar, symbolTriangle } from 'd3-shape'
import { halfWidth, perThousand, reward, shortName } from '../../report/format.js'
import type { Point } from '../hindsight.js'
import type { BaselineRow } from '../result.js'

/** A model or baseline on the frontier plot. */
export interface Mark extends Point {
  readonly text: string
  readonly hint: string
  readonly shape: typeof symbolCircle
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

export function fixedMarks(baselines: readonly BaselineRow[], colorOf: (modelId: string) => string): Mark[] {
  return baselines
    .filter((row) => row.baseline === 'fixed')
    .map((row) => ({
      costUsd: row.costUsdPerRequest,
      reward: row.reward,
      text: shortName(row.model ?? ''),
      hint: `always ${row.model}: reward ${reward(row.reward)} ${halfWidth(row.rewardCi95)}, ${perThousand(row.costUsdPerRequest)}`,
      shape: symbolDiamond,
      area: 90,
      className: 'fixed',
      color: colorOf(row.model ?? ''),
    }))
}

export function baselineMarks(baselines: readonly BaselineRow[]): Mark[] {
  return baselines.flatMap((row) => {
    if (row.baseline === 'fixed' || row.baseline === 'mix' || row.baseline === 'paper') return []
    const text = BASELINE_LABELS[row.baseline]
    return [
      {
        costUsd: row.costUsdPerRequest,
        reward: row.reward,
        text,
        hint: `${text}: reward ${reward(row.reward)} ${halfWidth(row.rewardCi95)}, ${perThousand(row.costUsdPerRequest)}`,
        shape: row.baseline === 'oracle' ? symbolStar : symbolTriangle,
        area: row.baseline === 'oracle' ? 70 : 44,
        className: 'baseline',
      },
    ]
  })
}

/** Policy paper, cheapest first: a ring a budget. */
export function paperMarks(baselines: readonly BaselineRow[]): Mark[] {
  return baselines
    .filter(({ baseline }) => baseline === 'paper')
    .map((row) => ({
      costUsd: row.costUsdPerRequest,
      reward: row.reward,
      text: 'policy paper',
      hint: `policy paper, ${perThousand(row.budgetUsdPerRequest ?? 0)} budget: reward ${reward(row.reward)} ${halfWidth(row.rewardCi95)}, spent ${perThousand(row.costUsdPerRequest)}`,
      shape: symbolCircle,
      area: 40,
      className: 'paper',
    }))
    .sort((a, b) => a.costUsd - b.costUsd)
}
