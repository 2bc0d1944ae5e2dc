import { type After, afterQuietly } from '../base/after.js'
import {
  checkBoolean,
  checkEach,
  checkFunction,
  checkInRange,
  checkInteger,
  checkKeys,
  checkOneOf,
  checkPositive,
  checkRecord,
  checkString,
} from '../base/check.js'
import { expected } from '../base/errors.js'
import { guarded } from '../base/rejection.js'
import { type HeldStore, NOT_HELD } from './collect/held-rewards.js'
import { checkScale, type MetricScale } from './feedback/read-feedback.js'
import type { JudgeReply, Question } from './judge/grading.js'
import type { JudgeCap } from './judge/judge-account.js'
import type { SchemaCheck } from './validators/json-schema.js'

/** What answers say of themselves. */
export interface ValidatorOptions {
  /** Default true. */
  readonly enabled?: boolean | undefined
  /** Who asks the same again so soon was not served, ms; 0: that is not looked for. Default 60,000. */
  readonly repeatMs?: number | undefined
  /** So long what they say waits for others to say more, ms; then it is applied. Default 1 h. */
  readonly waitMs?: number | undefined
  /** How schemas are checked. Default `fitsSchema`; `ajvCheck(ajv)` for schemas of your own. */
  readonly fits?: SchemaCheck | undefined
}

/** A model that grades a share of answers. It is not told who answered. */
export interface JudgeOptions {
  /** Asks any model; gives its reply, and what that cost. What it throws is told to `onError`, and no grade; so is a reply that takes two minutes. */
  readonly ask: (question: Question) => Promise<JudgeReply> | JudgeReply
  /** Share of answers that are graded, in (0, 1]. Default 0.02. */
  readonly share?: number | undefined
  /** What makes an answer good, in a sentence or some. Default `RUBRIC`. */
  readonly rubric?: string | undefined
  /** What grading may cost: an account of its own. */
  readonly cap: JudgeCap
  /** Whether scores are put on the scale of people's thumbs, learned where both speak of an answer. Default true. */
  readonly calibrate?: boolean | undefined
}

/** How rewards are made and combined. */
export interface RewardsOptions {
  /** Rewards of one decision within so long are one, their mean by weight, ms; 0: the first is applied at once. Default 60,000. */
  readonly windowMs?: number | undefined
  /** What a reward of each source weighs, in [0, 1000]. Defaults: validator 0.2, client 1, person 2, judge 0.5. Other names are more sources, 16 in all. */
  readonly weights?: Readonly<Record<string, number>> | undefined
  /** Scales of metrics that feedback and evaluations name; others have [0, 1]. */
  readonly metrics?: readonly MetricScale[] | undefined
  /** What is looked for in answers. */
  readonly validators?: ValidatorOptions | undefined
  /** Default: none. */
  readonly judge?: JudgeOptions | null | undefined
  /** That of the router. Default [0, 1]. */
  readonly rewardRange?: readonly [low: number, high: number] | undefined
  /** What is left to chance, decision by decision: which answers are graded, which verdicts count alone. Default 0. */
  readonly seed?: number | undefined
  /** Where rewards that are collected outlive their process. Default: nowhere. */
  readonly store?: HeldStore | undefined
  /** Called with failures of the judge and of stores. Default: nobody. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Milliseconds since 1970 UTC. Default Date.now. */
  readonly now?: (() => number) | undefined
  /** Default: by `setTimeout`, for which no process stays alive: `close` applies what is collected. */
  readonly after?: After | undefined
}

export interface ResolvedJudge {
  readonly ask: JudgeOptions['ask']
  readonly share: number
  readonly rubric: string | null
  readonly cap: JudgeCap
  readonly calibrate: boolean
}

export interface ResolvedRewardsOptions {
  readonly windowMs: number
  readonly weights: Readonly<Record<string, number>>
  readonly metrics: readonly MetricScale[]
  readonly validators: {
    readonly enabled: boolean
    readonly repeatMs: number
    readonly waitMs: number
    readonly fits: SchemaCheck | null
  }
  readonly judge: ResolvedJudge | null
  readonly rewardRange: readonly [low: number, high: number]
  readonly seed: number
  readonly store: HeldStore
  readonly onError: (error: unknown) => void
  readonly now: () => number
  readonly after: After
}

