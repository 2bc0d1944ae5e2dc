import type { ClientKey } from '../keys/keyring.js'
import type { ProtocolAdapter } from '../protocols/adapter.js'
import { ANTHROPIC_MESSAGES } from '../protocols/anthropic-messages.js'
import { OPENAI_CHAT } from '../protocols/openai-chat.js'
import { OPENAI_RESPONSES } from '../protocols/openai-responses.js'
import type { Exchange } from './exchange.js'
import type { House } from './house.js'
import { explanationFor } from './mask.js'
import { optionsAmong } from './may-answer.js'
import { amongModelsLeft } from './models-left.js'
import { arrivingBody, mustBeAllowed, readOrder } from './order.js'
import type { RequestBody } from './request-body.js'

/**
 * `POST /v1/route`: where a request would go: one of `/v1/messages` with an `anthropic-version`, of `/v1/responses` with an `input` and no
 * `messages`, of `/v1/chat/completions` else.
 * Nothing is called, reserved, paid in or learned: there is no decision that feedback could name.
 */
export async function routeOnly(house: House, key: ClientKey, exchange: Exchange): Promise<object> {
  const body = await arrivingBody(house, exchange, key)
  const adapter = adapterOf(exchange, body)
  const order = await readOrder(house, adapter, exchange, key, body)
  mustBeAllowed(order, adapter.surface)
  exchange.record.isStreamed = false
  const { router } = house.deps
  const { model, expectedCostUsd, explanation } = await amongModelsLeft(
    router,
    optionsAmong(house, adapter.surface, order, []),
    (options) => router.preview(order.prompt, options),
  )
  exchange.record.model = model
  return {
    model,
    upstream: order.models.find(({ id }) => id === model)?.upstream ?? null,
    expected_cost_usd: expectedCostUsd,
    able: order.models.map(({ id }) => id),
    explanation: explanationFor(key, order.config, explanation),
  }
}

function adapterOf({ request: { headers } }: Exchange, { json }: RequestBody): ProtocolAdapter {
  if (headers.get('anthropic-version') !== null) return ANTHROPIC_MESSAGES
  return json.input !== undefined && json.messages === undefined ? OPENAI_RESPONSES : OPENAI_CHAT
}
