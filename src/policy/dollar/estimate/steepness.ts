import { STEEPNESS_LEVEL_MIN, STEEPNESS_PRIOR_REWARDS } from '../tuning.js'
import type { ArmSums } from './feature-evidence.js'

/**
 * How steeply an arm's rewards fall with how hard a prompt is, in parts of one that earns half of what there is: 4 l (1 - l), the
 * slope of a logistic curve at the arm's mean reward l. Who gets 95 % of all prompts right has little to lose on a hard one, and
 * who gets 5 % right little to gain on an easy one. What is known of l at first counts as a few rewards of a half.
 */
export function steepness({ precision, response }: ArmSums): number {
  const observations = precision[precision.length - 1]
  const sum = response[response.length - 1]
  const level = (sum + STEEPNESS_PRIOR_REWARDS / 2) / (observations + STEEPNESS_PRIOR_REWARDS)
  const within = Math.min(Math.max(level, STEEPNESS_LEVEL_MIN), 1 - STEEPNESS_LEVEL_MIN)
  return 4 * within * (1 - within)
}
