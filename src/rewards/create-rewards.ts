import { checkFinite, checkRecord, checkString } from '../base/check.js'
import { readClock } from '../base/clock.js'
import { expected, isStoreError, ParetoBanditError } from '../base/errors.js'
import { LatestMap } from '../base/latest-map.js'
import { entriesOf, reading, readRecordOnce } from '../base/read-once.js'
import { textDraw, textHash } from '../base/text-hash.js'
import type { Router } from '../index.js'
import type { ReadAnswer } from './answer-of.js'
import type { Agreement } from './collect/agreement.js'
import { RewardCollector } from './collect/collector.js'
import type { RewardOutcome } from './collect/collector-parts.js'
import {
  type EvaluationOptions,
  type ReadEvaluations,
  readEvaluations,
} from './feedback/evaluation-events.js'
import { type GivenReward, readFeedback } from './feedback/read-feedback.js'
import { Judge } from './judge/judge.js'
import type { AnsweredRequest, GivenCounts, RewardInput, Rewards, RewardsStats } from './rewards.js'
import { type ResolvedRewardsOptions, type RewardsOptions, readRewardsOptions } from './rewards-options.js'
import type { AnswerFlaw } from './validators/endings.js'
import { fitsSchema } from './validators/json-schema.js'
import { Repeats } from './validators/repeats.js'
import { checkAnswer, checkCollected } from './validators/verdict.js'

/** Answers that can be found by what their providers call them, the latest. */
const RESPONSES_MAX = 10_000
const WEIGHT_MAX = 1000

class RouterRewards implements Rewards {
  private readonly options: ResolvedRewardsOptions
  private readonly collector: RewardCollector
  private readonly judge: Judge | null
  private readonly repeats = new Repeats()
  private readonly responses = new LatestMap<string, string>(RESPONSES_MAX)
  private readonly flaws: Record<AnswerFlaw, number> = {
    empty_answer: 0,
    refused_answer: 0,
    truncated_answer: 0,
    invalid_answer: 0,
  }
  private answers = 0
  private repeated = 0

  constructor(router: Pick<Router<string>, 'reward' | 'checkReward'>, options: ResolvedRewardsOptions) {
    this.options = options
    const { windowMs, validators, weights, judge, after, now, seed, onError, rewardRange } = options
    const [low, high] = rewardRange
    const calibrated = judge?.calibrate === true ? { source: 'judge', by: 'person' } : null
    const settings = { windowMs, waitMs: validators.waitMs, weights, calibrated }
    this.collector = new RewardCollector({
      router: {
        reward: (id, value) => router.reward(id, low + value * (high - low)),
        checkReward: (id) => router.checkReward(id),
      },
      store: options.store,
      settings: () => settings,
      after,
      now,
      draw: (decision) => textDraw(`${seed}:validators:${decision}`),
      onError,
    })
    this.judge =
      judge === null
        ? null
        : new Judge({
            settings: () => judge,
            draw: (decision) => textDraw(`${seed}:judge:${decision}`),
            after,
            now,
            ask: async (question) => judge.ask(question),
            reward: (decision, value) =>
              this.give({ decision, value, source: 'judge', idempotencyKey: 'judge' }),
            onError,
          })
  }

  answered(given: AnsweredRequest): AnswerFlaw | null {
    const {
      decision,
      prompt,
      asked: outline,
      contract,
      answer,
      responseId = null,
      owner = '',
      askedAt,
    } = reading('answered', () => checkAnswered(given))
    const { validators, now } = this.options
    const at = readClock(now)
    const asked = validators.enabled && validators.repeatMs > 0 ? promptKey(owner, outline ?? prompt) : null
    this.answers++
    if (responseId !== null) this.responses.set(responseId, decision)
    const { flaw, verdict } = checkAnswer(contract, answer, answer.flaw, validators.fits ?? fitsSchema)
    if (flaw !== null) this.flaws[flaw]++
    if (validators.enabled) {
      if (asked !== null) this.noteRepeat(asked, decision, askedAt ?? at, at)
      if (verdict !== null) this.collector.validated(decision, verdict)
    }
    if (
      !answer.isTooLong &&
      (answer.text !== '' || answer.calls.size > 0) &&
      this.judge?.draws(decision) === true
    )
      this.judge.grade(decision, { prompt, text: answer.text, calls: [...answer.calls.values()] })
    return flaw
  }

