import { NO_FACTS } from '../protocols/adapter.js'
import { dearerIn } from '../protocols/dearer.js'
import { ownParameters } from '../protocols/model-parameters.js'
import type { UpstreamFailure } from '../upstreams/failure.js'
import type { Exchange } from './exchange.js'
import type { House } from './house.js'
import { type Booked, type CallBill, FREE, type Try } from './ledger.js'
import type { Meter } from './meter.js'
import type { Order } from './order.js'
import { inputTokensFor } from './order-size.js'

const NO_BILL: { readonly bill: CallBill; readonly isMeasured: boolean } = { bill: FREE, isMeasured: true }

/** How the reservation of one call ends: once, in one of three ways. */
export class Booking {
  /** Whether an upstream may have begun: what was never sent costs nothing. */
  isSent = false
  private isBooked = false

  constructor(
    private readonly house: House,
    private readonly exchange: Exchange,
    private readonly order: Order,
    private readonly call: Try,
    private readonly meter: Meter,
    private readonly onBooked: () => void,
  ) {}

  /** The answer is there, whether or not somebody was there to read it. @returns what all tries cost together, USD */
  answer(): number {
    if (!this.isBooked) {
      this.house.refusals.end(this.call.model.id, this.exchange.record.surface)
      this.house.unanswered.end(this.call.model.id)
      this.house.steadiness.answered(this.call.model.id, this.client)
      const { bill, isMeasured } = this.billed()
      this.over(this.house.ledger.settle(this.call, bill, this.latencyMs, isMeasured), isMeasured)
    }
    return this.exchange.record.costUsd ?? 0
  }

  /** The client went away. */
  gone(): void {
    if (this.isBooked) return
    if (this.meter.isComplete) {
      this.answer()
      return
    }
    const { bill, isMeasured } = this.isSent ? this.billed(true) : NO_BILL
    this.over(this.house.ledger.cancel(this.call, bill, this.latencyMs), isMeasured)
  }

  failure(failure: UpstreamFailure): void {
    if (this.isBooked) return
    const { kind, retryAfterMs, mayBeBilled, usage, isRefusal, isOfConnection, isUnanswered } = failure
    const { ledger } = this.house
    if (usage !== null) this.meter.add({ ...NO_FACTS, usage })
    const isBilled = this.isSent && (mayBeBilled || this.meter.hasContent || this.meter.isUsageWhole)
    // What it says of its own failure is all of it.
    const hasEnded = !mayBeBilled || usage !== null || isUnanswered
    const { bill, isMeasured } = isBilled ? this.billed(!hasEnded) : NO_BILL
    if (isOfConnection || (kind !== 'upstream' && !this.isOneTooMany(failure))) {
      this.over(ledger.cancel(this.call, bill, this.latencyMs), isMeasured)
      return
    }
    // Whatever it asks for is given; else what says little of the model begins no pause.
    const ownMs = this.house.steadiness.failed(this.call.model.id, this.client)
      ? null
      : this.order.config.retries.cooldownMs
    const awayMs = isRefusal ? null : (retryAfterMs ?? ownMs)
    this.over(ledger.fail(this.call, bill, this.latencyMs, awayMs), isMeasured)
  }

  /** What is no failure of a model once is one where it does nothing else. */
  private isOneTooMany({ isRefusal, isUnanswered }: UpstreamFailure): boolean {
    const { refusals, unanswered } = this.house
    const { id } = this.call.model
    if (isRefusal) return refusals.add(id, this.exchange.record.surface)
    return isUnanswered && unanswered.add(id)
  }

  /** @param isBrokenOff whether it may have gone on, unless it had said why it ended */
  private billed(isBrokenOff = false) {
    const { size, asked, body } = this.order
    const { model } = this.call
    const own = ownParameters(this.exchange.record.surface, model, body.json)
    // These are told to packages of the AI SDK whatever the client says in a member of that name.
    const { providerOptions } = model.defaultParameters
    const isDearer =
      asked.dearer.length > 0 || dearerIn(own).length > 0 || dearerIn({ providerOptions }).length > 0
    const inputTokens = inputTokensFor(size, model)
    const isCutOff = isBrokenOff && !this.meter.isFinished
    return this.house.billing.billOf(this.call, this.meter, inputTokens, isDearer, isCutOff)
  }

  private over(booked: Booked, isMeasured: boolean): void {
    this.isBooked = true
    this.exchange.booked(booked, isMeasured)
    this.onBooked()
  }

  private get client(): string {
    const { tenant, id } = this.order.key
    return tenant ?? id
  }

  private get latencyMs(): number {
    return Math.round(performance.now() - this.call.beganAt)
  }
}