export const DEFAULT_WEIGHTS = { validator: 0.2, client: 1, person: 2, judge: 0.5 } as const
const DAY_MS = 86_400_000
const SOURCES_MAX = 16
const WEIGHT_MAX = 1000
const RUBRIC_CHARS_MAX = 8192
const KNOWN = [
  'windowMs',
  'weights',
  'metrics',
  'validators',
  'judge',
  'rewardRange',
  'seed',
  'store',
  'onError',
  'now',
  'after',
] as const
const KNOWN_OF_VALIDATORS = ['enabled', 'repeatMs', 'waitMs', 'fits'] as const
const KNOWN_OF_JUDGE = ['ask', 'share', 'rubric', 'cap', 'calibrate'] as const
const KNOWN_OF_CAP = ['usd', 'per', 'usdPerGrade'] as const

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
export function readRewardsOptions(options: RewardsOptions): ResolvedRewardsOptions {
  checkKeys(checkRecord(options, 'options'), KNOWN, 'options')
  const { windowMs = 60_000, validators = {}, judge = null, rewardRange = [0, 1], seed = 0 } = options
  const {
    enabled = true,
    repeatMs = 60_000,
    waitMs = 3_600_000,
    fits = null,
  } = checkRecord(validators, 'validators') as ValidatorOptions
  const [low, high] = checkEach(rewardRange, 'rewardRange', (end, i) =>
    checkInRange(end, -1e12, 1e12, `rewardRange[${i}]`),
  )
  if (!(low < high && rewardRange.length === 2))
    throw expected('INVALID_ARGUMENT', 'rewardRange', 'two numbers, the lower first', rewardRange)
  checkKeys(validators, KNOWN_OF_VALIDATORS, 'validators')
  if (fits !== null) checkFunction(fits, 'validators.fits')
  for (const name of ['onError', 'now', 'after'] as const)
    if (options[name] !== undefined) checkFunction(options[name], name)
  const weights = readWeights(options.weights ?? {})
  return {
    windowMs: checkInteger(windowMs, 0, DAY_MS, 'windowMs'),
    weights,
    metrics: checkEach(options.metrics ?? [], 'metrics', (each, i) =>
      readMetric(each, weights, `metrics[${i}]`),
    ),
    validators: {
      enabled: checkBoolean(enabled, 'validators.enabled'),
      repeatMs: checkInteger(repeatMs, 0, DAY_MS, 'validators.repeatMs'),
      waitMs: checkInteger(waitMs, 0, DAY_MS, 'validators.waitMs'),
      fits,
    },
    judge: judge === null ? null : readJudge(judge),
    rewardRange: [low, high],
    seed: checkInteger(seed, 0, Number.MAX_SAFE_INTEGER, 'seed'),
    store: options.store ?? NOT_HELD,
    onError: guarded(options.onError ?? (() => {})),
    now: options.now ?? Date.now,
    after: options.after ?? afterQuietly,
  }
}

/** What has no weight would be refused whenever it comes. */
function readMetric(given: unknown, weights: Readonly<Record<string, number>>, field: string): MetricScale {
  const metric = checkScale(given, field)
  if (Object.hasOwn(weights, metric.source)) return metric
  const sources = Object.keys(weights).join(', ')
  throw expected(
    'INVALID_ARGUMENT',
    `${field}.source`,
    `one of those with a weight (${sources})`,
    metric.source,
  )
}

function readWeights(weights: unknown): Record<string, number> {
  const all: Record<string, number> = { ...DEFAULT_WEIGHTS }
  for (const [source, weight] of Object.entries(checkRecord(weights, 'weights')))
    all[source] = checkInRange(weight, 0, WEIGHT_MAX, `weights.${source}`)
  const count = Object.keys(all).length
  if (count > SOURCES_MAX)
    throw expected('INVALID_ARGUMENT', 'weights', `at most ${SOURCES_MAX} sources`, count)
  return all
}

function readJudge(judge: JudgeOptions): ResolvedJudge {
  const { ask, share = 0.02, rubric, cap, calibrate = true } = checkRecord(judge, 'judge')
  checkKeys(judge, KNOWN_OF_JUDGE, 'judge')
  checkFunction(ask, 'judge.ask')
  const account = checkRecord(cap, 'judge.cap')
  checkKeys(account, KNOWN_OF_CAP, 'judge.cap')
  const { usd, per } = account
  // Set aside before each question, so that none would ever be asked.
  const most = checkPositive(usd, 'judge.cap.usd')
  const usdPerGrade = checkPositive(account.usdPerGrade, 'judge.cap.usdPerGrade')
  if (usdPerGrade > most)
    throw expected(
      'INVALID_ARGUMENT',
      'judge.cap.usdPerGrade',
      `at most judge.cap.usd (${most})`,
      usdPerGrade,
    )
  if (rubric !== undefined && checkString(rubric, 'judge.rubric').length > RUBRIC_CHARS_MAX)
    throw expected('INVALID_ARGUMENT', 'judge.rubric', `at most ${RUBRIC_CHARS_MAX} characters`, rubric)
  return {
    ask: judge.ask,
    share: checkInRange(share, Number.MIN_VALUE, 1, 'judge.share'),
    rubric: judge.rubric ?? null,
    cap: {
      usd: most,
      per: checkOneOf(per, ['hour', 'day'], 'judge.cap.per'),
      usdPerGrade,
    },
    calibrate: checkBoolean(calibrate, 'judge.calibrate'),
  }
}
