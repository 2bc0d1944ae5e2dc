import type { Json } from '../../base/json.js'
import type { Surface } from '../logs/request-record.js'
import { dearerIn } from '../protocols/dearer.js'
import type { Order } from './order.js'

/** What a provider keeps of a request, or goes on with once its client is gone. */
const KEEPING = ['background', 'conversation', 'previous_response_id', 'store'] as const

/**
 * Whether a model may get the same request twice, where nobody knows if it has done it once: then no more than tokens is paid twice. Not one that a provider
 * keeps, or for which it does what has a price of its own.
 * @param own what the model's own parameters say in it
 */
export function maySendAgain(
  surface: Surface,
  { asked, body }: Pick<Order, 'asked' | 'body'>,
  own: Json,
): boolean {
  const isKept = KEEPING.some((name) => {
    const said = (Object.hasOwn(own, name) ? own : body.json)[name] ?? isKeptUnasked(surface, name)
    return said !== false
  })
  return !isKept && asked.dearer.length === 0 && dearerIn(own).length === 0
}

/** A response is kept unless `store` says otherwise. */
function isKeptUnasked(surface: Surface, name: (typeof KEEPING)[number]): boolean {
  return surface === 'responses' && name === 'store'
}
