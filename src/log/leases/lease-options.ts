import type { AccountLimits } from '../../policy/dollar/accounts/account-limits.js'
import type { LeaseBroker } from '../store.js'
import type { LogNotes } from './left-requests.js'
import type { Flight, Known } from './others-in-flight.js'

/** What the log has booked for a request. */
export interface Booked {
  readonly at: number
  readonly usd: number
  /** It was told as a failure: it paid nothing in. */
  readonly hasFailed: boolean
}

/** What the leases of a process work with. */
export interface LeaseOptions {
  readonly broker: LeaseBroker
  /** Texts beside the log; null for a store without them. */
  readonly notes: LogNotes | null
  readonly now: () => number
  /** The limits of the router's account (null) or a tenant's; undefined if it has no limits. */
  readonly limitsOf: (tenant: string | null) => AccountLimits | undefined
  /** The same as the log has it up to the event that was read last. */
  readonly confirmedLimitsOf: (tenant: string | null) => AccountLimits | undefined
  readonly tenants: () => Iterable<string>
  /** The requests that are in flight by the router's state, whoever routed them. */
  readonly inFlight: () => Iterable<Flight>
  /** Those whose cost is known by it, as far as it remembers them. */
  readonly known: () => Iterable<Known>
  /** What the log has booked for a request, up to the event that was read last; null while it is in flight, undefined where that is not known. */
  readonly bookedOf: (id: string) => Booked | null | undefined
  /** Requests' worth of a ceiling that may be saved up; null where budgets are not strict. */
  readonly burst: number | null
  readonly localShare: number
  /** Own requests that are kept in mind until they settle. */
  readonly capacity: number
  readonly onError: (error: unknown) => void
}
