import {
  AMOUNT_MAX,
  checkFinite,
  checkInRange,
  checkKeys,
  checkPositive,
  checkRecord,
} from '../../base/check.js'
import { expected } from '../../base/errors.js'
import { type BudgetSetEvent, checkCeiling } from '../../events/budget.js'
import { added, column, type DefinedEvent, defineEvent, defineNotice } from '../../events/definition.js'
import {
  boolean,
  finite,
  inRange,
  integer,
  nullable,
  number,
  numbers,
  oneOf,
  record,
  text,
} from '../../events/fields.js'
import { STANDING_KINDS } from '../standing.js'
import {
  CAP_LENGTHS,
  CAP_PACINGS,
  CAP_WINDOWS,
  CAPS_MAX,
  checkCaps,
  checkPeriods,
  PERIOD_KEYS,
} from './accounts/cap-period.js'
import { ESTIMATORS } from './estimate/estimators.js'
import { checkPercentile, type LatencyLimit } from './latency/latency-limit.js'

const FIRST_CAP_KEYS = ['usd', 'per', 'window', 'timeZone'] as const
const CAP_KEYS = [...FIRST_CAP_KEYS, 'pacing'] as const
const CAP_WORDS = {
  per: { first: ['hour', 'day', 'month'], known: CAP_LENGTHS },
  window: { first: ['calendar', 'rolling'], known: CAP_WINDOWS },
  pacing: { first: ['forecast', 'even'], known: CAP_PACINGS },
}
/** No second has more. */
const REFUSED_REQUESTS_MAX = 2 ** 31 - 1
const DRAWN_MAX = 1e15
const LIMIT_KEYS = ['ms', 'percentile'] as const

const PERIODS = record(checkPeriods, {
  first: PERIOD_KEYS,
  known: PERIOD_KEYS,
  within: { per: { first: CAP_LENGTHS, known: CAP_LENGTHS } },
})

/** All caps of the router or of a tenant from now on. */
const capsSet = defineEvent('caps-set', 12, {
  tenant: column('tenant', nullable(text())),
  caps: record(checkCaps, { first: FIRST_CAP_KEYS, known: CAP_KEYS, within: CAP_WORDS }),
  /** Whether those that are left out go on counting, for when they are put back. Events of release 0.1.0 do not say so. */
  countsOn: added(boolean(), false),
  /**
   * The calendar periods now of these caps, and of those before. With them caps of another kind take in what was counted in their
   * window, and those that are left out count what is routed in the same period. Null: an event from before 0.2, without either.
   */
  periods: added(nullable(PERIODS), null),
})
export type CapsSetEvent = DefinedEvent<typeof capsSet>

/** A new calendar period of a cap has begun: [startsAt, endsAt), as the cap's time zone had it. */
const periodStarted = defineEvent('period-started', 13, {
  tenant: column('tenant', nullable(text())),
  /** Which of the caps, from 0. */
  cap: integer(0, CAPS_MAX - 1),
  startsAt: finite(),
  endsAt: number(checkEnd),
})
export type PeriodStartedEvent = DefinedEvent<typeof periodStarted>

/** Requests were refused because an account could not pay for any model. They count as such: their B is paid in. */
export const refused = defineEvent('refused', 14, {
  /** Whose account was short; null for the router's. */
  tenant: column('tenant', nullable(text())),
  /** How many, one after the other. Events of release 0.1.0 are one each. */
  requests: added(integer(1, REFUSED_REQUESTS_MAX), 1),
})
export type RefusedEvent = DefinedEvent<typeof refused>

/**
 * Requests that a cap refused, one or many: written at most once a second for each tenant, so that clients that ask again and
 * again do not fill the log. The forecast of the caps counts them, no faster than routed requests came.
 */
export const capped = defineEvent('capped', 23, {
  /** Whose requests they were; null: of no tenant. */
  tenant: column('tenant', nullable(text())),
  /** Whether the tenant's own cap refused them, not the router's. */
  byTenant: boolean(),
  /** How many. */
  requests: integer(1, REFUSED_REQUESTS_MAX),
  /** When the latest of them came, milliseconds since 1970 UTC. */
  lastAt: finite(),
})
export type CappedEvent = DefinedEvent<typeof capped>

export const tenantAdded = defineEvent('tenant-added', 15, {
  tenant: column('tenant', text()),
  usdPerRequest: column('usd', nullable(number(checkCeiling))),
})
export type TenantAddedEvent = DefinedEvent<typeof tenantAdded>

const tenantRemoved = defineEvent('tenant-removed', 16, {
  tenant: column('tenant', text()),
  /** Whether its caps count its late bills, and all that it spends once it is back. Events of release 0.1.0 do not say so. */
  countsOn: added(boolean(), false),
  /** As of caps that are set: of its caps. */
  periods: added(nullable(PERIODS), null),
})
export type TenantRemovedEvent = DefinedEvent<typeof tenantRemoved>

