import { CORE_EVENTS } from '../events/core-events.js'
import type { RouterEventType } from '../events/event-map.js'

/** Types that only a policy defines, by name: a misspelt subscription is told without loading the policy. */
const POLICY_EVENT_TYPES = [
  'caps-set',
  'period-started',
  'refused',
  'tenant-added',
  'tenant-removed',
  'latency-set',
  'quality-set',
  'drift',
] as const satisfies readonly RouterEventType[]

/** All that can be subscribed to by name. */
export const EVENT_TYPES: readonly RouterEventType[] = [
  ...CORE_EVENTS.map(({ type }) => type),
  ...POLICY_EVENT_TYPES,
]
