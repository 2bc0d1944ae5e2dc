import type { RoutingState } from '../state/routing-state.js'

/** Whether the models of a state have the same slots in another: events name contenders by slot. */
export function haveSameSlots(confirmed: RoutingState, live: RoutingState): boolean {
  for (const { id, slot } of confirmed.registry.models) if (live.registry.get(id)?.slot !== slot) return false
  return true
}
