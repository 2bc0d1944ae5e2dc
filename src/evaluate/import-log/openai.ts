import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import { SERVICE_TIERS } from '../../models/service-tier.js'
import type { Bill } from '../../router/bill.js'
import type { LogFormat } from './call.js'
import { promptOfRequest } from './prompt.js'
import type { LeftOutReason } from './reasons.js'
import {
  dollarsIn,
  firstOf,
  isAbove0,
  isFailedStatus,
  isTrue,
  numberIn,
  recordIn,
  textIn,
  timeIn,
  unfolded,
} from './values.js'

/** Where logs write the status of HTTP. */
const STATUSES = ['status_code', 'status', 'statusCode', 'response_status']

/**
 * Requests and answers as the OpenAI API has them: lines with both, output files of the batch API, stored completions. The
 * request may stand under `request` or `body`, or beside the answer.
 */
export const OPENAI: LogFormat = {
  name: 'openai',
  fits: (record) =>
    ['custom_id', 'choices'].some((name) => Object.hasOwn(record, name)) ||
    // A table may have texts of these names.
    [record.request, record.response].some((value) => isRecord(unfolded(value))) ||
    /^(chat\.completion|text_completion|response|list)$/.test(String(record.object)) ||
    (Object.hasOwn(record, 'usage') && ['messages', 'input'].some((name) => Object.hasOwn(record, name))),
  read(record, promptOf) {
    const request = requestOf(record)
    const answer = answerOf(record)
    const usage = firstOf(answer.usage, record.usage)
    const customId = textIn(record.custom_id)
    const id = textIn(firstOf(record.id, record.request_id, answer.id))
    return {
      id,
      at: timeIn(firstOf(record.at, record.timestamp, record.created_at, answer.created, answer.created_at)),
      models: [request.model, record.model, answer.model].flatMap((name) => textIn(name) ?? []),
      prompt: promptOfRequest(request) ?? promptOfFirst([customId, id, textIn(answer.id)], promptOf),
      costUsd: dollarsIn(firstOf(record.costUsd, record.cost, recordIn(usage).cost)),
      bill: billOf(usage, customId === null ? answer.service_tier : 'batch'),
      isStream: request.stream === true || /\.chunk$/.test(String(answer.object)),
      scoreIds: [id, customId, textIn(answer.id)].flatMap((each) => each ?? []),
      scores: undefined,
      unusable: unusable(record, answer),
    }
  },
}

/** The prompt of a line that is a request: of the batch API's input files, or {id, messages}. */
export function requestLine(record: Json): { readonly id: string; readonly prompt: string } | null {
  const id = textIn(firstOf(record.custom_id, record.id, record.request_id))
  const prompt = promptOfRequest(requestOf(record))
  return id === null || prompt === null ? null : { id, prompt }
}

/** @param tier how the call was served, for the discount of the model's price */
function billOf(usage: unknown, tier: unknown): Bill | null {
  if (!isRecord(usage) || !Object.values(usage).some(isAbove0)) return null
  const serviceTier = SERVICE_TIERS.find((each) => each === tier)
  return serviceTier === undefined ? { usage } : { usage, serviceTier }
}

/** Batches name a request by its custom id, stored completions are named themselves. */
function promptOfFirst(
  ids: readonly (string | null)[],
  promptOf: (id: string) => string | null,
): string | null {
  for (const id of ids) {
    const prompt = id === null ? null : promptOf(id)
    if (prompt !== null) return prompt
  }
  return null
}

function requestOf(record: Json): Json {
  const inside = [record.request, record.body].map(recordIn).find((each) => Object.keys(each).length > 0)
  if (inside === undefined) return record
  return isRecord(inside.body) ? inside.body : inside
}

function answerOf(record: Json): Json {
  const answer = recordIn(record.response)
  if (Object.keys(answer).length === 0) return record
  return isRecord(answer.body) ? answer.body : answer
}

function unusable(record: Json, answer: Json): LeftOutReason | null {
  const hasFailed = [recordIn(record.response), record].some((part) =>
    STATUSES.some((name) => isFailedStatus(numberIn(part[name]))),
  )
  if (hasFailed || isError(record.error) || isError(answer.error) || answer.status === 'failed')
    return 'failed'
  const url = String(firstOf(record.url, recordIn(record.request).url) ?? '')
  if (/embedding/.test(url) || isEmbeddings(answer)) return 'embeddings'
  if (/\/(images|audio|moderations)\b/.test(url)) return 'other-call'
  if (isTrue(record.cache_hit) || isTrue(record.cached)) return 'cache-hit'
  const isAnswered = ['choices', 'output', 'content', 'usage'].some((name) => Object.hasOwn(answer, name))
  return isAnswered || Object.hasOwn(record, 'usage') ? null : 'request-alone'
}

/** Logs write an error that was not there in many ways. */
function isError(value: unknown): boolean {
  const error = unfolded(value)
  if (error === undefined || error === null || error === false || error === 0) return false
  if (typeof error === 'string') return !/^(|false|null|none|0)$/i.test(error.trim())
  return typeof error !== 'object' || Object.keys(error).length > 0
}

function isEmbeddings({ object, data }: Json): boolean {
  return object === 'list' && Array.isArray(data) && isRecord(data[0]) && Object.hasOwn(data[0], 'embedding')
}
