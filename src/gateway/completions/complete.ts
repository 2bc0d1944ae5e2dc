import { isInStore } from '../../rewards/parts.js'
import type { GatewayConfig, ModelConfig } from '../config/config.js'
import type { ClientAnswer } from '../doors/client-answer.js'
import type { ClientRequest } from '../doors/client-request.js'
import { JUDGE_KEY } from '../judge/judge-model.js'
import { type Authentication, type ClientKey, keyTextOf } from '../keys/keyring.js'
import type { ProtocolAdapter } from '../protocols/adapter.js'
import { isTooDeep } from '../protocols/too-deep.js'
import { ownerOf } from '../sessions/sessions.js'
import { UpstreamFailure } from '../upstreams/failure.js'
import { askedAgainMs } from './asked-again.js'
import { Attempt } from './attempt.js'
import type { Exchange } from './exchange.js'
import type { House } from './house.js'
import { FREE, type Reserved, type Try } from './ledger.js'
import { mayAnswer, optionsAmong } from './may-answer.js'
import { amongModelsLeft, takenAway } from './models-left.js'
import { mustBeAllowed, type Order, readOrder } from './order.js'
import { LEDGER_RETRY_MS, Refused, refusalOfError } from './refused.js'

/** With less time left no model is asked again: it would be paid for an answer that nobody waits for. */
const RETRY_MS_MIN = 1000

/**
 * The way of every request that goes to a model, whatever its protocol.
 * @param known who asks, where that is the gateway itself
 */
export async function complete(
  house: House,
  adapter: ProtocolAdapter,
  request: ClientRequest,
  known: ClientKey | null = null,
): Promise<ClientAnswer> {
  const exchange = house.begin(request, adapter.surface)
  try {
    const asked = authenticated(house, request, known)
    const authentication = asked instanceof Promise ? await asked : asked
    if (!authentication.ok) return exchange.refuse(authentication.refusal, adapter.errors)
    const order = await readOrder(house, adapter, exchange, authentication.key)
    mustBeAllowed(order, adapter.surface)
    noteRepeat(house, order)
    return await tryModels(house, adapter, exchange, order)
  } catch (error) {
    return refused(house, adapter, exchange, error)
  }
}

function authenticated(
  { deps: { keyring } }: House,
  { headers }: ClientRequest,
  known: ClientKey | null,
): Authentication | Promise<Authentication> {
  return known === null ? keyring.authenticate(keyTextOf(headers)) : { ok: true, key: known }
}

/** The answer to the same prompt, a moment ago, was not what was wanted. */
function noteRepeat({ repeats, rewards, deps }: House, order: Order): void {
  const { repeatKey, config } = order
  if (repeatKey === null) return
  const before = repeats.asked(repeatKey, deps.now(), config.rewards.validators.repeatMs)
  if (before !== null) rewards.validated(before, { value: 0, isFirm: true })
}

export function refused(
  house: House,
  { errors }: Pick<ProtocolAdapter, 'errors'>,
  exchange: Exchange,
  error: unknown,
): ClientAnswer {
  const { router, now, onError } = house.deps
  const refusal = refusalOfError(error, router, exchange.record.tenant, now())
  if (refusal !== null) return exchange.refuse(refusal, errors)
  onError(error, 'a request')
  const ours = { status: 500, code: 'internal_error', message: 'the gateway failed', retryAfterMs: null }
  return exchange.refuse(ours, errors, 'failed')
}

