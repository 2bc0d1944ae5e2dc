import type { ClientKey } from '../keys/keyring.js'
import { ANTHROPIC_MESSAGES } from '../protocols/anthropic-messages.js'
import { OPENAI_CHAT } from '../protocols/openai-chat.js'
import { reserve } from './complete.js'
import type { Exchange } from './exchange.js'
import type { House } from './house.js'
import { mustBeAllowed, readOrder } from './order.js'

/**
 * `POST /v1/route`: where a request would go: one of `/v1/messages` with an `anthropic-version`, of `/v1/chat/completions` without.
 * Nothing is called, and nothing stays reserved.
 */
export async function routeOnly(
  house: House,
  request: Request,
  key: ClientKey,
  exchange: Exchange,
): Promise<object> {
  const adapter = request.headers.has('anthropic-version') ? ANTHROPIC_MESSAGES : OPENAI_CHAT
  const order = await readOrder(house, adapter, exchange, key)
  mustBeAllowed(order, adapter.surface)
  exchange.record.isStreamed = false
  const call = await reserve(house, exchange, order, [])
  const { decision, model, upstream } = call
  const explanation = house.deps.router.explain(decision.id)
  house.ledger.cancel(call, {}, null)
  exchange.record.tries = 0
  return {
    decision_id: decision.id,
    model: model.id,
    upstream: upstream.id,
    expected_cost_usd: decision.expectedCostUsd,
    able: order.models.map(({ id }) => id),
    explanation,
  }
}
