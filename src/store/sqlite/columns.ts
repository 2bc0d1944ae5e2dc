import { isRecord } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import { decodeEvent } from '../../events/codec.js'
import type { Column, EventDefinition } from '../../events/definition.js'
import type { LoggedEvent } from '../../events/events.js'
import { ALL_EVENT_TABLE, ALL_EVENTS } from '../../policy/all-events.js'

type Shown = string | number | null

/** What people see of an event in its row. */
type EventColumns = Readonly<Record<Column, Shown>>

interface ShownField {
  readonly name: string
  readonly column: Column
}

const NONE: EventColumns = {
  request: null,
  model: null,
  tenant: null,
  usd: null,
  reward: null,
  latencyMs: null,
}

const shownFields = shownFieldsOf(ALL_EVENTS)

/** Without their lists of numbers, which no column shows. @throws LOG_CORRUPT, LOG_VERSION for bytes that are no event */
export function decodeAll(events: readonly Uint8Array[]): LoggedEvent[] {
  return events.map((bytes) => decodeEvent(bytes, ALL_EVENT_TABLE, false))
}

/** @returns null for bytes that are no event, or none that this release knows */
export function decodeIfWhole(bytes: Uint8Array): LoggedEvent | null {
  try {
    return decodeEvent(bytes, ALL_EVENT_TABLE)
  } catch (error) {
    if (error instanceof ParetoBanditError) return null
    throw error
  }
}

/** By type, the fields that people see. */
export function shownFieldsOf(
  definitions: readonly EventDefinition[],
): ReadonlyMap<string, readonly ShownField[]> {
  return new Map(
    definitions.map(({ type, entries }) => [
      type,
      entries.flatMap(({ name, column }) => (column === undefined ? [] : [{ name, column }])),
    ]),
  )
}

export function columnsOf(event: { readonly type: string }, fields = shownFields): EventColumns {
  const columns: Record<Column, Shown> = { ...NONE }
  const values = event as Readonly<Record<string, unknown>>
  for (const { name, column } of fields.get(event.type) ?? []) columns[column] = shown(values[name])
  return columns
}

function shown(value: unknown): Shown {
  return (isRecord(value) ? value.id : value) as Shown
}