/** One model after another, until one answers: each a reservation of its own. */
async function tryModels(
  house: House,
  adapter: ProtocolAdapter,
  exchange: Exchange,
  order: Order,
): Promise<ClientAnswer> {
  const { retries, timeouts } = order.config
  house.retries.add(retries.shareMax)
  const excluded: string[] = []
  const failures: UpstreamFailure[] = []
  /** Models with a connection that was closed as it was used again: each is asked once more, by another, or the upstream closes them all. */
  const closed = new Set<string>()
  let call = await reserve(house, exchange, order, excluded)
  for (;;) {
    const { id } = call.model
    const attempt = new Attempt(house, adapter, exchange, order, call, closed.has(id))
    const outcome = await attempt.run()
    if (!(outcome instanceof UpstreamFailure)) return outcome
    if (outcome.isOfConnection && attempt.maySendAgain) closed.add(id)
    else {
      excluded.push(id)
      failures.push(outcome)
    }
    const untried = mayAnswer(house, adapter.surface, order, excluded)
    const fail = () => {
      const ids = untried.map((model) => model.id)
      const retryAfterMs = askedAgainMs(outcome, failures, ids, house.deps.router, retries.cooldownMs)
      return failed(house, adapter, exchange, outcome, retryAfterMs)
    }
    const mayRetry =
      outcome.kind !== 'caller' &&
      !exchange.isGone &&
      exchange.record.tries < retries.triesMax &&
      untried.length > 0 &&
      timeouts.totalMs - exchange.elapsedMs >= Math.min(RETRY_MS_MIN, timeouts.firstTokenMs) &&
      house.retries.take(retries.shareMax)
    if (!mayRetry) return fail()
    try {
      call = await reserve(house, exchange, order, excluded)
    } catch (error) {
      // Nobody can pay for another try: what the client hears of is why there had to be one.
      if (refusalOfError(error, house.deps.router, null, 0) === null) throw error
      return fail()
    }
  }
}

/** @throws (the promise is rejected with) Refused, and what the router throws */
export async function reserve(
  house: House,
  exchange: Exchange,
  order: Order,
  exclude: readonly string[],
): Promise<Try> {
  const { config, models, prompt, key, name } = order
  if (exchange.isGone) throw new Refused(499, 'client_gone', 'nobody waits for an answer')
  if (house.deps.storeWatch.isForgetful) throw storeIsAway()
  exchange.mayCost = true
  const options = optionsAmong(house, exchange.record.surface, order, exclude)
  const decision = await amongModelsLeft(house.deps.router, options, (among) =>
    house.ledger.reserve(prompt, among),
  )
  // Nobody asks for a judge's decision.
  if (key.id !== JUDGE_KEY.id) house.decisions.made(decision.id, ownerOf(key), name, house.deps.now())
  const ofOrder = models.find(({ id }) => id === decision.model)
  const model = ofOrder && atPricesNow(ofOrder, house.deps.live.current)
  const upstream = config.upstreams.find(({ id }) => id === model?.upstream)
  if (model === undefined || upstream === undefined) {
    house.ledger.cancel({ decision, tenant: key.tenant }, FREE, null)
    throw takenAway()
  }
  const call = { decision, model, upstream, tenant: key.tenant }
  exchange.began(call)
  if (config.requests.waitForStore) await beInStore(house, exchange, call)
  return { decision, model, upstream, tenant: key.tenant, beganAt: performance.now() }
}

/** The order may be older than a change of prices: the router has reserved at those in force now, and bills at them. */
function atPricesNow(model: ModelConfig, { models }: GatewayConfig): ModelConfig {
  const { prices } = models.find(({ id }) => id === model.id) ?? model
  return prices === model.prices ? model : { ...model, prices }
}

/** @throws (the promise is rejected with) Refused where the store does not take the reservation, which is given back */
async function beInStore(house: House, exchange: Exchange, call: Reserved): Promise<void> {
  const { router, onError } = house.deps
  if (await isInStore(router.flush(), house.after, (error) => onError(error, 'the reservation of a request')))
    return
  exchange.booked(house.ledger.cancel(call, FREE, null), true)
  throw storeIsAway()
}

function storeIsAway(): Refused {
  return new Refused(503, 'ledger_unavailable', 'the ledger takes nothing at the moment', LEDGER_RETRY_MS)
}

/**
 * No model answers: what the client hears of the last one.
 * @param retryAfterMs when it may ask again; null: nobody knows
 */
function failed(
  house: House,
  adapter: ProtocolAdapter,
  exchange: Exchange,
  { kind, code, status, message, body }: UpstreamFailure,
  retryAfterMs: number | null,
): ClientAnswer {
  const refusal = { status, code, message: house.scrub(message), retryAfterMs }
  const outcome = kind === 'caller' || kind === 'model' ? 'refused' : 'failed'
  return exchange.refuse(refusal, adapter.errors, outcome, wordsOf(house, body))
}

/** An upstream's own words, which its clients know how to read; undefined: there are no such. */
function wordsOf(house: House, body: UpstreamFailure['body']): object | undefined {
  if (body === null) return undefined
  try {
    return JSON.parse(house.scrub(JSON.stringify(body)))
  } catch (error) {
    if (isTooDeep(error)) return undefined
    throw error
  }
}
