import { checkArray, checkEach, checkInRange, checkRecord, checkString, isText } from '../../base/check.js'
import { expected, expectedGot, type ParetoBanditError } from '../../base/errors.js'
import { type Json, textOf } from '../../base/json.js'
import { nearest } from '../../base/nearest.js'
import { readOnce, readRecordOnce } from '../../base/read-once.js'
import type { SourceReward } from '../collect/collector-parts.js'

/** Of a scale's ends. */
const SCALE_MAX = 1e12

/** `worst` counts 0 and `best` 1, what lies between linearly; `best` may be the lesser. */
export interface MetricScale {
  /** As clients send it. */
  readonly name: string
  /** The value that counts 0. */
  readonly worst: number
  /** The value that counts 1, another than the worst. */
  readonly best: number
  /** Whose weight it has. */
  readonly source: string
}

/** A reward as a client sent it, on the scale of [0, 1]. */
export interface GivenReward extends SourceReward {
  /** False: it is well formed, and no word on the answer: a comment, a trial, of something else than the model. */
  readonly counts: boolean
}

/** How feedback is read. */
export interface FeedbackOptions {
  /** Scales of what is sent; others have [0, 1] and source `client`. A name that is nearly one of these is refused. */
  readonly metrics?: readonly MetricScale[] | undefined
  /** Sources that feedback may name. Default validator, client, person, judge. */
  readonly sources?: readonly string[] | undefined
  /** Of the request, for bodies that have none: the header `idempotency-key`. */
  readonly idempotencyKey?: string | null | undefined
  /** The decision that stands for an episode of TensorZero; null: no such decision. Default: rewards of episodes are refused. */
  readonly episode?: ((id: string) => string | null) | undefined
}

/** Whose rewards there are, where nothing else is said. */
export const REWARD_SOURCES = ['validator', 'client', 'person', 'judge'] as const

const KEY_CHARS_MAX = 256
const WEIGHT_MAX = 1000

/**
 * Reads a reward in any of four forms: ours (`decision_id`, `value`, `weight`, `source`, `metric`), TensorZero's (`inference_id` or
 * `episode_id`, `metric_name`, `value`), that of vLLM's semantic router (`replay_id`, `target`, `verdict`, `score`), Portkey's (`trace_id`,
 * `value` from -10 to 10, `weight`).
 * @param given the body of a request, parsed
 * @throws INVALID_ARGUMENT naming the field
 */
export function readFeedback(given: unknown, options: FeedbackOptions = {}): GivenReward {
  const body: Json = readRecordOnce(checkRecord(given, 'body'), 'body')
  checkRecord(options, 'options')
  const own = readOnce(options, 'options')
  const { episode } = own
  const sources = checkArray(own.sources ?? REWARD_SOURCES, 'sources').filter(isText)
  const metrics = checkMetrics(own.metrics)
  const idempotencyKey =
    idempotencyKeyIn('idempotency_key', body.idempotency_key) ??
    idempotencyKeyIn('idempotencyKey', own.idempotencyKey)
  const weight = body.weight === undefined || body.weight === null ? 1 : amount(body, 'weight', 0, WEIGHT_MAX)
  const has = (field: string): boolean => (body[field] ?? null) !== null
  // Ids of traces and the like may stand beside ours.
  if (has('decision_id')) return ownReward(body, metrics, sources, weight, idempotencyKey)
  if (has('inference_id') || has('episode_id')) {
    const decision = !has('inference_id') ? ofEpisode(body, episode) : idIn(body, 'inference_id')
    const noted = body.metric_name === 'comment' || body.metric_name === 'demonstration'
    if (noted) return { decision, value: 0, weight, source: 'client', idempotencyKey, counts: false }
    const scale = scaleOf(body, 'metric_name', metrics)
    const value = scaled(body, 'value', scale)
    return { decision, value, weight, source: scale.source, idempotencyKey, counts: body.dryrun !== true }
  }
  if (has('replay_id')) {
    const decision = idIn(body, 'replay_id')
    const counts = body.target === undefined || body.target === 'model'
    return { decision, value: verdictOf(body), weight, source: 'client', idempotencyKey, counts }
  }
  if (has('trace_id')) {
    const scale = metrics.find(({ name }) => name === PORTKEY.name) ?? PORTKEY
    const decision = idIn(body, 'trace_id')
    const value = scaled(body, 'value', scale)
    return { decision, value, weight, source: scale.source, idempotencyKey, counts: true }
  }
  return ownReward(body, metrics, sources, weight, idempotencyKey)
}

function ownReward(
  body: Json,
  metrics: readonly MetricScale[],
  sources: readonly string[],
  weight: number,
  idempotencyKey: string | null,
): GivenReward {
  const decision = idIn(body, 'decision_id')
  const scale = scaleOf(body, 'metric', metrics)
  const said = body.source ?? scale.source
  const source = sources.find((each) => each === said)
  if (source === undefined) throw wrong('source', `one of ${sources.join(', ')}`, said)
  return { decision, value: scaled(body, 'value', scale), weight, source, idempotencyKey, counts: true }
}

/** Those of an option. @throws INVALID_ARGUMENT */
export function checkMetrics(given: readonly MetricScale[] = []): readonly MetricScale[] {
  return checkEach(given, 'metrics', (each, i) => checkScale(each, `metrics[${i}]`))
}

