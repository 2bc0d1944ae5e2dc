import type { Json } from '../../base/json.js'
import type { LogFormat } from './call.js'
import { OPENAI } from './openai.js'
import type { LeftOutReason } from './reasons.js'
import { billOfCounts, firstOf, numberIn, textIn, timeIn } from './values.js'

/** What stands for no cached answer. */
const NO_REFERENCE = /^[0-]*$/

/** Requests of Helicone, of its API and of its export tool: with bodies, and a cost in dollars. */
export const HELICONE: LogFormat = {
  name: 'helicone',
  fits: (record) =>
    Object.hasOwn(record, 'request_body') &&
    ['response_status', 'request_created_at', 'response_body'].some((name) => Object.hasOwn(record, name)),
  read(record, promptOf) {
    const { request_body: request, response_body: response, request_path: url } = record
    const call = OPENAI.read({ request, response, url }, promptOf)
    const ids = [record.request_id, record.response_id].flatMap((id) => textIn(id) ?? [])
    const names = [record.model, record.request_model, record.response_model]
    const counts = [record.prompt_tokens, record.completion_tokens].map(numberIn)
    return {
      ...call,
      id: ids[0] ?? call.id,
      at: timeIn(firstOf(record.request_created_at, record.response_created_at)),
      models: [...call.models, ...names.flatMap((name) => textIn(name) ?? [])],
      costUsd: numberIn(firstOf(record.cost, record.costUSD, record.cost_usd)),
      bill: call.bill ?? billOfCounts(counts[0], counts[1], record.total_tokens),
      scoreIds: [...ids, ...call.scoreIds],
      scores: record.scores,
      unusable: unusable(record) ?? (call.unusable === 'request-alone' ? null : call.unusable),
    }
  },
}

function unusable(record: Json): LeftOutReason | null {
  const status = numberIn(record.response_status)
  // Numbers below those of HTTP are its own, for calls that were never answered.
  if (status !== null && !(status >= 200 && status < 300)) return 'failed'
  return NO_REFERENCE.test(textIn(record.cache_reference_id) ?? '') ? null : 'cache-hit'
}
