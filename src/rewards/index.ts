/** Rewards without code of your own: validators, thumbs, a judge, and feedback in the forms that there are. */

// What adapters and the gateway read and keep in the same way.
export { isRecord } from '../base/check.js'
export { messageOf } from '../base/errors.js'
export {
  type Json,
  listOf,
  objectOf,
  objectsOf,
  parseObject,
  textOf,
  textOfContent,
} from '../base/json.js'
export { LatestMap } from '../base/latest-map.js'
export { reading } from '../base/read-once.js'
export { type After, afterQuietly, afterTimeout } from './after.js'
export { answerOf, type ReadAnswer, responseIdIn } from './answer-of.js'
export type { Agreement } from './collect/agreement.js'
export { RewardCollector } from './collect/collector.js'
export type {
  CollectorParts,
  CollectorSettings,
  RewardOutcome,
  SourceReward,
} from './collect/collector-parts.js'
export type { SourceComparison } from './collect/comparison.js'
export type { HeldStore } from './collect/held-rewards.js'
export { isInStore } from './collect/in-store.js'
export { createRewards } from './create-rewards.js'
export {
  type EvaluationOptions,
  evaluationReward,
  type ReadEvaluations,
  readEvaluations,
} from './feedback/evaluation-events.js'
export {
  type LangfuseCursor,
  type LangfuseOptions,
  type LangfusePoll,
  LangfuseScores,
} from './feedback/langfuse.js'
export {
  type FeedbackOptions,
  type GivenReward,
  type MetricScale,
  REWARD_SOURCES,
  readFeedback,
} from './feedback/read-feedback.js'
export type { CalibrationLine } from './judge/calibration.js'
export {
  type Graded,
  type JudgeReply,
  type PromptMessage,
  type Question,
  RUBRIC,
} from './judge/grading.js'
export { Judge, type JudgeParts, type JudgeSettings, type JudgeStats } from './judge/judge.js'
export type { JudgeCap } from './judge/judge-account.js'
export { linkResponse } from './links/link-page.js'
export {
  type LinkClaim,
  type LinkOptions,
  linkToken,
  readLink,
  type ThumbLinks,
  thumbLinks,
} from './links/links.js'
export { THUMBS_SCRIPT, type ThumbsOptions, thumbsHtml } from './links/thumbs.js'
export type { AnsweredRequest, GivenCounts, RewardInput, Rewards, RewardsStats } from './rewards.js'
export type { JudgeOptions, RewardsOptions, ValidatorOptions } from './rewards-options.js'
export { textHash } from './text-hash.js'
export { type AjvLike, ajvCheck } from './validators/ajv-check.js'
export { CollectedAnswer, type CollectedCall } from './validators/collected-answer.js'
export {
  ANSWER_FORMATS,
  type AnswerFormat,
  type Contract,
  contractOf,
  FREE_TEXT,
  isBinding,
  NO_CONTRACT,
} from './validators/contract.js'
export { type AnswerFlaw, flawOfFinish } from './validators/endings.js'
export { fitsSchema, type SchemaCheck } from './validators/json-schema.js'
export { Repeats } from './validators/repeats.js'
export { type AnswerCheck, checkAnswer, type Verdict } from './validators/verdict.js'
