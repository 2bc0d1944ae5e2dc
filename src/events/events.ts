/** The types of all events, by name. Those of a policy are in its folder. */
export type { AvailabilityEvent } from './availability.js'
export type { BudgetSetEvent } from './budget.js'
export type { EventBase } from './definition.js'
export type { EventMap, EventOf, LoggedEvent, NoticeMap, RouterEvent, RouterEventType } from './event-map.js'
export type {
  BilledEvent,
  CancelledEvent,
  ExpiredEvent,
  FailedEvent,
  ImplausibleBillEvent,
  RewardedEvent,
  SettledEvent,
} from './feedback.js'
export type {
  DrainedEvent,
  ModelAddedEvent,
  ModelDisabledEvent,
  ModelEnabledEvent,
  ModelRemovedEvent,
  ModelRepricedEvent,
} from './models.js'
export type { RoutedEvent } from './routed.js'
export type { TokenCounts } from './token-counts.js'
