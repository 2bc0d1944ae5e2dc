import type { RouterEvent } from '../events/events.js'
import type { Kernel } from '../kernel/kernel.js'
import type { ResolvedOptions, RouterOptions } from '../policy/options.js'
import type { Policy } from '../policy/policy.js'
import type { RouterParts } from '../router/parts.js'

/** A router that has been made from its options, and what made it. */
export interface Made {
  readonly parts: RouterParts
  readonly options: ResolvedOptions
  /** As they were given: what is left out says nothing to a log that is there. */
  readonly given: RouterOptions
  readonly policy: Policy
  /** The events that brought it from nothing to what its options say. */
  readonly seed: readonly RouterEvent[]
  readonly makeKernel: () => Promise<Kernel>
}
