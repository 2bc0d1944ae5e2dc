import type { DriftLimits } from '../../../bandit/drift.js'
import {
  DRIFT_RESIDUAL_SIGMAS_MAX,
  DRIFT_SLACK_SIGMAS,
  DRIFT_THRESHOLD_SIGMAS,
  DRIFT_VARIANCE_FLOOR_SHARE,
  DRIFT_VARIANCE_RATE,
} from '../tuning.js'

/** Of all watches of this policy: rewards, costs, latencies. */
export const DRIFT_LIMITS: DriftLimits = {
  slackSigmas: DRIFT_SLACK_SIGMAS,
  thresholdSigmas: DRIFT_THRESHOLD_SIGMAS,
  residualSigmasMax: DRIFT_RESIDUAL_SIGMAS_MAX,
  varianceRate: DRIFT_VARIANCE_RATE,
  varianceFloorShare: DRIFT_VARIANCE_FLOOR_SHARE,
}
