import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import type { Bill } from '../../router/bill.js'
import type { LogFormat } from './call.js'
import { promptOfInput } from './prompt.js'
import type { LeftOutReason } from './reasons.js'
import { billOfCounts, costBeside, firstOf, numberIn, recordIn, textIn, timeIn } from './values.js'

/** Observations of Langfuse: of its API, of exports of its pages, and of exports to a bucket, whose names have underscores. */
export const LANGFUSE: LogFormat = {
  name: 'langfuse',
  fits: (record) =>
    ['traceId', 'trace_id', 'providedModelName', 'provided_model_name', 'parentObservationId'].some((name) =>
      Object.hasOwn(record, name),
    )
      ? ['type', 'input', 'usageDetails', 'usage_details'].some((name) => Object.hasOwn(record, name))
      : isBareSpan(record),
  read(record) {
    const id = textIn(record.id)
    const bill = billOf(record)
    const traceId = textIn(firstOf(record.traceId, record.trace_id))
    const models = [record.model, record.providedModelName, record.provided_model_name, record.internalModel]
    return {
      id,
      at: timeIn(firstOf(record.startTime, record.start_time)),
      models: models.flatMap((name) => textIn(name) ?? []),
      prompt: promptOfInput(record.input),
      costUsd: costBeside(bill, costOf(record)),
      bill,
      isStream: firstOf(record.completionStartTime, record.completion_start_time) !== undefined,
      scoreIds: [id, traceId].flatMap((each) => each ?? []),
      scores: record.scores,
      unusable: unusable(record),
    }
  },
}

/** An observation without its trace that is no call: told as what it is. */
function isBareSpan(record: Json): boolean {
  const type = textIn(record.type) ?? ''
  return /^(span|event)$/i.test(type) && !['request', 'response', 'messages'].some((name) => name in record)
}

/** The observations of a trace, each with the scores of the trace that are its own or the whole trace's. */
export function observationsOf(trace: Json): readonly Json[] | null {
  const { observations } = trace
  if (!Array.isArray(observations) || !observations.every(isRecord)) return null
  const scores = Array.isArray(trace.scores) ? trace.scores.filter(isRecord) : []
  return observations.map((observation) => ({
    traceId: trace.id,
    ...observation,
    scores: scores.filter(
      ({ observationId: of }) => of === undefined || of === null || of === observation.id,
    ),
  }))
}

function costOf(record: Json): unknown {
  const details = recordIn(firstOf(record.costDetails, record.cost_details))
  const usage = recordIn(record.usage)
  return firstOf(
    record.calculatedTotalCost,
    record.totalCost,
    record.total_cost,
    details.total,
    usage.totalCost,
  )
}

/**
 * Usage types have names of their users' choice. Langfuse's own integrations write parts beside the rest (cached tokens
 * are not in `input`); where the total is that of `input` and `output` alone, parts are in them.
 */
function billOf(record: Json): Bill | null {
  const details = recordIn(firstOf(record.usageDetails, record.usage_details))
  const counts = Object.entries(details).flatMap(([name, value]) => {
    const count = numberIn(value)
    return count === null || !(count >= 0) ? [] : [[name, count] as const]
  })
  const sumOf = (pattern: RegExp) =>
    counts.reduce((sum, [name, count]) => sum + (pattern.test(name) ? count : 0), 0)
  const usage = recordIn(record.usage)
  const hasUnits = usage.unit === undefined || usage.unit === null || usage.unit === 'TOKENS'
  const input = numberIn(
    firstOf(details.input, hasUnits ? usage.input : null, record.promptTokens, record.inputUsage),
  )
  const output = numberIn(
    firstOf(details.output, hasUnits ? usage.output : null, record.completionTokens, record.outputUsage),
  )
  const partsOfInput = sumOf(/^(input_|prompt_|cache_)/)
  const partsOfOutput = sumOf(/^(output_|completion_|reasoning)/)
  const total = numberIn(firstOf(details.total, hasUnits ? usage.total : null, record.totalTokens))
  const isWhole = numberIn(details.total) === (input ?? 0) + (output ?? 0)
  const side = (rest: number | null, parts: number) => (isWhole || parts === 0 ? rest : (rest ?? 0) + parts)
  const bill = billOfCounts(side(input, partsOfInput), side(output, partsOfOutput), total)
  return bill === null
    ? null
    : {
        ...bill,
        cachedInputTokens: sumOf(/cached_tokens$|cache_read/),
        cacheWrite5mTokens: sumOf(/cache_(creation|write)/),
        reasoningTokens: sumOf(/reasoning/),
      }
}

function unusable(record: Json): LeftOutReason | null {
  const type = (textIn(record.type) ?? 'GENERATION').toUpperCase()
  if (type === 'EMBEDDING') return 'embeddings'
  if (type !== 'GENERATION') return 'not-a-generation'
  return record.level === 'ERROR' ? 'failed' : null
}
