import { LATEST_OUTCOMES } from './tuning.js'

/** What the latest calls of a model took and cost, `LATEST_OUTCOMES` of each at most, the oldest first. */
export interface LatestOutcomes {
  readonly latenciesMs: number[]
  readonly billsUsd: number[]
}

export function noOutcomes(): LatestOutcomes {
  return { latenciesMs: [], billsUsd: [] }
}

/** Adds the latest one; where there are as many as are kept, the oldest is dropped. */
export function keepLatest(values: number[], value: number): void {
  if (values.length < LATEST_OUTCOMES) {
    values.push(value)
    return
  }
  for (let i = 1; i < LATEST_OUTCOMES; i++) values[i - 1] = values[i]
  values[LATEST_OUTCOMES - 1] = value
}

/** How many of them are above a limit in their unit. */
export function countBeyond(values: readonly number[], limit: number): number {
  let count = 0
  for (const value of values) if (value > limit) count++
  return count
}

/** A copy for a snapshot; undefined before the first. */
export function saveOutcomes({ latenciesMs, billsUsd }: LatestOutcomes): LatestOutcomes | undefined {
  if (latenciesMs.length + billsUsd.length === 0) return undefined
  return { latenciesMs: [...latenciesMs], billsUsd: [...billsUsd] }
}
