import { ParetoBanditError } from '../base/errors.js'
import type { RouterEvent } from '../events/events.js'
import type { Receipt } from '../router/journal.js'
import type { PendingReceipt } from './receipts.js'

/** Feedback that may wait for its request, in all, and of that for requests of one origin. */
const HELD_MAX = 10_000
const HELD_OF_ORIGIN_MAX = 2500

interface Held {
  readonly id: string
  readonly origin: string
  readonly make: () => RouterEvent
  readonly receipt: PendingReceipt
  readonly until: number
}

/**
 * Feedback for requests of other replicas that this one has not read of yet, by id: tried again when its request was
 * read, and given up when it has waited for long. What waits costs nothing while others' events are read, whatever it is.
 */
export class HeldFeedback {
  private readonly holdMs: number
  private readonly now: () => number
  private readonly commit: (event: RouterEvent) => Receipt
  private readonly byId = new Map<string, Held[]>()
  private readonly countOf = new Map<string, number>()
  /** In the order in which they came, which is that of their ends; those that are done are passed over. */
  private queue: Held[] = []
  private readonly waiting = new Set<Held>()

  constructor(holdMs: number, now: () => number, commit: (event: RouterEvent) => Receipt) {
    this.holdMs = holdMs
    this.now = now
    this.commit = commit
  }

  /** How many wait. */
  get size(): number {
    return this.waiting.size
  }

  /** @throws JOURNAL_FULL */
  add(id: string, make: () => RouterEvent, receipt: PendingReceipt): void {
    const until = this.now() + this.holdMs
    const origin = id.slice(0, id.lastIndexOf('.'))
    const count = this.countOf.get(origin) ?? 0
    if (this.waiting.size >= HELD_MAX || count >= HELD_OF_ORIGIN_MAX) {
      const message =
        count >= HELD_OF_ORIGIN_MAX
          ? `feedback for ${count} requests of '${origin}' that are not known here waits already`
          : `feedback for ${HELD_MAX} requests that are not known here waits already`
      throw new ParetoBanditError('JOURNAL_FULL', 'id', message)
    }
    const held: Held = { id, origin, make, receipt, until }
    this.waiting.add(held)
    this.queue.push(held)
    this.countOf.set(origin, count + 1)
    const others = this.byId.get(id)
    if (others === undefined) this.byId.set(id, [held])
    else others.push(held)
  }

  /** Tries what waits for this request, which is known by now. */
  found(id: string): void {
    for (const held of this.byId.get(id) ?? []) this.attempt(held)
  }

  /** Tries all: the state is another. */
  retryAll(isKnown: (id: string) => boolean): void {
    for (const id of [...this.byId.keys()]) if (isKnown(id)) this.found(id)
  }

  /** Tries for the last time what has waited for long. */
  giveUp(): void {
    if (this.queue.length === 0) return
    const now = this.now()
    let passed = 0
    while (passed < this.queue.length && this.queue[passed].until <= now) {
      const held = this.queue[passed++]
      if (this.waiting.has(held)) this.attempt(held)
    }
    if (passed > 0) this.queue = this.queue.slice(passed)
    // Those that are done keep their places until there are as many of them as of others.
    if (this.queue.length > 2 * this.waiting.size + 64) this.queue = [...this.waiting]
  }

  refuseAll(error: unknown): void {
    for (const held of [...this.waiting]) {
      this.remove(held)
      held.receipt.settle(error)
    }
    this.queue = []
  }

  private attempt(held: Held): void {
    this.remove(held)
    const { receipt } = held
    try {
      this.commit(held.make()).durable.then(
        () => receipt.settle(undefined),
        (error: unknown) => receipt.settle(error),
      )
    } catch (error) {
      receipt.settle(error)
    }
  }

  private remove(held: Held): void {
    this.waiting.delete(held)
    const others = this.byId.get(held.id)?.filter((each) => each !== held) ?? []
    if (others.length === 0) this.byId.delete(held.id)
    else this.byId.set(held.id, others)
    const count = (this.countOf.get(held.origin) ?? 1) - 1
    if (count === 0) this.countOf.delete(held.origin)
    else this.countOf.set(held.origin, count)
  }
}
