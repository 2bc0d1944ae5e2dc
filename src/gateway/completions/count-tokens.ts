import { parseObject } from '../../base/json.js'
import { retryAfterOf } from '../../index.js'
import type { ModelConfig, UpstreamConfig } from '../config/config.js'
import type { ClientKey } from '../keys/keyring.js'
import { ANTHROPIC_MESSAGES } from '../protocols/anthropic-messages.js'
import { withMembers } from '../protocols/json-text.js'
import { failureOfConnection, failureOfStatus, UpstreamFailure } from '../upstreams/failure.js'
import { upstreamHeaders } from '../upstreams/request-headers.js'
import { WatchedBody, within } from '../upstreams/watched-body.js'
import { askedAgainMs } from './asked-again.js'
import type { Exchange } from './exchange.js'
import type { House } from './house.js'
import { takenAway } from './models-left.js'
import { mustBeAllowed, type Order, readOrder } from './order.js'
import { Refused } from './refused.js'

const ANSWER_BYTES_MAX = 64 * 1024

/**
 * `POST /v1/messages/count_tokens`: passed on to the first model that could answer, and to the next where its upstream fails. It
 * costs nothing.
 */
export async function countTokens(house: House, key: ClientKey, exchange: Exchange): Promise<object> {
  const order = await readOrder(house, ANTHROPIC_MESSAGES, exchange, key)
  mustBeAllowed(order, ANTHROPIC_MESSAGES.surface, true)
  const { upstreams, retries } = order.config
  const counting = order.models.flatMap((model) => {
    const upstream = upstreams.find(({ id, protocol }) => {
      return id === model.upstream && protocol === ANTHROPIC_MESSAGES.protocol
    })
    return upstream === undefined ? [] : [{ model, upstream }]
  })
  // No package of the AI SDK counts: what it gets is the estimate that requests are routed by.
  if (counting.length === 0) return { input_tokens: order.size.client.inputTokens }
  const failures: UpstreamFailure[] = []
  for (const { model, upstream } of counting.slice(0, retries.triesMax)) {
    const count = () => countBy(house, exchange, order, model, upstream)
    let counted = await count()
    // A count costs nothing, so all may be counted again.
    if (counted instanceof UpstreamFailure && counted.isOfConnection && !exchange.isGone)
      counted = await count()
    if (!(counted instanceof UpstreamFailure)) return counted
    failures.push(counted)
    if (counted.kind === 'caller' || exchange.isGone) break
  }
  const failure = failures.at(-1)
  if (failure === undefined) throw takenAway()
  const { status, code, message } = failure
  const untried = counting.slice(failures.length).map(({ model }) => model.id)
  const retryAfterMs = askedAgainMs(failure, failures, untried, house.deps.router, retries.cooldownMs)
  throw new Refused(status, code, house.scrub(message), retryAfterMs)
}

/** The count of one upstream, or why it gave no count. */
async function countBy(
  house: House,
  exchange: Exchange,
  order: Order,
  model: ModelConfig,
  upstream: UpstreamConfig,
): Promise<object> {
  const { timeouts } = order.config
  const ms = Math.min(timeouts.firstTokenMs, Math.max(0, timeouts.totalMs - exchange.elapsedMs))
  const url = `${upstream.baseUrl}${ANTHROPIC_MESSAGES.path}/count_tokens`
  const abort = new AbortController()
  const forget = exchange.onGone(() => abort.abort())
  exchange.record.model = model.id
  exchange.record.upstream = upstream.id
  try {
    const call = {
      url,
      headers: upstreamHeaders(upstream, ANTHROPIC_MESSAGES, exchange.request.headers),
      body: withMembers(order.body.text, { model: model.upstreamModel }),
      signal: abort.signal,
    }
    const answer = await within(house.call(call), ms, house.after, 'the upstream was silent: no answer began')
    const body = new WatchedBody(answer.body, house.after, () => ({ ms, what: 'no count' }))
    const text = await body.text(ANSWER_BYTES_MAX)
    if (answer.status !== 200)
      throw failureOfStatus(
        answer.status,
        text,
        retryAfterOf((name) => answer.header(name), house.deps.now()),
        house.deps.now(),
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
    return failure
  } finally {
    forget()
  }
}
