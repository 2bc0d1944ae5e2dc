import type { MetricScale, RewardSource, RewardsConfig } from '../config/config.js'
import { type Json, RequestError } from '../protocols/adapter.js'
import { textOf } from '../protocols/json-read.js'

/** A reward as a client sent it, on the router's scale. */
export interface GivenReward {
  readonly decision: string
  /** In [0, 1]. */
  readonly value: number
  /** Of its source's weight; 1 where the client says nothing. */
  readonly weight: number
  readonly source: RewardSource
  /** Null: twice the same reward is two. */
  readonly idempotencyKey: string | null
  /** False: it is well formed, and no word on the answer: a comment, a trial, of something else than the model. */
  readonly counts: boolean
}

const SOURCES: readonly RewardSource[] = ['validator', 'client', 'person', 'judge']
const KEY_CHARS_MAX = 256
const WEIGHT_MAX = 1000

/**
 * Reads a reward in any of four forms: ours (`decision_id`, `value`), TensorZero's (`inference_id`, `metric_name`, `value`), that
 * of vLLM's semantic router (`replay_id`, `target`, `verdict`, `score`), Portkey's (`trace_id`, `value` from -10 to 10, `weight`).
 * @param keyHeader `idempotency-key` of the request, for bodies that have none
 * @throws RequestError naming the field
 */
export function readReward(
  body: Json,
  { metrics }: RewardsConfig,
  keyHeader: string | null = null,
): GivenReward {
  const key = body.idempotency_key ?? keyHeader
  const idempotencyKey = typeof key === 'string' && key !== '' ? key.slice(0, KEY_CHARS_MAX) : null
  const weight = body.weight === undefined || body.weight === null ? 1 : amount(body, 'weight', 0, WEIGHT_MAX)
  if (body.inference_id !== undefined) {
    const noted = body.metric_name === 'comment' || body.metric_name === 'demonstration'
    if (noted) {
      const decision = idIn(body, 'inference_id')
      return { decision, value: 0, weight, source: 'client', idempotencyKey, counts: false }
    }
    const scale = metrics.find(({ name }) => name === body.metric_name) ?? unscaled(textOf(body.metric_name))
    const decision = idIn(body, 'inference_id')
    const value = scaled(body, 'value', scale)
    return { decision, value, weight, source: scale.source, idempotencyKey, counts: body.dryrun !== true }
  }
  if (body.episode_id !== undefined)
    throw new RequestError('episode_id: rewards are of one answer here; give its inference_id')
  if (body.replay_id !== undefined) {
    const decision = idIn(body, 'replay_id')
    const counts = body.target === undefined || body.target === 'model'
    return { decision, value: verdictOf(body), weight, source: 'client', idempotencyKey, counts }
  }
  if (body.trace_id !== undefined) {
    const scale = metrics.find(({ name }) => name === PORTKEY.name) ?? PORTKEY
    const decision = idIn(body, 'trace_id')
    const value = scaled(body, 'value', scale)
    return { decision, value, weight, source: scale.source, idempotencyKey, counts: true }
  }
  const decision = idIn(body, 'decision_id')
  const metric = body.metric === undefined ? null : textOf(body.metric)
  const scale = metrics.find(({ name }) => name === metric) ?? unscaled(metric ?? '')
  const said = body.source ?? scale.source
  const source = SOURCES.find((each) => each === said)
  if (source === undefined) throw new RequestError(`source: expected one of ${SOURCES.join(', ')}`)
  return { decision, value: scaled(body, 'value', scale), weight, source, idempotencyKey, counts: true }
}

/** A metric of this name in the config has another scale: thumbs are sent as 1 and -1. */
const PORTKEY: MetricScale = { name: 'portkey', worst: -10, best: 10, source: 'client' }

function unscaled(name: string): MetricScale {
  return { name, worst: 0, best: 1, source: 'client' }
}

function idIn(body: Json, field: string): string {
  const value = body[field]
  if (typeof value !== 'string' || value === '' || value.length > KEY_CHARS_MAX)
    throw new RequestError(`${field}: expected the id of a decision, as x-paretobandit-decision has it`)
  return value
}

function amount(body: Json, field: string, least: number, most: number): number {
  const value = body[field]
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw new RequestError(`${field}: expected a number in [${least}, ${most}]`)
}

/** Truth is the best that there is. */
function scaled(body: Json, field: string, { worst, best }: MetricScale): number {
  const value = body[field]
  if (typeof value === 'boolean') return value ? 1 : 0
  const given = amount(body, field, Math.min(worst, best), Math.max(worst, best))
  return worst === best ? 1 : (given - worst) / (best - worst)
}

const VERDICTS: Readonly<Record<string, number>> = {
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
  neutral: 0.5,
}

/** A score says more than a verdict. */
function verdictOf(body: Json): number {
  if (typeof body.score === 'number') return amount(body, 'score', 0, 1)
  const value = VERDICTS[textOf(body.verdict).toLowerCase()]
  if (value !== undefined) return value
  throw new RequestError(`verdict: expected one of ${Object.keys(VERDICTS).join(', ')}, or a score in [0, 1]`)
}
