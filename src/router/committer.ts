import { ParetoBanditError } from '../base/errors.js'
import type { EventEmitter } from '../events/emitter.js'
import type { RouterEvent } from '../events/events.js'
import type { RoutingState } from '../state/routing-state.js'
import type { Journal, Recovery } from './journal.js'

/** Applies events to the state and tells subscribers of them: nothing else changes the state. */
export class Committer {
  state: RoutingState
  /** Where events go that are made here; null for a router without a store. */
  journal: Journal | null = null
  recovery: Recovery | null = null
  private readonly emitter: EventEmitter
  private readonly pendingTtlMs: number

  constructor(state: RoutingState, emitter: EventEmitter, pendingTtlMs: number) {
    this.state = state
    this.emitter = emitter
    this.pendingTtlMs = pendingTtlMs
  }

  /** Records and delivers. @throws as `Journal.checkRoom`; nothing has changed then */
  commit(event: RouterEvent): void {
    this.journal?.checkRoom()
    this.record(event)
    this.emitter.deliver()
  }

  /** An event that another router made: applied and told, and not journaled again. */
  follow(event: RouterEvent): void {
    this.state.apply(event)
    if (this.emitter.hears(event.type)) this.emitter.add(Object.freeze(event))
    this.state.takeAlarms(this.emitter)
    this.emitter.deliver()
  }

  /** The event is in the state, and waits for delivery. */
  record(event: RouterEvent): void {
    this.state.apply(event)
    this.journal?.append(event)
    if (this.emitter.hears(event.type)) this.emitter.add(Object.freeze(event))
    this.state.takeAlarms(this.emitter)
  }

  /** Whether a reservation is older than the time to live. */
  isDue(now: number): boolean {
    return this.state.pending.due(now - this.pendingTtlMs) !== 0
  }

  /** Turns reservations older than the time to live into spend. @returns how many */
  expireDue(now: number): number {
    let count = 0
    for (;;) {
      const sequence = this.state.pending.due(now - this.pendingTtlMs)
      if (sequence === 0) return count
      this.expire(sequence, now)
      count++
    }
  }

  /** Turns the reservation that one more request would push out of the ring into spend. */
  expirePushedOut(at: number): void {
    const sequence = this.state.pending.pushedOut()
    if (sequence !== 0) this.expire(sequence, at)
  }

  /** Starts the calendar periods of caps that have come. */
  startPeriods(tenant: string | null, at: number): void {
    const due = this.state.dollar?.periodsDue(tenant, at)
    if (due !== undefined) for (const event of due) this.record(event)
  }

  private expire(sequence: number, at: number): void {
    const model = this.state.modelOf(sequence)
    if (model === undefined)
      throw new ParetoBanditError('MODEL_REMOVED', '', 'an unsettled request has no model')
    this.record({ type: 'expired', at, id: this.state.requestId(sequence), model: model.id })
  }
}
