import type { CostRecord } from '../../models/cost-estimate.js'
import { COST_MEMORY_REQUESTS } from '../../models/tuning.js'
import { COST_CORRECTION_MAX, COST_CORRECTION_MIN, COST_KEPT_REQUESTS } from './tuning.js'

const KEPT_SHARE = COST_KEPT_REQUESTS / COST_MEMORY_REQUESTS

/**
 * A model costs something else from now on: what is to come outweighs what was. Where the cost head learns the new level
 * as well, a correction that lasted would multiply it twice, and a model that looks dearer than it can be is never
 * chosen again to find out.
 */
export function restartCost(record: CostRecord): void {
  record.realisedUsd *= KEPT_SHARE
  record.assumedUsd *= KEPT_SHARE
  record.predictedUsd *= KEPT_SHARE
}

/**
 * How many times their predictions recent requests have cost: the exponential of a mean of logarithms lies below the mean,
 * and a provider's costs drift.
 */
export function costCorrection(record: CostRecord): number {
  if (record.predictedUsd <= 0) return 1
  return Math.min(
    Math.max(record.realisedUsd / record.predictedUsd, COST_CORRECTION_MIN),
    COST_CORRECTION_MAX,
  )
}
