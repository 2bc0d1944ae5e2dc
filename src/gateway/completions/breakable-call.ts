import type { Break } from '../upstreams/break.js'
import type { UpstreamCall } from '../upstreams/call.js'
import type { Booking } from './booking.js'

/** A request to an upstream as a client of ours can break it off. Of most nobody asks for the signal. */
export class BreakableCall implements UpstreamCall {
  private wasSent = false

  constructor(
    readonly url: string,
    readonly headers: Readonly<Record<string, string>>,
    readonly body: string,
    private readonly broken: Break,
    private readonly booking: Booking,
  ) {}

  get signal(): AbortSignal {
    return this.broken.signal
  }

  onBroken(listener: () => void): void {
    this.broken.onBroken(listener)
  }

  markSent(isSent: boolean): void {
    // Whoever gives it to two upstreams has paid for the first.
    this.wasSent ||= isSent
    this.booking.isSent = this.wasSent
  }
}
