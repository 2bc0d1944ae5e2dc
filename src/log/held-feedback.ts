import { ParetoBanditError } from '../base/errors.js'
import type { RouterEvent } from '../events/events.js'
import type { Receipt } from '../router/journal.js'
import type { PendingReceipt } from './receipts.js'

/** Feedback that may wait for its request. */
const HELD_MAX = 10_000

interface Held {
  readonly id: string
  readonly make: () => RouterEvent
  readonly receipt: PendingReceipt
  readonly until: number
}

/**
 * Feedback for requests of other replicas that this one has not read of yet: it is tried again whenever something was
 * read, and given up when it has waited for long.
 */
export class HeldFeedback {
  private readonly holdMs: number
  private readonly now: () => number
  private readonly commit: (event: RouterEvent) => Receipt
  private held: Held[] = []

  constructor(holdMs: number, now: () => number, commit: (event: RouterEvent) => Receipt) {
    this.holdMs = holdMs
    this.now = now
    this.commit = commit
  }

  /** @throws JOURNAL_FULL */
  add(id: string, make: () => RouterEvent, receipt: PendingReceipt): void {
    if (this.held.length >= HELD_MAX) {
      const message = `feedback for ${HELD_MAX} requests that are not known here waits already`
      throw new ParetoBanditError('JOURNAL_FULL', 'id', message)
    }
    this.held.push({ id, make, receipt, until: this.now() + this.holdMs })
  }

  retry(): void {
    if (this.held.length === 0) return
    const now = this.now()
    const waiting: Held[] = []
    for (const each of this.held.splice(0)) {
      try {
        const { receipt } = each
        this.commit(each.make()).durable.then(
          () => receipt.settle(undefined),
          (error: unknown) => receipt.settle(error),
        )
      } catch (error) {
        const isUnknown = error instanceof ParetoBanditError && error.code === 'UNKNOWN_REQUEST'
        if (isUnknown && now < each.until) waiting.push(each)
        else each.receipt.settle(error)
      }
    }
    this.held.unshift(...waiting)
  }

  refuseAll(error: unknown): void {
    for (const { receipt } of this.held.splice(0)) receipt.settle(error)
  }
}