/** An operator's credit to an account, or a debit where it is negative, USD. */
export const accountAdjusted = defineEvent('account-adjusted', 21, {
  tenant: column('tenant', nullable(text())),
  usd: column('usd', inRange(-AMOUNT_MAX, AMOUNT_MAX)),
})
export type AccountAdjustedEvent = DefinedEvent<typeof accountAdjusted>

/** A new latency objective, or none. */
const latencySet = defineEvent('latency-set', 17, {
  limit: nullable(record(checkLimit, { first: LIMIT_KEYS, known: LIMIT_KEYS })),
})
export type LatencySetEvent = DefinedEvent<typeof latencySet>

/** A new floor of the mean reward, or none. */
const qualitySet = defineEvent('quality-set', 18, { meanReward: nullable(finite()) })
export type QualitySetEvent = DefinedEvent<typeof qualitySet>

/**
 * A model of a log from before shrinkage was learned takes that up. Of one that learns it already it changes nothing.
 */
const estimatorSet = defineEvent('estimator-set', 22, {
  model: column('model', text()),
  estimator: oneOf(ESTIMATORS),
  /**
   * What drew its features when it began, in parts of the range of rewards: of each the ridge besides lambda0, then the weights
   * that they were drawn to.
   */
  began: numbers(checkDrawn),
})
export type EstimatorSetEvent = DefinedEvent<typeof estimatorSet>

/**
 * A model is no longer what it was: its rewards, costs or latencies have strayed from the predictions for too long. It follows
 * from the event before it and changes nothing itself; the model's evidence has been cut down already.
 */
export const drift = defineNotice('drift', {
  model: text(),
  signal: oneOf(['reward', 'cost', 'latency']),
  direction: oneOf(['up', 'down']),
})
export type DriftEvent = DefinedEvent<typeof drift>

/**
 * A model may be worth its price, and no account can ever pay for one request on it; or that has ended. `stats` says what would
 * change it. Told by each process whose listeners it has, within 256 requests.
 */
export const reach = defineNotice('reach', {
  model: text(),
  isReachable: boolean(),
  /** How it stands now: within reach, it may be unaffordable for the moment, or not worth its price. */
  standing: oneOf(STANDING_KINDS),
  /** What one request costs at least, and the most that one may draw, USD: ever, or now of what is unaffordable. Null where it does not matter. */
  costUsd: nullable(finite()),
  mostUsd: nullable(finite()),
})
export type ReachEvent = DefinedEvent<typeof reach>

/** What policy `dollar` knows besides the events of every policy. */
export const DOLLAR_EVENTS = [
  capsSet,
  periodStarted,
  refused,
  capped,
  tenantAdded,
  tenantRemoved,
  latencySet,
  qualitySet,
  accountAdjusted,
  estimatorSet,
  drift,
  reach,
] as const

declare module '../../events/event-map.js' {
  interface EventMap {
    'caps-set': CapsSetEvent
    'period-started': PeriodStartedEvent
    refused: RefusedEvent
    capped: CappedEvent
    'tenant-added': TenantAddedEvent
    'tenant-removed': TenantRemovedEvent
    'latency-set': LatencySetEvent
    'quality-set': QualitySetEvent
    'account-adjusted': AccountAdjustedEvent
    'estimator-set': EstimatorSetEvent
  }
  interface NoticeMap {
    drift: DriftEvent
    reach: ReachEvent
  }
}

/** What changes accounts besides requests and their feedback. */
export type AccountEvent =
  | BudgetSetEvent
  | CapsSetEvent
  | PeriodStartedEvent
  | RefusedEvent
  | CappedEvent
  | TenantAddedEvent
  | TenantRemovedEvent
  | AccountAdjustedEvent

/** What an operator asks for besides a price. */
export type ObjectiveEvent = LatencySetEvent | QualitySetEvent

/** Its length is compared with the dimension by `checkDollarEvent`. */
function checkDrawn(values: Float64Array, path: string): void {
  values.forEach((value, i) => {
    checkInRange(value, 2 * i < values.length ? 0 : -DRAWN_MAX, DRAWN_MAX, `${path}[${i}]`)
  })
}

function checkEnd(value: unknown, path: string, { startsAt }: Readonly<Record<string, unknown>>): number {
  const endsAt = checkFinite(value, path)
  if (endsAt <= (startsAt as number))
    throw expected('INVALID_ARGUMENT', path, 'a time after event.startsAt', endsAt)
  return endsAt
}

function checkLimit(value: unknown, path: string): LatencyLimit {
  const limit = checkRecord(value, path)
  checkKeys(limit, LIMIT_KEYS, path)
  const { ms, percentile } = limit
  return {
    ms: checkPositive(ms, `${path}.ms`),
    percentile: percentile === null ? null : checkPercentile(percentile, `${path}.percentile`),
  }
}
