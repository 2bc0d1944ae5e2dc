import { ParetoBanditError } from '../base/errors.js'
import { decodeEvent } from '../events/codec.js'
import type { EventTable } from '../events/event-table.js'
import type { BilledEvent, LoggedEvent, RouterEvent } from '../events/events.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { Policy } from '../policy/policy.js'
import { checkEvent } from '../state/check-event.js'
import type { RoutingState } from '../state/routing-state.js'
import { billAtPlace } from './bill-at-place.js'

/** These say something of this process or release, not of the event: others would fold it. */
const OWN_FAILURES = new Set(['LOG_VERSION', 'OUT_OF_MEMORY'])

/** What became of an event of the log at its place. */
export type Outcome =
  | { readonly kind: 'applied'; readonly event: RouterEvent }
  /** It no longer follows from what came before, and was booked as a bill that comes late. */
  | { readonly kind: 'billed'; readonly event: BilledEvent }
  /** It stands in the log a second time. */
  | { readonly kind: 'known' }
  /** It does not follow from what came before, the same for all who fold the log. `event` is null if it cannot be read. */
  | { readonly kind: 'refused'; readonly event: LoggedEvent | null; readonly error: ParetoBanditError }

/** The fold of a log: each event is decided at its place, and applied at most once. */
export class LogFold {
  readonly state: RoutingState
  readonly policy: Policy
  readonly options: ResolvedOptions
  readonly events: EventTable

  constructor(state: RoutingState, policy: Policy, options: ResolvedOptions, events: EventTable) {
    this.state = state
    this.policy = policy
    this.options = options
    this.events = events
  }

  /** @throws LOG_VERSION for an event of a future release, OUT_OF_MEMORY: nothing after it can be folded here */
  fold(origin: string, number: number, bytes: Uint8Array): Outcome {
    const known = this.state.ids.origins.register(origin)
    if (number <= known.lastEvent) return { kind: 'known' }
    let decoded: LoggedEvent | null = null
    let outcome: Outcome
    try {
      decoded = decodeEvent(bytes, this.events)
      const event = checkEvent(this.state, this.policy, this.options, decoded)
      this.state.apply(event)
      outcome = { kind: 'applied', event }
    } catch (error) {
      if (!(error instanceof ParetoBanditError) || OWN_FAILURES.has(error.code)) throw error
      outcome = this.foldBill(decoded) ?? { kind: 'refused', event: decoded, error }
    }
    known.lastEvent = number
    return outcome
  }

  private foldBill(decoded: LoggedEvent | null): Outcome | null {
    const { state, options } = this
    const at = decoded?.at ?? 0
    const event = billAtPlace({ state, at, limits: options, idField: 'event.id', field: 'event' }, decoded)
    if (event === null) return null
    state.apply(event)
    return { kind: 'billed', event }
  }
}
