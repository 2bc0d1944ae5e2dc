import { type DefinedEvent, defineNotice } from './definition.js'
import { boolean, finite, text } from './fields.js'

/** A model does not answer any more, or answers again. It follows from the event before it and changes nothing itself. */
export const availability = defineNotice('availability', {
  model: text(),
  isAvailable: boolean(),
  /** Share of its recent calls that failed. */
  failureShare: finite(),
})
export type AvailabilityEvent = DefinedEvent<typeof availability>

declare module './event-map.js' {
  interface NoticeMap {
    availability: AvailabilityEvent
  }
}

export const AVAILABILITY_EVENTS = [availability] as const
