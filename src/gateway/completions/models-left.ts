import { ParetoBanditError, type RouteOptions, type Router } from '../../index.js'
import { Refused } from './refused.js'

export function takenAway(): Refused {
  return new Refused(503, 'no_model_available', 'the model was taken away')
}

/**
 * Asks the router which model takes a request. Of its candidates some may have been removed since it came: the others are asked for then.
 * @throws (the promise is rejected with) Refused where none is left, and what the router throws
 */
export async function amongModelsLeft<T>(
  router: Router<string>,
  options: RouteOptions,
  ask: (options: RouteOptions) => Promise<T>,
): Promise<T> {
  try {
    return await ask(options)
  } catch (error) {
    if (!(error instanceof ParetoBanditError) || error.code !== 'UNKNOWN_MODEL') throw error
    const { candidates = [] } = options
    const known = new Set(router.stats().models.map(({ id }) => id))
    const left = candidates.filter((id) => known.has(id))
    if (left.length === candidates.length) throw error
    if (left.length === 0) throw takenAway()
    return amongModelsLeft(router, { ...options, candidates: left }, ask)
  }
}
