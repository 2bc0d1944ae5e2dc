import { checkOneOf } from '../base/check.js'
import { expected } from '../base/errors.js'
import { guarded, hearRejection } from '../base/rejection.js'
import type { EventOf, RouterEvent, RouterEventType } from './event-map.js'

export type Listener<E> = (event: E) => void

/** What can be subscribed to: one type of event, or all of them. */
export type Subscription = RouterEventType | '*'
export type SubscribedEvent<S extends Subscription> = S extends RouterEventType ? EventOf<S> : RouterEvent

/**
 * Tells subscribers of events that have been applied. Events wait in one queue until the call that made them is done:
 * a listener may call the router, and everybody still hears all events in the order in which they were applied.
 * A listener's exception reaches nobody but `onError`, and so does what the promise of an asynchronous one is rejected with.
 */
export class EventEmitter {
  private readonly listeners = new Map<Subscription, Set<Listener<RouterEvent>>>()
  private readonly report: (error: unknown) => void
  private readonly subscriptions: readonly Subscription[]
  private readonly queue: RouterEvent[] = []
  /** Subscriptions in force: with none, an event costs a look at this number. */
  private count = 0
  private delivering = false

  /** @param types that can be subscribed to */
  constructor(onError: (error: unknown) => unknown, types: readonly RouterEventType[]) {
    // The event has been applied and the caller must hear of that; of what fails in here nobody is left to hear.
    this.report = guarded(onError)
    this.subscriptions = ['*', ...types]
  }

  /** @returns a function that ends the subscription */
  on<S extends Subscription>(subscription: S, listener: Listener<SubscribedEvent<S>>): () => void {
    const type = checkOneOf(subscription, this.subscriptions, 'type')
    if (typeof listener !== 'function') throw expected('INVALID_ARGUMENT', 'listener', 'a function', listener)
    let set = this.listeners.get(type)
    if (set === undefined) {
      set = new Set()
      this.listeners.set(type, set)
    }
    const own = set
    // A wrapper of its own, so that one function subscribed twice is called twice and ends twice.
    const entry: Listener<RouterEvent> = (event) => listener(event as SubscribedEvent<S>)
    own.add(entry)
    this.count++
    return () => {
      if (own.delete(entry)) this.count--
      if (own.size === 0 && this.listeners.get(type) === own) this.listeners.delete(type)
    }
  }

  hears(type: RouterEventType): boolean {
    return this.count > 0 && (this.listeners.has(type) || this.listeners.has('*'))
  }

  /** Takes an event that has been applied. */
  add(event: RouterEvent): void {
    this.queue.push(event)
  }

  /** Calls the listeners of every event taken, those taken meanwhile included. */
  deliver(): void {
    if (this.queue.length === 0 || this.delivering) return
    this.delivering = true
    // The queue may grow while it is walked: a listener that calls the router adds to it.
    for (let i = 0; i < this.queue.length; i++) this.emit(this.queue[i])
    this.queue.length = 0
    this.delivering = false
  }

  private emit(event: RouterEvent): void {
    for (const type of [event.type, '*'] as const) {
      const set = this.listeners.get(type)
      if (set === undefined) continue
      for (const listener of [...set]) {
        try {
          hearRejection(listener(event), this.report)
        } catch (error) {
          this.report(error)
        }
      }
    }
  }
}
