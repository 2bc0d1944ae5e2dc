import type { ProtocolAdapter } from '../protocols/adapter.js'
import { ownParameters, parametersIn } from '../protocols/model-parameters.js'
import { failureOfReference, failureOfSetup, failureOfStatus, UpstreamFailure } from '../upstreams/failure.js'
import type { House } from './house.js'
import type { Try } from './ledger.js'
import type { Order } from './order.js'
import { saidAt, unsupportedIn } from './unsupported.js'

/**
 * What an answer means whose status is no success: whose fault it is, and so who hears what. What the model does not take is noted, for requests
 * that come later.
 * @param text the beginning of the answer's body
 * @param retryAfterMs as the upstream asks for; null: it does not
 */
export function failureOfAnswer(
  house: House,
  adapter: ProtocolAdapter,
  order: Order,
  { model }: Try,
  status: number,
  text: string,
  retryAfterMs: number | null,
): UpstreamFailure {
  if (status === 404 && order.asked.size.references > 0) {
    const missing = failureOfReference(text, [model.upstreamModel, adapter.path])
    if (missing !== null) return missing
  }
  const failure = failureOfStatus(status, text, retryAfterMs, house.deps.now())
  const { json } = order.body
  const unsupported = unsupportedIn(failure.status, text, json)
  // A refusal is the client's fault, unless it is due to the model alone, or to what the operator says in the client's place.
  if (!['caller', 'model'].includes(failure.kind) || unsupported === null) return failure
  const { code, message, body } = failure
  const own = ownParameters(adapter.surface, model, json)
  const ofOperator = { ...parametersIn(adapter.surface, own, {}), model: model.upstreamModel }
  if (saidAt(ofOperator, unsupported.path) !== null)
    return failureOfSetup(`the upstream answered ${failure.status}`, message)
  if (saidAt(json, unsupported.path) === null) return failure
  house.unsupported.add(model, unsupported, json)
  return new UpstreamFailure('model', code, failure.status, message, { body })
}
