import { LatestMap } from '../../base/latest-map.js'
import type { RouterEvent } from '../../index.js'
import type { DecisionOutcome, DecisionRow } from './shape.js'

/** Decisions that are kept, and shown. */
export const LATEST_MAX = 1000

type Routed = Extract<RouterEvent, { type: 'routed' }>

/** Of the event of a decision what is shown. */
export type ShownEvent = Pick<
  Routed,
  'id' | 'at' | 'model' | 'tenant' | 'predictedUsd' | 'forced' | 'canary' | 'infeasible'
>

/** Without the rest, its context above all: what outlives a request costs whoever collects garbage. */
export function shownOf({
  id,
  at,
  model,
  tenant,
  predictedUsd,
  forced,
  canary,
  infeasible,
}: Routed): ShownEvent {
  return { id, at, model, tenant, predictedUsd, forced, canary, infeasible }
}

/** A decision with its feedback so far. */
export interface KeptDecision {
  readonly event: ShownEvent
  costUsd: number | null
  latencyMs: number | null
  reward: number | null
  outcome: DecisionOutcome
  readonly shadowPrice: number | null
  /** Number of the latest change of it. */
  changed: number
}

/** The latest decisions in full. */
export class Latest {
  private readonly decisions = new LatestMap<string, KeptDecision>(LATEST_MAX)

  routed(event: ShownEvent, shadowPrice: number | null, change: number): void {
    this.decisions.set(event.id, {
      event,
      costUsd: null,
      latencyMs: null,
      reward: null,
      outcome: 'waiting',
      shadowPrice,
      changed: change,
    })
  }

  /** Null: it is older than all that is kept. */
  decision(id: string): KeptDecision | null {
    return this.decisions.get(id) ?? null
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
