import { parseObject } from '../../base/json.js'
import { retryAfterOf } from '../../index.js'
import type { ModelConfig } from '../config/config.js'
import type { ClientKey } from '../keys/keyring.js'
import { ANTHROPIC_MESSAGES } from '../protocols/anthropic-messages.js'
import { withMembers } from '../protocols/json-text.js'
import { failureOfConnection, failureOfStatus, UpstreamFailure } from '../upstreams/failure.js'
import { upstreamHeaders } from '../upstreams/request-headers.js'
import { WatchedBody, within } from '../upstreams/watched-body.js'
import type { Exchange } from './exchange.js'
import type { House } from './house.js'
import { takenAway } from './models-left.js'
import { readOrder } from './order.js'
import { Refused } from './refused.js'

const ANSWER_BYTES_MAX = 64 * 1024

/** `POST /v1/messages/count_tokens`: passed on to the first model that could answer. It costs nothing. */
export async function countTokens(house: House, key: ClientKey, exchange: Exchange): Promise<object> {
  const order = await readOrder(house, ANTHROPIC_MESSAGES, exchange, key)
  const upstreamOf = (model: ModelConfig) => order.config.upstreams.find(({ id }) => id === model.upstream)
  const model = order.models.find((each) => upstreamOf(each)?.protocol === ANTHROPIC_MESSAGES.protocol)
  // No package of the AI SDK counts: what it gets is the estimate that requests are routed by.
  if (model === undefined) return { input_tokens: order.size.client.inputTokens }
  const upstream = upstreamOf(model)
  if (upstream === undefined) throw takenAway()
  const { firstTokenMs } = order.config.timeouts
  const url = `${upstream.baseUrl}${ANTHROPIC_MESSAGES.path}/count_tokens`
  const abort = new AbortController()
  exchange.onGone(() => abort.abort())
  exchange.record.model = model.id
  exchange.record.upstream = upstream.id
  try {
    const call = {
      url,
      headers: upstreamHeaders(upstream, ANTHROPIC_MESSAGES, exchange.request.headers),
      body: withMembers(order.body.text, { model: model.upstreamModel }),
      signal: abort.signal,
    }
    const answer = await within(
      house.call(call),
      firstTokenMs,
      house.after,
      'the upstream was silent: no answer began',
    )
    const body = new WatchedBody(answer.body, house.after, () => ({ ms: firstTokenMs, what: 'no count' }))
    const text = await body.text(ANSWER_BYTES_MAX)
    if (answer.status !== 200)
      throw failureOfStatus(
        answer.status,
        text,
        retryAfterOf((name) => answer.header(name), house.deps.now()),
      )
    const json = parseObject(text)
    if (json === null)
      throw new UpstreamFailure(
        'upstream',
        'upstream_malformed',
        502,
        'the answer of the upstream is no JSON',
      )
    return json
  } catch (error) {
    abort.abort()
    const failure = error instanceof UpstreamFailure ? error : failureOfConnection(error)
    if (!exchange.isGone) house.tellOperator(failure, { model, upstream }, url)
    const { status, code, message, retryAfterMs } = failure
    throw new Refused(status, code, house.scrub(message), retryAfterMs)
  }
}
