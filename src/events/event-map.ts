/**
 * Events of the log by type. Whoever defines one adds it here by declaration merging, next to its definition: the core in
 * this folder, a policy in its own.
 */
export interface EventMap extends Record<never, never> {}

/** Notices by type: told to subscribers, never logged. Likewise. */
export interface NoticeMap extends Record<never, never> {}

export type LoggedEvent = EventMap[keyof EventMap]
export type RouterEvent = LoggedEvent | NoticeMap[keyof NoticeMap]
export type RouterEventType = RouterEvent['type']
export type EventOf<T extends RouterEventType> = Extract<RouterEvent, { type: T }>
