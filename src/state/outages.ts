import type { EventOf, RouterEvent } from '../events/events.js'
import { callAnswered, callFailed } from '../models/availability.js'
import type { Model, Registry } from '../models/registry.js'

/** Which models answer, and tells of those that do not any more or do again. Part of the fold. */
export class Outages {
  private readonly registry: Registry
  private readonly notices: RouterEvent[]

  /** @param notices takes what is told */
  constructor(registry: Registry, notices: RouterEvent[]) {
    this.registry = registry
    this.notices = notices
  }

  /** @param requests so far */
  answered(model: Model, at: number, sequence: number, requests: number): void {
    if (!callAnswered(model, sequence, requests)) return
    this.registry.down--
    this.tell(model, at, null)
  }

  failed(model: Model, { at, retryAfterMs }: EventOf<'failed'>, sequence: number, requests: number): void {
    if (!callFailed(model, at, sequence, requests, retryAfterMs)) return
    this.registry.down++
    this.tell(model, at, retryAfterMs !== null && retryAfterMs > 0 ? retryAfterMs : null)
  }

  private tell({ id, trips, failureShare }: Model, at: number, retryAfterMs: number | null): void {
    const isAvailable = trips === 0
    this.notices.push({ type: 'availability', at, model: id, isAvailable, failureShare, retryAfterMs })
  }
}
