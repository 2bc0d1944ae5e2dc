import { requestOf, responseOf } from '../doors/web-door.js'
import { type ClientKey, keyTextOf } from '../keys/keyring.js'
import type { ErrorProtocol } from '../keys/refusal.js'
import type { Surface } from '../logs/request-record.js'
import { refused } from './complete.js'
import type { Exchange } from './exchange.js'
import type { House } from './house.js'

/** A request that brings no answer of a model: authenticated and logged like any other. */
export async function withKey(
  house: House,
  surface: Surface,
  request: Request,
  answer: (key: ClientKey, exchange: Exchange) => Promise<object>,
  errors: ErrorProtocol = 'openai',
): Promise<Response> {
  const exchange = house.begin(requestOf(request), surface)
  try {
    const authentication = await house.deps.keyring.authenticate(keyTextOf(request.headers))
    if (!authentication.ok) return responseOf(exchange.refuse(authentication.refusal, errors))
    const { key } = authentication
    exchange.record.key = { id: key.id, name: key.name }
    exchange.record.tenant = key.tenant
    const body = await answer(key, exchange)
    exchange.end(200, 'answered', null)
    return Response.json(body, { headers: exchange.headers() })
  } catch (error) {
    return responseOf(refused(house, { errors }, exchange, error))
  }
}
