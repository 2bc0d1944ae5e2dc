/** Weight that a settled request leaves to those before it. */
const MEMORY = 0.98
const RATIO_MAX = 1000
const CORRECTION_MIN = 0.3
const CORRECTION_MAX = 3
/** What a change of costs leaves of the sums: two requests' worth of the fifty that they hold. */
const CHANGED_SHARE = 0.04

/** Decayed sums over a model's settled requests. */
export interface CostRecord {
  realisedUsd: number
  assumedUsd: number
  /** What the prompts said, before correction. */
  predictedUsd: number
}

/** One settled request: what it cost, and what the list price said of the tokens that were assumed. */
export function recordCost(
  record: CostRecord,
  costUsd: number,
  listCostUsd: number,
  predictedUsd: number,
): void {
  if (record.assumedUsd <= 0) {
    // The list price counts as one observation: a single free call must not make a model look free.
    record.realisedUsd = listCostUsd
    record.assumedUsd = listCostUsd
    record.predictedUsd = listCostUsd
  }
  record.realisedUsd = MEMORY * record.realisedUsd + costUsd
  record.assumedUsd = MEMORY * record.assumedUsd + listCostUsd
  record.predictedUsd = MEMORY * record.predictedUsd + predictedUsd
}

/**
 * A model costs something else from now on: what is to come outweighs what was. Where the cost head learns the new level
 * as well, a correction that lasted would multiply it twice, and a model that looks dearer than it can be is never
 * chosen again to find out.
 */
export function restartCost(record: CostRecord): void {
  record.realisedUsd *= CHANGED_SHARE
  record.assumedUsd *= CHANGED_SHARE
  record.predictedUsd *= CHANGED_SHARE
}

/**
 * Expected dollars of a request: its cost at list price times how realised costs of late have compared to list price.
 * The price is a factor, so a reprice acts at once; before the first settlement it speaks alone.
 */
export function expectedCostUsd(record: CostRecord, listCostUsd: number): number {
  if (record.assumedUsd <= 0) return listCostUsd
  return listCostUsd * Math.min(record.realisedUsd / record.assumedUsd, RATIO_MAX)
}

/**
 * How many times its prediction a request has cost of late: the exponential of a mean of logarithms lies below the mean,
 * and a provider's costs drift.
 */
export function costCorrection(record: CostRecord): number {
  if (record.predictedUsd <= 0) return 1
  return Math.min(Math.max(record.realisedUsd / record.predictedUsd, CORRECTION_MIN), CORRECTION_MAX)
}

/** Ends of ln(cost / list cost): a bill is between 1/148 and 55 times its list price, as far as it is learned from. */
export const LOG_RATIO_MIN = -5
export const LOG_RATIO_MAX = 4

/** ln(cost / list cost), what the cost head learns; 0 where the list price is 0. */
export function logCostRatio(costUsd: number, listCostUsd: number): number {
  if (listCostUsd === 0) return 0
  return Math.min(Math.max(Math.log(costUsd / listCostUsd), LOG_RATIO_MIN), LOG_RATIO_MAX)
}
