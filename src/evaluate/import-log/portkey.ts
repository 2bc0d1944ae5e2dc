import type { Json } from '../../base/json.js'
import type { LogFormat } from './call.js'
import { OPENAI } from './openai.js'
import type { LeftOutReason } from './reasons.js'
import { billOfCounts, firstOf, isFailedStatus, isTrue, numberIn, textIn, timeIn } from './values.js'

const CENTS = 100

/** Rows of Portkey's log exports: a request and its answer as OpenAI has them, and a cost in cents. */
export const PORTKEY: LogFormat = {
  name: 'portkey',
  fits: (record) =>
    ['ai_model', 'ai_org', 'req_units', 'res_units'].some((name) => Object.hasOwn(record, name)),
  read(record, promptOf) {
    const {
      cost: _,
      request = record['request.body'],
      response = record['response.body'],
      request_url: url,
      ...rest
    } = record
    const call = OPENAI.read({ ...rest, url, request, response }, promptOf)
    const cents = numberIn(record.cost)
    const traceId = textIn(record.trace_id)
    return {
      ...call,
      at: timeIn(firstOf(record.created_at, record.time_of_generation)),
      models: [...[record.ai_model].flatMap((name) => textIn(name) ?? []), ...call.models],
      costUsd: cents === null ? call.costUsd : cents / CENTS,
      bill:
        call.bill ?? billOfCounts(numberIn(record.req_units), numberIn(record.res_units), record.total_units),
      isStream: call.isStream || isTrue(record.stream_mode),
      scoreIds: traceId === null ? call.scoreIds : [...call.scoreIds, traceId],
      unusable: unusable(record) ?? (call.unusable === 'request-alone' ? null : call.unusable),
    }
  },
}

function unusable(record: Json): LeftOutReason | null {
  const success = record.is_success
  if (success === false || numberIn(success) === 0 || isFailedStatus(numberIn(record.response_status_code)))
    return 'failed'
  // `SEMANTIC HIT` is one too; `MISS` and `DISABLED` are not.
  return /\bhit\b/i.test(textIn(record.cache_status) ?? '') ? 'cache-hit' : null
}
