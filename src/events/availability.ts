import { type DefinedEvent, defineNotice } from './definition.js'
import { amount, boolean, finite, nullable, text } from './fields.js'

/** A model does not answer any more, or answers again. It follows from the event before it and changes nothing itself. */
export const availability = defineNotice('availability', {
  model: text(),
  isAvailable: boolean(),
  /** Share of its recent calls that failed. */
  failureShare: finite(),
  /** The pause that its provider asked for, ms, where that is why it is not asked; else null. */
  retryAfterMs: nullable(amount()),
})
export type AvailabilityEvent = DefinedEvent<typeof availability>

declare module './event-map.js' {
  interface NoticeMap {
    availability: AvailabilityEvent
  }
}

export const AVAILABILITY_EVENTS = [availability] as const
