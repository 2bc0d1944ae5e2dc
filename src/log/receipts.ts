import type { Receipt } from '../router/journal.js'

/** A receipt whose promise is made when somebody asks for it: few do. */
export class PendingReceipt implements Receipt {
  private promise: Promise<void> | undefined
  private isDone = false
  private error: unknown
  private resolve: (() => void) | undefined
  private reject: ((error: unknown) => void) | undefined
  private readonly last: number
  private readonly onAsked: ((last: number) => void) | undefined

  /**
   * @param last number of its last event
   * @param onAsked called with that when somebody begins to wait for it
   */
  constructor(last = 0, onAsked?: (last: number) => void) {
    this.last = last
    this.onAsked = onAsked
  }

  get durable(): Promise<void> {
    this.promise ??= new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    if (this.isDone) this.tell()
    else this.onAsked?.(this.last)
    return this.promise
  }

  /** @param error undefined where all went well; the first one told stays */
  settle(error: unknown): void {
    if (this.isDone) return
    this.isDone = true
    this.error = error
    this.tell()
  }

  private tell(): void {
    if (this.error === undefined) this.resolve?.()
    else this.reject?.(this.error)
  }
}

/** Receipts that wait for events by number, in order. */
export class Receipts {
  private waiting: { readonly first: number; readonly last: number; readonly receipt: PendingReceipt }[] = []

  /** @param onAsked as `PendingReceipt` has it */
  add(first: number, last: number, onAsked?: (last: number) => void): PendingReceipt {
    const receipt = new PendingReceipt(last, onAsked)
    this.waiting.push({ first, last, receipt })
    return receipt
  }

  /** All events up to a number are durable. */
  settleThrough(number: number): void {
    let count = 0
    while (count < this.waiting.length && this.waiting[count].last <= number) count++
    for (const { receipt } of this.waiting.splice(0, count)) receipt.settle(undefined)
  }

  /** Events of these numbers have been refused; none where `to` is below `from`. */
  refuse(from: number, to: number, error: unknown): void {
    if (to < from) return
    for (const { first, last, receipt } of this.waiting) {
      if (first > to) return
      if (from <= last) receipt.settle(error)
    }
  }

  /** Nothing that waits will be durable. */
  refuseAll(error: unknown): void {
    for (const { receipt } of this.waiting.splice(0)) receipt.settle(error)
  }
}
