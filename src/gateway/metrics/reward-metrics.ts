import type { Agreement, CalibrationLine, JudgeStats } from '../../rewards/index.js'
import type { MetricsRegistry } from './registry.js'

/** What is known of rewards, of this process. */
export interface RewardReport {
  /** How far sources agree, each with each. */
  readonly agreement: readonly Agreement[]
  /** Null: there is no judge. */
  readonly judge: JudgeStats | null
  /** The line that the judge's scores are put on; null: they count as they are. */
  readonly calibration: CalibrationLine | null
}

/** Each answer is one of them. */
const JUDGED = ['graded', 'unreadable', 'failed', 'overCap', 'dropped'] as const

/** How far sources of rewards agree, and what became of the judge's questions. */
export function rewardMetrics(registry: MetricsRegistry, report: () => RewardReport): void {
  for (const [name, help, value] of [
    ['paretobandit_reward_pairs', 'Answers that two sources spoke of', (row) => row.count],
    [
      'paretobandit_reward_pair_difference',
      'Mean of what source a said less what b said',
      (row) => row.meanDifference,
    ],
    ['paretobandit_reward_pair_correlation', 'Correlation of two sources', (row) => row.correlation],
  ] as const satisfies readonly (readonly [string, string, (row: Agreement) => number | null])[])
    registry.gauge(name, help, ['a', 'b'], function* () {
      for (const row of report().agreement) {
        const read = value(row)
        if (read !== null) yield [{ a: row.sources[0], b: row.sources[1] }, read] as const
      }
    })
  registry.gauge(
    'paretobandit_judge_total',
    'Answers drawn for the judge, by what became of them',
    ['outcome'],
    function* () {
      const { judge } = report()
      if (judge !== null) for (const outcome of JUDGED) yield [{ outcome }, judge[outcome]] as const
    },
    'counter',
  )
}
