import { checkUnitOfClock, readClock } from '../base/clock.js'
import { ParetoBanditError } from '../base/errors.js'
import type { EventEmitter } from '../events/emitter.js'
import type { RouterEvent } from '../events/events.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { RoutingState } from '../state/routing-state.js'
import { AT_ONCE, type Journal, type Receipt, type Recovery } from './journal.js'

/** Applies events to the state, journals them and tells subscribers: nothing else changes the state. */
export class Committer {
  state: RoutingState
  /** Where events go that are made here; null for a router without a store. */
  journal: Journal | null = null
  recovery: Recovery | null = null
  /** What calls that change something throw; null while the router is open. */
  closed: ParetoBanditError | null = null
  readonly emitter: EventEmitter
  /** Something is being decided or applied. */
  isActing = false
  /** How long feedback is waited for, ms. */
  pendingTtlMs: number
  private time = 0
  private isClockChecked = false
  private readonly options: Pick<ResolvedOptions, 'clock'>

  constructor(
    state: RoutingState,
    emitter: EventEmitter,
    options: Pick<ResolvedOptions, 'pendingTtlMs' | 'clock'>,
  ) {
    this.state = state
    this.emitter = emitter
    this.options = options
    this.pendingTtlMs = options.pendingTtlMs
  }

  /**
   * While something is decided or applied this is when it began: the clock is the caller's code, and may call the router.
   * @throws INVALID_ARGUMENT for a clock that gives no date, or seconds or microseconds
   */
  now(): number {
    if (this.isActing) return this.time
    const now = readClock(this.options.clock)
    if (!this.isClockChecked) checkUnitOfClock(now)
    this.isClockChecked = true
    this.time = now
    return now
  }

  /** Records and delivers. @throws as `Journal.checkRoom`; nothing has changed then */
  commit(event: RouterEvent): Receipt {
    this.checkRoom()
    this.recordAll([event])
    return this.deliver(1)
  }

  /** Events that were all checked: all or nothing. @throws as `commit` */
  commitAll(events: readonly RouterEvent[]): Receipt {
    this.checkRoom()
    this.recordAll(events)
    return this.deliver(events.length)
  }

  /** Records and delivers what was counted before, whether there is room or not. */
  commitWaiting(events: readonly RouterEvent[]): void {
    this.recordAll(events)
    this.emitter.deliver()
  }

  /** @throws STORE_CLOSED, JOURNAL_FULL, what has broken the store for good */
  checkRoom(): void {
    if (this.closed !== null) throw this.closed
    this.journal?.checkRoom()
  }

  /** An event that another router made: applied and told, and not journaled again. */
  follow(event: RouterEvent): void {
    this.tell(event, this.state.apply(event))
    this.emitter.deliver()
  }

  /** The event is in the state, and waits for delivery. */
  record(event: RouterEvent): void {
    const notices = this.state.apply(event)
    this.journal?.append(event)
    this.tell(event, notices)
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

  /** @returns for the events recorded last, and for none that listeners make by calling the router */
  private deliver(count: number): Receipt {
    const receipt = count === 0 ? AT_ONCE : (this.journal?.receipt(count) ?? AT_ONCE)
    this.emitter.deliver()
    return receipt
  }

  private recordAll(events: readonly RouterEvent[]): void {
    this.isActing = true
    try {
      for (const event of events) this.record(event)
    } finally {
      this.isActing = false
    }
  }

  private tell(event: RouterEvent, notices: readonly RouterEvent[]): void {
    const { emitter } = this
    if (emitter.hears(event.type)) emitter.add(Object.freeze(event))
    for (const notice of notices) if (emitter.hears(notice.type)) emitter.add(notice)
  }

  private expire(sequence: number, at: number): void {
    const model = this.state.modelOf(sequence)
    if (model === undefined)
      throw new ParetoBanditError('MODEL_REMOVED', '', 'an unsettled request has no model')
    this.record({ type: 'expired', at, id: this.state.requestId(sequence), model: model.id })
  }
}
