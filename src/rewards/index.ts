/** Rewards without code of your own: validators, thumbs, a judge, and feedback in the forms that there are. */

export type { After } from '../base/after.js'
export type { Json } from '../base/json.js'
export type { PlatformResponse, PlatformSignal } from '../base/platform.js'
export { answerOf, type ReadAnswer } from './answer-of.js'
export type { Agreement } from './collect/agreement.js'
export type { CollectorSettings, RewardOutcome, SourceReward } from './collect/collector-parts.js'
export type { SourceComparison } from './collect/comparison.js'
export type { HeldStore } from './collect/held-rewards.js'
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
  type LangfuseRequest,
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
export type { JudgeStats } from './judge/judge.js'
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
export { type AjvLike, ajvCheck } from './validators/ajv-check.js'
export type { CollectedAnswer, CollectedCall } from './validators/collected-answer.js'
export type { AnswerFormat, Contract } from './validators/contract.js'
export type { AnswerFlaw } from './validators/endings.js'
export { fitsSchema, type SchemaCheck } from './validators/json-schema.js'
