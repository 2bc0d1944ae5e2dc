import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import type { Bill } from '../../router/bill.js'
import type { LogFormat } from './call.js'
import { promptOfInput, promptOfRequest } from './prompt.js'
import type { LeftOutReason } from './reasons.js'
import {
  billOfCounts,
  costBeside,
  firstOf,
  isAbove0,
  isTrue,
  numberIn,
  recordIn,
  textIn,
  timeIn,
} from './values.js'

/** Call types that answer with a text; the asynchronous ones have an `a` in front. */
const TEXT_CALLS =
  /^a?(completion|text_completion|responses|anthropic_messages|generate_content|batch_completion)/

/** Rows of the table LiteLLM_SpendLogs, and lines of LiteLLM's standard logging payload. */
export const LITELLM: LogFormat = {
  name: 'litellm',
  fits: (record) =>
    // Of a table somebody may have chosen the columns: no other log has both of these.
    (Object.hasOwn(record, 'request_id') && Object.hasOwn(record, 'spend')) ||
    (Object.hasOwn(record, 'call_type') &&
      ['spend', 'response_cost', 'prompt_tokens', 'model_group'].some((name) => Object.hasOwn(record, name))),
  read(record) {
    const metadata = recordIn(record.metadata)
    const id = textIn(record.request_id) ?? textIn(record.id)
    const request = requestOf(record)
    const bill = billOf(record, metadata)
    return {
      id,
      at: timeIn(record.startTime),
      models: [record.model, record.model_group].flatMap((name) => textIn(name) ?? []),
      prompt: promptOfInput(record.messages) ?? promptOfRequest(request),
      costUsd: costBeside(bill, firstOf(record.spend, record.response_cost)),
      bill,
      isStream: isTrue(record.stream) || request.stream === true,
      scoreIds: [id, textIn(record.trace_id), textIn(record.session_id)].flatMap((each) => each ?? []),
      scores: undefined,
      unusable: unusable(record, metadata),
    }
  },
}

/** Newer versions keep the request in a column of its own, with or without the envelope of HTTP. */
function requestOf(record: Json): Json {
  const kept = recordIn(record.proxy_server_request)
  return isRecord(kept.body) ? kept.body : kept
}

function billOf(record: Json, metadata: Json): Bill | null {
  const usages = [recordIn(record.response).usage, metadata.usage_object]
  const usage = usages.find((each) => isRecord(each) && Object.values(each).some(isAbove0))
  if (isRecord(usage)) return { usage }
  return billOfCounts(numberIn(record.prompt_tokens), numberIn(record.completion_tokens), record.total_tokens)
}

function unusable(record: Json, metadata: Json): LeftOutReason | null {
  const call = textIn(record.call_type) ?? ''
  if (/embedding/.test(call)) return 'embeddings'
  if (call !== '' && !TEXT_CALLS.test(call)) return 'other-call'
  if (record.status === 'failure' || metadata.status === 'failure') return 'failed'
  return isTrue(record.cache_hit) ? 'cache-hit' : null
}
