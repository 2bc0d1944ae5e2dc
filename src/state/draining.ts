import type { Model, Registry } from '../models/registry.js'
import type { PendingRequests } from './pending/pending.js'
import { isUnsettled } from './pending/request-state.js'

/**
 * The models that get no more requests and have none in flight. Each request is passed once: those before a model's oldest
 * in flight are not looked at again.
 */
export function drainedModels(
  { draining }: Registry,
  pending: PendingRequests,
  modelOf: (sequence: number) => Model | undefined,
): readonly Model[] {
  const drained: Model[] = []
  for (const [model, from] of draining) {
    let sequence = Math.max(from, pending.oldest)
    const isInFlight = () => isUnsettled(pending.state(sequence)) && modelOf(sequence) === model
    while (sequence < pending.next && !isInFlight()) sequence++
    draining.set(model, sequence)
    if (sequence >= pending.next) drained.push(model)
  }
  return drained
}