/** @param given `source` may be left out: client @throws INVALID_ARGUMENT naming the field */
export function checkScale(given: unknown, field: string): MetricScale {
  const { name, worst, best, source = 'client' } = checkRecord(given, field)
  // No value would tell anything, and each would count as the best.
  if (typeof worst === 'number' && worst === best)
    throw expected('INVALID_ARGUMENT', `${field}.best`, 'another value than the worst', best)
  return {
    name: checkString(name, `${field}.name`),
    worst: checkInRange(worst, -SCALE_MAX, SCALE_MAX, `${field}.worst`),
    best: checkInRange(best, -SCALE_MAX, SCALE_MAX, `${field}.best`),
    source: checkString(source, `${field}.source`),
  }
}

/** A metric of this name in the config has another scale: thumbs are sent as 1 and -1. */
const PORTKEY: MetricScale = { name: 'portkey', worst: -10, best: 10, source: 'client' }

/** Nothing in a value shows that its scale was missed, so a name that is nearly that of a metric is an error. @throws INVALID_ARGUMENT */
function scaleOf(body: Json, field: string, metrics: readonly MetricScale[]): MetricScale {
  const name = textOf(body[field])
  const known = metrics.find((metric) => metric.name === name)
  if (known !== undefined) return known
  const names = metrics.map((metric) => metric.name)
  const near = name === '' ? undefined : nearest(name, names)
  if (near === undefined) return unscaled(name)
  throw wrong(field, `'${near}', which has a scale, or a name unlike it`, name)
}

/** Of a metric that nobody has said anything of. */
export function unscaled(name: string): MetricScale {
  return { name, worst: 0, best: 1, source: 'client' }
}

function ofEpisode(body: Json, episode: FeedbackOptions['episode']): string {
  const found = episode?.(idIn(body, 'episode_id')) ?? null
  if (found !== null) return found
  const what = 'an episode that is known; rewards of one answer have its inference_id'
  throw wrong('episode_id', what, body.episode_id)
}

/**
 * Null where it is missing. One that was passed over, or cut, would have a reward that is sent again count twice, or another not at all.
 * @throws INVALID_ARGUMENT
 */
export function idempotencyKeyIn(field: string, key: unknown): string | null {
  if (typeof field !== 'string') throw wrong('field', 'a text', field)
  if (key === undefined || key === null || key === '') return null
  if (typeof key === 'string' && key.length <= KEY_CHARS_MAX) return key
  throw wrong(field, `a text of at most ${KEY_CHARS_MAX} characters`, key)
}

/** In the words of JSON, which knows no `undefined`. */
function wrong(field: string, what: string, value: unknown): ParetoBanditError {
  if (value === undefined) return expectedGot('INVALID_ARGUMENT', field, what, 'nothing')
  return expected('INVALID_ARGUMENT', field, what, value)
}

const DECISION_NAMED = `what an answer has in x-paretobandit-decision, or its request had in x-paretobandit-feedback-id, at most ${KEY_CHARS_MAX} characters`

function idIn(body: Json, field: string): string {
  const value = body[field]
  if (typeof value !== 'string' || value === '' || value.length > KEY_CHARS_MAX)
    throw wrong(field, DECISION_NAMED, value)
  return value
}

function amount(body: Json, field: string, least: number, most: number): number {
  const value = body[field]
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw wrong(field, `a number in [${least}, ${most}]`, value)
}

/** That something is so is the best that there is, or the worst where less is better: that an answer is made up. @throws INVALID_ARGUMENT */
export function scaled(body: Json, field: string, { worst, best }: MetricScale): number {
  const value = body[field]
  const isMoreBetter = best > worst
  if (typeof value === 'boolean') return value === isMoreBetter ? 1 : 0
  const given = amount(body, field, Math.min(worst, best), Math.max(worst, best))
  // Of the worst where less is better it is not -0.
  return Math.abs((given - worst) / (best - worst))
}

/** What words say of an answer, in [0, 1]. */
export const VERDICT_VALUES: Readonly<Record<string, number>> = {
  good: 1,
  good_fit: 1,
  // The answer was good; that a cheaper model may do as well is what prices say.
  overprovisioned: 1,
  underpowered: 0,
  failed: 0,
  correct: 1,
  positive: 1,
  up: 1,
  pass: 1,
  bad: 0,
  incorrect: 0,
  negative: 0,
  down: 0,
  fail: 0,
  relevant: 1,
  not_relevant: 0,
  neutral: 0.5,
}

/** A score says more than a verdict. */
function verdictOf(body: Json): number {
  if ((body.score ?? null) !== null) return amount(body, 'score', 0, 1)
  const value = verdictValue(textOf(body.verdict))
  if (value !== null) return value
  const what = `one of ${Object.keys(VERDICT_VALUES).join(', ')}, or a score in [0, 1]`
  throw wrong('verdict', what, body.verdict)
}

/** What a word says of an answer; null: nothing that is known. */
export function verdictValue(word: string): number | null {
  const known = word.toLowerCase()
  return Object.hasOwn(VERDICT_VALUES, known) ? VERDICT_VALUES[known] : null
}
