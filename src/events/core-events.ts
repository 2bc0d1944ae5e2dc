import { AVAILABILITY_EVENTS } from './availability.js'
import { BUDGET_EVENTS } from './budget.js'
import { FEEDBACK_EVENTS } from './feedback.js'
import { MODEL_EVENTS } from './models.js'
import { ROUTED_EVENTS } from './routed.js'

/** The events that every router knows, whatever its policy; policies define more in their folders. */
export const CORE_EVENTS = [
  ...ROUTED_EVENTS,
  ...FEEDBACK_EVENTS,
  ...MODEL_EVENTS,
  ...BUDGET_EVENTS,
  ...AVAILABILITY_EVENTS,
] as const

/** What becomes of requests. All other events change what decisions are made on: which of two came first matters then. */
export const REQUEST_EVENT_TYPES: ReadonlySet<string> = new Set(
  [...ROUTED_EVENTS, ...FEEDBACK_EVENTS].map(({ type }) => type),
)

export type CoreDefinition = (typeof CORE_EVENTS)[number]
