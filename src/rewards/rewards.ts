import type { ReadAnswer } from './answer-of.js'
import type { Agreement } from './collect/agreement.js'
import type { RewardOutcome, SourceReward } from './collect/collector-parts.js'
import type { EvaluationOptions, ReadEvaluations } from './feedback/evaluation-events.js'
import type { CalibrationLine } from './judge/calibration.js'
import type { JudgeStats } from './judge/judge.js'
import type { AnswerFlaw } from './validators/endings.js'

/** An answer of a router's model, to be looked at. */
export interface AnsweredRequest extends Omit<ReadAnswer, 'responseId'> {
  /** Id of the decision that it is the answer of. */
  readonly decision: string
  /** What the provider calls it, for evaluations that name it so. */
  readonly responseId?: string | null | undefined
  /** Who asked: the same prompt of two is no repeat. Default: all are one. */
  readonly owner?: string | undefined
  /** When it was asked for, ms since 1970 UTC: requests at once are no repeats. Default: now. */
  readonly askedAt?: number | undefined
}

/** A reward to be given. */
export type RewardInput = Pick<SourceReward, 'decision' | 'value'> &
  Partial<Pick<SourceReward, 'weight' | 'source' | 'idempotencyKey'>>

/** What became of several rewards. */
export interface GivenCounts {
  /** They count, or will within the window. */
  readonly taken: number
  /** They had been given before. */
  readonly known: number
  /** Their decisions take no more rewards, or are not known. */
  readonly refused: number
}

export interface RewardsStats {
  /** Answers that were looked at, and what was wrong with them. */
  readonly answers: number
  /** How many answers had which flaw. */
  readonly flaws: Readonly<Record<AnswerFlaw, number>>
  /** Answers whose prompt came again. */
  readonly repeats: number
  /** Null: there is no judge. */
  readonly judge: JudgeStats | null
  /** The line that the judge's scores are put on; null: they count as they are. */
  readonly calibration: CalibrationLine | null
}

/**
 * Makes rewards for a router: answers are looked at by validators and, some of them, by a judge; people and programs give theirs. All
 * rewards of a decision are one, their mean by weight, which the router gets once.
 */
export interface Rewards {
  /**
   * An answer is there: validators look at it, and the judge draws it or not. Nobody waits for it.
   * @returns what is wrong with it; null: nothing, as far as can be told
   * @throws INVALID_ARGUMENT
   */
  answered(given: AnsweredRequest): AnswerFlaw | null
  /**
   * A reward of a decision.
   * @returns a promise that resolves when it is taken; it is rejected with what `router.reward` throws for a decision that takes none any
   *   more, INVALID_ARGUMENT, TOO_MANY_REWARDS, or STORE_UNREACHABLE where it could not be kept
   */
  give(reward: RewardInput): Promise<RewardOutcome>
  /**
   * Several rewards, as a poll or an export brings them.
   * @throws (the promise is rejected with) what failed of a store or a log: those that follow are not given
   */
  giveMany(rewards: Iterable<RewardInput>): Promise<GivenCounts>
  /**
   * Feedback in any form that `readFeedback` reads.
   * @param idempotencyKey of the request, where the body has none
   * @returns what became of it; `noted`: it is no word on the answer
   * @throws (the promise is rejected) as `give`
   */
  feedback(body: unknown, idempotencyKey?: string | null): Promise<RewardOutcome | 'noted'>
  /**
   * Evaluations of an export of logs in OTLP/HTTP with JSON. Answers are found by what their providers call them.
   * @throws INVALID_ARGUMENT for a body that is no such export
   */
  evaluations(body: unknown): ReadEvaluations
  /** How evaluations are read here, for `evaluationReward`. */
  readonly evaluationOptions: EvaluationOptions
  /** How far sources agree on answers that they both spoke of: one that guesses or says the opposite stands out. */
  agreement(): readonly Agreement[]
  /** What was looked at so far, of this process. */
  stats(): RewardsStats
  /** Its clock: milliseconds since 1970 UTC. */
  now(): number
  /** Applies what is collected; what waits for the judge is not graded. Close the router afterwards. */
  close(): Promise<void>
}
