import { LOG_RATIO_MAX, LOG_RATIO_MIN } from '../models/cost-estimate.js'
import { TOKEN_KINDS } from '../models/token-kinds.js'
import { USAGE_FLAGS } from '../models/usage/flags.js'
import { added, column, type DefinedEvent, defineEvent, defineNotice } from './definition.js'
import { amount, finite, inRange, nullable, requestId, someOf, text } from './fields.js'
import { tokenCounts } from './token-counts.js'

/** ln of any latency in milliseconds is within this. */
export const LOG_LATENCY_MAX = 100

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
  /** How long it took to fail. */
  latencyMs: added(nullable(amount()), null),
  /** How long the provider asks to be left alone. */
  retryAfterMs: added(nullable(amount()), null),
})
export type FailedEvent = DefinedEvent<typeof failed>

/** A request waited too long for its settlement (or was pushed out): its reservation becomes spend. */
export const expired = defineEvent('expired', 5, {
  id: requestId(),
  model: column('model', text()),
})
export type ExpiredEvent = DefinedEvent<typeof expired>

/** The caller broke off: the reservation is released, `costUsd` is what it cost until then. Nobody's failure. */
export const cancelled = defineEvent('cancelled', 20, {
  id: requestId(),
  model: column('model', text()),
  costUsd: column('usd', amount()),
  latencyMs: column('latencyMs', nullable(amount())),
  tokens: billedTokens,
  usageFlags,
})
export type CancelledEvent = DefinedEvent<typeof cancelled>

/**
 * The bill of a request that takes no settlement any more, or another than before: it has failed, its model is gone,
 * newer requests pushed it out, or what was settled was wrong.
 */
export const billed = defineEvent('billed', 19, {
  id: requestId(),
  /** Null where the model is no longer registered. */
  model: column('model', nullable(text())),
  /** All that the request cost: what has been booked for it so far gives way to this. */
  costUsd: column('usd', amount()),
  latencyMs: column('latencyMs', nullable(amount())),
  /** What the cost head is to learn above what it was taught of this request, ln; 0 where it was taught nothing. */
  logCostRatioChange: inRange(LOG_RATIO_MIN - LOG_RATIO_MAX, LOG_RATIO_MAX - LOG_RATIO_MIN),
  tokens: billedTokens,
  usageFlags,
})
export type BilledEvent = DefinedEvent<typeof billed>

/** A bill is so far beyond its request's list cost that it is likely a mistake: `correct` it. Changes nothing itself. */
export const implausibleBill = defineNotice('implausible-bill', {
  id: requestId(),
  model: text(),
  costUsd: amount(),
  listCostUsd: amount(),
})
export type ImplausibleBillEvent = DefinedEvent<typeof implausibleBill>

declare module './event-map.js' {
  interface EventMap {
    settled: SettledEvent
    rewarded: RewardedEvent
    failed: FailedEvent
    expired: ExpiredEvent
    cancelled: CancelledEvent
    billed: BilledEvent
  }
  interface NoticeMap {
    'implausible-bill': ImplausibleBillEvent
  }
}

export const FEEDBACK_EVENTS = [
  settled,
  rewarded,
  failed,
  expired,
  billed,
  cancelled,
  implausibleBill,
] as const
