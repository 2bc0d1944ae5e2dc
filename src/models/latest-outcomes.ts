/** What the latest calls of a model took and cost, the oldest first, a few of each: how many of them were beyond a limit. */
export interface LatestOutcomes {
  readonly latenciesMs: number[]
  readonly billsUsd: number[]
}

/** How many are kept of each: few enough to be outlived soon, enough that noise hides no change. */
export const LATEST_OUTCOMES = 20

export function noOutcomes(): LatestOutcomes {
  return { latenciesMs: [], billsUsd: [] }
}

/** The oldest makes room. */
export function keepLatest(values: number[], value: number): void {
  if (values.length === LATEST_OUTCOMES) values.shift()
  values.push(value)
}

/** How many are beyond a limit. */
export function countBeyond(values: readonly number[], limit: number): number {
  let count = 0
  for (const value of values) if (value > limit) count++
  return count
}

/** As a snapshot has them; undefined before the first. */
export function saveOutcomes({ latenciesMs, billsUsd }: LatestOutcomes): LatestOutcomes | undefined {
  if (latenciesMs.length + billsUsd.length === 0) return undefined
  return { latenciesMs: [...latenciesMs], billsUsd: [...billsUsd] }
}