  async give(reward: RewardInput): Promise<RewardOutcome> {
    const {
      decision,
      value,
      weight = 1,
      source = 'client',
      idempotencyKey = null,
    } = readRecordOnce(checkRecord(reward, 'reward'), 'reward')
    const key = idempotencyKey === null ? null : checkString(idempotencyKey, 'reward.idempotencyKey')
    return this.collector.give({
      decision: checkString(decision, 'reward.decision'),
      value: within(value, 'reward.value', 1),
      weight: within(weight, 'reward.weight', WEIGHT_MAX),
      source: checkString(source, 'reward.source'),
      idempotencyKey: key,
    })
  }

  async giveMany(rewards: Iterable<RewardInput>): Promise<GivenCounts> {
    const counts = { taken: 0, known: 0, refused: 0 }
    const isMany = reading('rewards', () => typeof rewards?.[Symbol.iterator] === 'function')
    if (!isMany) throw expected('INVALID_ARGUMENT', 'rewards', 'a list of rewards', rewards)
    for (const reward of entriesOf(rewards, 'rewards')) {
      try {
        counts[await this.give(reward)]++
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || isStoreError(error)) throw error
        counts.refused++
      }
    }
    return counts
  }

  async feedback(body: unknown, idempotencyKey: string | null = null): Promise<RewardOutcome | 'noted'> {
    const { metrics, weights } = this.options
    const given: GivenReward = readFeedback(body, { metrics, sources: Object.keys(weights), idempotencyKey })
    return given.counts ? this.give(given) : 'noted'
  }

  evaluations(body: unknown): ReadEvaluations {
    return readEvaluations(body, this.evaluationOptions)
  }

  get evaluationOptions(): EvaluationOptions {
    return { metrics: this.options.metrics, decisionOf: (id) => this.responses.get(id) ?? null }
  }

  agreement(): readonly Agreement[] {
    return this.collector.comparison.agreement
  }

  now(): number {
    return readClock(this.options.now)
  }

  stats(): RewardsStats {
    return {
      answers: this.answers,
      flaws: { ...this.flaws },
      repeats: this.repeated,
      judge: this.judge?.stats ?? null,
      calibration: this.collector.comparison.line,
    }
  }

  async close(): Promise<void> {
    this.judge?.close()
    await this.collector.close()
  }

  private noteRepeat(key: string, decision: string, askedAt: number, now: number): void {
    const { repeatMs } = this.options.validators
    const before = this.repeats.asked(key, askedAt, repeatMs)
    this.repeats.answered(key, decision, now, repeatMs)
    if (before === null || before === decision) return
    this.repeated++
    this.collector.validated(before, { value: 0, isFirm: true })
  }
}

/**
 * Rewards for a router, from validators, people, programs and a judge.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function createRewards(
  router: Pick<Router<string>, 'reward' | 'checkReward'>,
  options: RewardsOptions = {},
): Rewards {
  const isRouter = reading('router', () => typeof router?.reward === 'function')
  if (!isRouter) throw expected('INVALID_ARGUMENT', 'router', 'a router', router)
  return reading('options', () => new RouterRewards(router, readRewardsOptions(options)))
}

function within(value: unknown, field: string, most: number): number {
  if (typeof value === 'number' && value >= 0 && value <= most) return value
  throw expected('INVALID_ARGUMENT', field, `a number in [0, ${most}]`, value)
}

/** What tells a prompt from others of its owner. @throws INVALID_ARGUMENT for one that JSON cannot say */
function promptKey(owner: string, prompt: ReadAnswer['prompt'] | string): string {
  return reading('answered.prompt', () => textHash(JSON.stringify([owner, prompt])))
}

function checkAnswered(given: AnsweredRequest): AnsweredRequest {
  const own = readRecordOnce(checkRecord(given, 'answered'), 'answered') as unknown as AnsweredRequest
  const { decision, prompt, asked, contract, answer, responseId, owner, askedAt } = own
  checkString(decision, 'answered.decision')
  if (!Array.isArray(prompt)) throw expected('INVALID_ARGUMENT', 'answered.prompt', 'messages', prompt)
  if (asked !== undefined) checkString(asked, 'answered.asked')
  checkRecord(contract, 'answered.contract')
  checkCollected(answer, 'answered.answer')
  if (responseId !== undefined && responseId !== null) checkString(responseId, 'answered.responseId')
  if (owner !== undefined && typeof owner !== 'string')
    throw expected('INVALID_ARGUMENT', 'answered.owner', 'a string', owner)
  if (askedAt !== undefined) checkFinite(askedAt, 'answered.askedAt')
  return own
}
