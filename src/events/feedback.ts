import { LOG_RATIO_MAX, LOG_RATIO_MIN } from '../models/cost-estimate.js'
import { TOKEN_KINDS } from '../models/token-kinds.js'
import { USAGE_FLAGS } from '../models/usage/usage.js'
import { added, column, type DefinedEvent, defineEvent } from './definition.js'
import { amount, finite, inRange, nullable, requestId, someOf, text } from './fields.js'
import { tokenCounts } from './token-counts.js'

/** ln of any latency in milliseconds is within this. */
const LOG_LATENCY_MAX = 100

/** The fold counts those without a price; dollars are in the event. */
const billedTokens = added(tokenCounts(TOKEN_KINDS.kinds.map(({ name }) => name)), null)
const usageFlags = added(someOf(USAGE_FLAGS), null)

/** The realised cost of a request is known. */
export const settled = defineEvent('settled', 2, {
  id: requestId(),
  model: column('model', text()),
  costUsd: column('usd', amount()),
  latencyMs: column('latencyMs', nullable(amount())),
  /** ln(costUsd / listCostUsd) within [-5, 4], what the cost head learns; 0 where the list price is 0. */
  logCostRatio: inRange(LOG_RATIO_MIN, LOG_RATIO_MAX),
  /** ln(latencyMs), what the latency head learns, or null. */
  logLatency: nullable(inRange(-LOG_LATENCY_MAX, LOG_LATENCY_MAX)),
  /** What was billed, by kind; null where only a cost was given. */
  tokens: billedTokens,
  /** What was found wrong with the provider's usage; null for nothing. */
  usageFlags,
})
export type SettledEvent = DefinedEvent<typeof settled>

/** The quality of a request's answer is known. */
export const rewarded = defineEvent('rewarded', 3, {
  id: requestId(),
  model: column('model', text()),
  reward: column('reward', finite()),
})
export type RewardedEvent = DefinedEvent<typeof rewarded>

/** The upstream call failed: the reservation is released, `costUsd` is what it cost all the same. */
export const failed = defineEvent('failed', 4, {
  id: requestId(),
  model: column('model', text()),
  costUsd: column('usd', amount()),
  /** What was billed all the same, by kind; null where nobody knows. */
  tokens: billedTokens,
  usageFlags,
})
export type FailedEvent = DefinedEvent<typeof failed>

/** A request waited too long for its settlement (or was pushed out): its reservation becomes spend. */
export const expired = defineEvent('expired', 5, {
  id: requestId(),
  model: column('model', text()),
})
export type ExpiredEvent = DefinedEvent<typeof expired>

declare module './event-map.js' {
  interface EventMap {
    settled: SettledEvent
    rewarded: RewardedEvent
    failed: FailedEvent
    expired: ExpiredEvent
  }
}

export const FEEDBACK_EVENTS = [settled, rewarded, failed, expired] as const
