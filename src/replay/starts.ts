import type { ReplayReport } from './result.js'

/** A warm and a cold start at one budget, on the same rows after the same burn-in. */
export interface StartsRow {
  readonly budgetUsdPerRequest: number
  readonly warm: number
  readonly cold: number
  readonly warmUtilisation: number
  readonly coldUtilisation: number
  /** The last look at the cold start's first requests, and what the best model within the budget earns on them. */
  readonly first: { readonly requests: number; readonly reward: number; readonly fixed: number }
}

/** Pairs the stationary replays of a job, one warm and one cold, budget by budget; empty where it has not both. */
export function startsBeside(reports: readonly ReplayReport[]): StartsRow[] {
  const stationary = reports.filter(({ scenario, fromStart }) => scenario === 'stationary' && !fromStart)
  const warm = stationary.find(({ cold }) => !cold)
  const cold = stationary.find((report) => report.cold)
  if (warm === undefined || cold === undefined) return []
  return warm.rows.flatMap((row) => {
    const { budgetUsdPerRequest } = row
    const other = cold.rows.find((each) => each.budgetUsdPerRequest === budgetUsdPerRequest)
    const day = cold.firstDay.find((each) => each.budgetUsdPerRequest === budgetUsdPerRequest)
    const point = day?.points.at(-1)
    if (other === undefined || point === undefined) return []
    const { requests, policy, fixed } = point
    return [
      {
        budgetUsdPerRequest,
        warm: row.reward,
        cold: other.reward,
        warmUtilisation: row.utilisation,
        coldUtilisation: other.utilisation,
        first: { requests, reward: policy.reward, fixed: fixed.reward },
      },
    ]
  })
}
