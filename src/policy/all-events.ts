import { CORE_EVENTS } from '../events/core-events.js'
import { eventTable } from '../events/event-table.js'
import { DOLLAR_EVENTS } from './dollar/events.js'

/** The events of every policy: what stores and the command line read, whoever wrote a log. */
export const ALL_EVENTS = [...CORE_EVENTS, ...DOLLAR_EVENTS] as const

export const ALL_EVENT_TABLE = eventTable(ALL_EVENTS)
