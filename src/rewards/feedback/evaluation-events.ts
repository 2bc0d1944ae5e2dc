import { checkRecord, isRecord } from '../../base/check.js'
import { expected } from '../../base/errors.js'
import { type Json, listOf, objectOf, objectsOf, textOf } from '../../base/json.js'
import { reading } from '../../base/read-once.js'
import type { SourceReward } from '../collect/collector-parts.js'
import { checkMetrics, type MetricScale, scaled, unscaled, verdictValue } from './read-feedback.js'

const EVENT = 'gen_ai.evaluation.result'
/** Of our own spans, and of evaluators that pass it on. */
const DECISION = 'paretobandit.decision'
/** Records of one export that are looked at. */
const RECORDS_MAX = 10_000
const ID_CHARS_MAX = 256

/** How evaluations are read. */
export interface EvaluationOptions {
  /** Scales of scores by the name of their evaluation; others have [0, 1] and source `judge`. */
  readonly metrics?: readonly MetricScale[] | undefined
  /**
   * The decision behind the id that a provider gave an answer; null: it is not known. Default: the id itself. An attribute
   * `paretobandit.decision` stands above it.
   */
  readonly decisionOf?: ((responseId: string) => string | null) | undefined
}

/** What came of one export of logs. */
export interface ReadEvaluations {
  /** For `giveMany`. */
  readonly rewards: readonly SourceReward[]
  /** Evaluations that are no reward: of no decision that is known, without a score, or off their scale. */
  readonly refused: number
}

/**
 * The reward that an event `gen_ai.evaluation.result` of OpenTelemetry's GenAI conventions is: by its score, or by its label where it
 * has no score (pass, fail, correct, ...).
 * @param event a record of logs as an SDK or OTLP/JSON has it, or an event of a span
 * @returns null: it is another event, or its decision is not known
 * @throws INVALID_ARGUMENT for an evaluation without a score or label that is understood
 */
export function evaluationReward(event: unknown, options: EvaluationOptions = {}): SourceReward | null {
  if (!isRecord(event)) throw expected('INVALID_ARGUMENT', 'event', 'a record of logs or an event', event)
  const settings = readOptions(options)
  return reading('event', () => rewardOf(event, settings))
}

function readOptions(options: EvaluationOptions): EvaluationOptions {
  checkRecord(options, 'options')
  return reading('options', () => ({
    metrics: checkMetrics(options.metrics),
    decisionOf: options.decisionOf,
  }))
}

function rewardOf(
  event: Json,
  { metrics = [], decisionOf = (id) => id }: EvaluationOptions,
): SourceReward | null {
  const attributes = attributesOf(event.attributes)
  const name = event.eventName ?? event.name ?? attributes['event.name']
  if (name !== EVENT) return null
  const told = textOf(attributes[DECISION])
  const responseId = textOf(attributes['gen_ai.response.id'])
  const decision = told !== '' ? told : responseId === '' ? null : decisionOf(responseId)
  if (decision === null || decision.length > ID_CHARS_MAX) return null
  const metric = textOf(attributes['gen_ai.evaluation.name'])
  const scale = metrics.find((each) => each.name === metric) ?? { ...unscaled(metric), source: 'judge' }
  const value = scoreOf(attributes, scale)
  return { decision, value, weight: 1, source: scale.source, idempotencyKey: `otel:${metric}` }
}

/**
 * Reads the body of an export of logs in OTLP/HTTP with JSON (`POST /v1/logs`): 10,000 records of it at most.
 * @throws INVALID_ARGUMENT for a body that is no such export
 */
export function readEvaluations(body: unknown, options: EvaluationOptions = {}): ReadEvaluations {
  const settings = readOptions(options)
  return reading('resourceLogs', () => {
    if (isRecord(body) && Array.isArray(body.resourceLogs)) return rewardsIn(body.resourceLogs, settings)
    throw expected('INVALID_ARGUMENT', 'resourceLogs', 'an export of logs in OTLP with JSON', body)
  })
}

function rewardsIn(resourceLogs: readonly unknown[], options: EvaluationOptions): ReadEvaluations {
  const rewards: SourceReward[] = []
  let refused = 0
  let looked = 0
  for (const { scopeLogs } of objectsOf(resourceLogs))
    for (const { logRecords } of objectsOf(scopeLogs))
      for (const record of objectsOf(logRecords)) {
        if (++looked > RECORDS_MAX) return { rewards, refused: refused + 1 }
        try {
          const reward = rewardOf(record, options)
          if (reward !== null) rewards.push(reward)
          else if (record.eventName === EVENT) refused++
        } catch {
          refused++
        }
      }
  return { rewards, refused }
}

function scoreOf(attributes: Json, scale: MetricScale): number {
  if (attributes['gen_ai.evaluation.score.value'] !== undefined)
    return scaled(attributes, 'gen_ai.evaluation.score.value', scale)
  const label = attributes['gen_ai.evaluation.score.label']
  const value = verdictValue(textOf(label))
  if (value !== null) return value
  throw expected(
    'INVALID_ARGUMENT',
    'gen_ai.evaluation.score.label',
    'a score, or a label as pass and fail',
    label,
  )
}

/** Of an SDK an object, of OTLP/JSON a list of keys and values. */
function attributesOf(given: unknown): Json {
  if (!Array.isArray(given)) return objectOf(given) ?? {}
  const read: Record<string, unknown> = Object.create(null)
  for (const { key, value } of objectsOf(listOf(given)))
    if (typeof key === 'string') read[key] = anyValue(value)
  return read
}

function anyValue(value: unknown): unknown {
  const { stringValue, doubleValue, intValue, boolValue } = objectOf(value) ?? {}
  // JSON has integers of 64 bits as texts.
  return stringValue ?? doubleValue ?? boolValue ?? (intValue === undefined ? undefined : Number(intValue))
}
