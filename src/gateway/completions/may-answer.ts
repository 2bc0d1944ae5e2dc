import type { RouteOptions } from '../../index.js'
import type { ModelConfig } from '../config/config.js'
import type { Surface } from '../logs/request-record.js'
import type { House } from './house.js'
import type { Order } from './order.js'
import { routeOptions } from './route-options.js'

/** Models that have not been tried, and whose providers have this surface and take what is said. */
export function mayAnswer(
  { refusals, unsupported }: House,
  surface: Surface,
  order: Order,
  tried: readonly string[],
): readonly ModelConfig[] {
  const { models, body } = order
  const shut = [...refusals.shut(models, surface), ...unsupported.unable(models, body.json)]
  if (tried.length === 0 && shut.length === 0) return models
  return models.filter(({ id }) => !tried.includes(id) && !shut.includes(id))
}

/** What the router is asked. Where all have been refused, they are asked all the same: the client hears what they say. */
export function optionsAmong(
  house: House,
  surface: Surface,
  order: Order,
  tried: readonly string[],
): RouteOptions {
  const able = mayAnswer(house, surface, order, tried)
  return routeOptions(order, able.length > 0 ? able : order.models)
}
