import { AMOUNT_MAX } from '../../base/check.js'
import { LOG_RATIO_MAX, LOG_RATIO_MIN } from '../../models/cost-estimate.js'
import type { Model } from '../../models/registry.js'
import { triedCostUsd } from '../../models/tries.js'
import { unlistedCostUsd } from '../eligibility.js'
import { costCorrection } from './cost-correction.js'

/** Dollars of a request by the cost head: its list cost times exp(theta.x). A free model costs what it has cost so far. */
export function predictedCostUsd(model: Model, listCostUsd: number, logRatio: number): number {
  if (listCostUsd === 0) return unlistedCostUsd(model)
  const ratio = Math.exp(Math.min(Math.max(logRatio, LOG_RATIO_MIN), LOG_RATIO_MAX))
  return Math.min(listCostUsd * ratio, AMOUNT_MAX)
}

/** What a try of it is expected to cost: the least that any of what is known says. */
export function triedPredictedUsd(model: Model, listCostUsd: number, predictedUsd: number): number {
  const knownUsd = Math.min(predictedUsd, correctedCostUsd(model, listCostUsd, predictedUsd))
  return Math.min(knownUsd, triedCostUsd(model, listCostUsd))
}

/** That corrected by what costs have been of late beside their predictions. */
export function correctedCostUsd(model: Model, listCostUsd: number, predictedUsd: number): number {
  return listCostUsd === 0 ? predictedUsd : Math.min(predictedUsd * costCorrection(model), AMOUNT_MAX)
}
