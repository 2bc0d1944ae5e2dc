import { AMOUNT_MAX } from '../../base/check.js'
import { LOG_RATIO_MAX, LOG_RATIO_MIN } from '../../models/cost-estimate.js'
import type { Model } from '../../models/registry.js'
import { triedCostUsd } from '../../models/tries.js'
import { triedUnlistedUsd, unlistedCostUsd } from '../eligibility.js'
import { costCorrection } from './cost-correction.js'

/** Dollars of a request by the cost head: its list cost times exp(theta.x). A free model costs what it has cost so far. */
export function predictedCostUsd(model: Model, listCostUsd: number, logRatio: number): number {
  if (listCostUsd === 0) return unlistedCostUsd(model)
  const ratio = Math.exp(Math.min(Math.max(logRatio, LOG_RATIO_MIN), LOG_RATIO_MAX))
  return Math.min(listCostUsd * ratio, AMOUNT_MAX)
}

/** What a try of it is expected to cost: what most bills say. @param age of what is known, as in `ageInPauses` */
export function triedPredictedUsd(
  model: Model,
  listCostUsd: number,
  predictedUsd: number,
  age: number,
): number {
  if (listCostUsd === 0) return triedUnlistedUsd(model, age)
  return Math.min(correctedCostUsd(model, listCostUsd, predictedUsd), triedCostUsd(model, listCostUsd, age))
}

/** That cost, corrected by what recent costs were beside their predictions. */
export function correctedCostUsd(model: Model, listCostUsd: number, predictedUsd: number): number {
  return listCostUsd === 0 ? predictedUsd : Math.min(predictedUsd * costCorrection(model), AMOUNT_MAX)
}
