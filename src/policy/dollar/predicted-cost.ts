import { AMOUNT_MAX } from '../../base/check.js'
import { LOG_RATIO_MAX, LOG_RATIO_MIN } from '../../models/cost-estimate.js'
import type { Model } from '../../models/registry.js'

/** Dollars of a request by the cost head: its list cost times exp(theta.x). A free model costs what it has cost so far. */
export function predictedCostUsd(model: Model, listCostUsd: number, logRatio: number): number {
  if (listCostUsd === 0) return model.settled === 0 ? 0 : model.settledCostUsd / model.settled
  const ratio = Math.exp(Math.min(Math.max(logRatio, LOG_RATIO_MIN), LOG_RATIO_MAX))
  return Math.min(listCostUsd * ratio, AMOUNT_MAX)
}
