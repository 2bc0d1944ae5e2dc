import { decodeEvent, type LoggedEvent } from '../../events/codec.js'

/** What people see of an event in its row. */
export interface EventColumns {
  readonly request: string | null
  readonly model: string | null
  readonly tenant: string | null
  readonly usd: number | null
  readonly reward: number | null
  readonly latencyMs: number | null
}

/** @throws LOG_CORRUPT, LOG_VERSION for bytes that are no event */
export function decodeAll(events: readonly Uint8Array[]): LoggedEvent[] {
  return events.map(decodeEvent)
}

export function columnsOf(event: LoggedEvent): EventColumns {
  return {
    request: 'id' in event ? event.id : null,
    model: 'model' in event ? modelOf(event.model) : null,
    tenant: 'tenant' in event ? event.tenant : null,
    usd: usdOf(event),
    reward: event.type === 'rewarded' ? event.reward : null,
    latencyMs: event.type === 'settled' ? event.latencyMs : null,
  }
}

function modelOf(model: string | { readonly id: string }): string {
  return typeof model === 'string' ? model : model.id
}

function usdOf(event: LoggedEvent): number | null {
  if (event.type === 'routed') return event.reservedUsd
  if ('costUsd' in event) return event.costUsd
  return 'usdPerRequest' in event ? event.usdPerRequest : null
}
