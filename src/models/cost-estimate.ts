/** Settled requests that a model's sums hold, shared by all policies. Sensitivity: `npm run sensitivity`. */
export const COST_MEMORY_REQUESTS = 50
/** Most that realised costs multiply a list price by: beyond it a bill says more of a mistake than of the model. */
const LIST_PRICE_RATIO_MAX = 1000
/** Weight that a settled request leaves to those before it. */
const KEPT = 1 - 1 / COST_MEMORY_REQUESTS

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
  record.realisedUsd = KEPT * record.realisedUsd + costUsd
  record.assumedUsd = KEPT * record.assumedUsd + listCostUsd
  record.predictedUsd = KEPT * record.predictedUsd + predictedUsd
}

/**
 * Expected dollars of a request: its cost at list price times how recent realised costs compare to the list price.
 * The price is a factor, so a reprice acts at once; before the first settlement it speaks alone.
 */
export function expectedCostUsd(record: CostRecord, listCostUsd: number): number {
  if (record.assumedUsd <= 0) return listCostUsd
  return listCostUsd * Math.min(record.realisedUsd / record.assumedUsd, LIST_PRICE_RATIO_MAX)
}

/** Ends of ln(cost / list cost): a bill is between 1/148 and 55 times its list price, as far as it is learned from. */
export const LOG_RATIO_MIN = -5
export const LOG_RATIO_MAX = 4

/** ln(cost / list cost), what the cost head learns; 0 where the list price is 0. */
export function logCostRatio(costUsd: number, listCostUsd: number): number {
  if (listCostUsd === 0) return 0
  return Math.min(Math.max(Math.log(costUsd / listCostUsd), LOG_RATIO_MIN), LOG_RATIO_MAX)
}
