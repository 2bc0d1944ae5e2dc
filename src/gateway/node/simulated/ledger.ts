import type { Plan, UpstreamRequest } from './plan.js'
import type { ServiceTier } from './prices.js'
import type { TokenUse } from './tokens.js'

/**
 * How a request ended: with a whole answer; with a failure that was meant, before or after its first byte; by a caller that
 * went away; or refused, because the request itself was wrong.
 */
export type Ended = 'answered' | 'failed' | 'left' | 'refused'

/** What the upstream has to say of one request. It goes on changing until `ended` is told. */
export interface Entry {
  readonly request: UpstreamRequest
  /** The body as it came. */
  readonly text: string
  readonly plan: Plan
  /** Null: no headers were sent. */
  readonly status: number | null
  /** All that was generated, whether or not anybody read it. */
  readonly tokens: TokenUse
  readonly serviceTier: ServiceTier
  readonly costUsd: number
  /** Whether it was sent a usage from which the cost follows. */
  readonly isUsageSent: boolean
  readonly piecesSent: number
  readonly bytesSent: number
  /** Whether it waits because the caller does not read. */
  readonly isBlocked: boolean
  /** Whether it stalls as its plan says. */
  readonly isStalled: boolean
  /** Null: it is under way. */
  readonly ended: Ended | null
}

export type WritableEntry = { -readonly [Name in keyof Entry]: Entry[Name] }
