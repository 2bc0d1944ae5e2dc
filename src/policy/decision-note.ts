import type { Model } from '../models/registry.js'
import type { RouteOptions } from './route-options.js'

const NOTES_CAPACITY = 1024
export const NO_TRIES: readonly Model[] = Object.freeze([])

/** What a decision stood on besides the statistics: enough to explain it later. */
export interface DecisionNote {
  sequence: number
  /** Request count before the decision. */
  now: number
  options: RouteOptions | null
  chosen: Model | null
  /** Requests since the chosen arm was last seen, before this one. */
  chosenIdleAge: number
  penaltyWeight: number
  shadowPrice: number
  /** Reward for a limit's worth of latency; use of a model whose latency is not known, or -1 without an objective. */
  latencyPrice: number
  neutralUse: number
  priceCeiling: number
  /** When the decision was made, ms. */
  at: number
  /** Input tokens as estimated from the text, or null. */
  inputTokens: number | null
  /** What the request may draw from the accounts, USD; Infinity where nothing limits it. */
  limitUsd: number
  /** The largest ceiling of the accounts; what caps and leases leave. */
  ceilingMaxUsd: number
  /** The most that any but the cheapest may draw. */
  sparedUsd: number
  hardUsd: number
  forced: boolean
  /** The request tried a model that nobody had chosen for long. */
  canary: boolean
  propensity: number | null
  cheapestFallback: boolean
  /** A model of a higher score gave way to a cheaper one that is as good. */
  gaveWay: boolean
  /** Models that were let in to be tried, beyond the request's limits. */
  tried: readonly Model[]
  /** What the chosen one was tried for, if it was; and what it is expected to cost. */
  triesCost: boolean
  triesLatency: boolean
  triedUsd: number
  /** The limits that the try is to be within. */
  triedLimitUsd: number
  triedLimitMs: number
  /** Events applied when the decision was complete, 0 before: statistics are unchanged while the state has no more. */
  events: number
}

/** Notes of the latest 1,024 decisions, in a ring of reused records. */
export class DecisionNotes {
  private readonly ring: DecisionNote[] = []

  /** The record to fill in for a request. */
  take(sequence: number): DecisionNote {
    const index = sequence % NOTES_CAPACITY
    let note = this.ring[index]
    if (note === undefined) {
      note = blankNote()
      this.ring[index] = note
    }
    note.sequence = sequence
    note.events = 0
    note.tried = NO_TRIES
    note.triesCost = note.triesLatency = note.gaveWay = false
    return note
  }

  /** @param events applied by now, that of the decision included */
  complete(sequence: number, events: number): void {
    const note = this.ring[sequence % NOTES_CAPACITY]
    if (note?.sequence === sequence) note.events = events
  }

  get(sequence: number): DecisionNote | undefined {
    const note = this.ring[sequence % NOTES_CAPACITY]
    return note?.sequence === sequence && note.events > 0 ? note : undefined
  }

  clear(): void {
    this.ring.length = 0
  }
}

export function blankNote(): DecisionNote {
  return {
    sequence: 0,
    now: 0,
    options: null,
    chosen: null,
    chosenIdleAge: 0,
    penaltyWeight: 0,
    shadowPrice: 0,
    latencyPrice: 0,
    neutralUse: -1,
    priceCeiling: Number.POSITIVE_INFINITY,
    at: 0,
    inputTokens: null,
    limitUsd: Number.POSITIVE_INFINITY,
    ceilingMaxUsd: 0,
    sparedUsd: Number.POSITIVE_INFINITY,
    hardUsd: Number.POSITIVE_INFINITY,
    forced: false,
    canary: false,
    propensity: null,
    cheapestFallback: false,
    gaveWay: false,
    tried: NO_TRIES,
    triesCost: false,
    triesLatency: false,
    triedUsd: 0,
    triedLimitUsd: 0,
    triedLimitMs: 0,
    events: 0,
  }
}
