import { LatestMap } from '../../base/latest-map.js'
import type { RouterEvent } from '../../index.js'
import type { DecisionOutcome, DecisionRow } from './shape.js'

/** Decisions that are kept, and shown. */
export const LATEST_MAX = 1000
/** Requests whose bills are waited for: later ones are booked as they come. */
const OPEN_MAX = 65_536

type Routed = Extract<RouterEvent, { type: 'routed' }>

/** A decision with its feedback so far. */
export interface KeptDecision {
  readonly event: Routed
  costUsd: number | null
  latencyMs: number | null
  reward: number | null
  outcome: DecisionOutcome
  readonly shadowPrice: number | null
  /** Number of the latest change of it. */
  changed: number
}

/** What is booked of a request. */
export interface Booking {
  readonly reservedUsd: number
  readonly ceilingUsd: number
  bookedUsd: number
}

/** The latest decisions in full, and the bookings of many more. */
export class Latest {
  private readonly decisions = new LatestMap<string, KeptDecision>(LATEST_MAX)
  private readonly bookings = new LatestMap<string, Booking>(OPEN_MAX)

  routed(event: Routed, ceilingUsd: number, shadowPrice: number | null, change: number): void {
    this.decisions.set(event.id, {
      event,
      costUsd: null,
      latencyMs: null,
      reward: null,
      outcome: 'waiting',
      shadowPrice,
      changed: change,
    })
    this.bookings.set(event.id, { reservedUsd: event.reservedUsd, ceilingUsd, bookedUsd: 0 })
  }

  /** Null: it is older than all that is kept. */
  decision(id: string): KeptDecision | null {
    return this.decisions.get(id) ?? null
  }

  booking(id: string): Booking | null {
    return this.bookings.get(id) ?? null
  }

  /** Newest first. */
  all(): KeptDecision[] {
    return [...this.decisions.values()].reverse()
  }
}

export function rowOf({
  event,
  costUsd,
  latencyMs,
  reward,
  outcome,
  shadowPrice,
}: KeptDecision): DecisionRow {
  const { id, at, model, tenant, predictedUsd, forced, canary, infeasible } = event
  return {
    id,
    at,
    model,
    tenant,
    predictedUsd,
    costUsd,
    latencyMs,
    reward,
    outcome,
    shadowPrice,
    forced,
    canary,
    infeasible: [...infeasible],
  }
}
