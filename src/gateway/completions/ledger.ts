import type { After } from '../../base/after.js'
import {
  type Bill,
  type Decision,
  isStoreError,
  type ModelPrice,
  ParetoBanditError,
  type Quote,
  quoteBill,
  type RouteOptions,
  type Router,
  type TokensByKind,
} from '../../index.js'
import type { ModelConfig, UpstreamConfig } from '../config/config.js'
import type { PromptMessage } from '../protocols/prompt.js'

/** A reservation for one call of an upstream. */
export interface Try {
  readonly decision: Decision<string>
  /** With the prices that it was reserved at. */
  readonly model: ModelConfig
  readonly upstream: UpstreamConfig
  /** Who pays, beside all; null: nobody. */
  readonly tenant: string | null
  /** When the call began, as `performance.now` has it, ms. */
  readonly beganAt: number
}

/** Of it, what a reservation that is given back needs. */
export type Reserved = Pick<Try, 'decision' | 'tenant'> & Partial<Pick<Try, 'model'>>

/** What the ledger has for a call. */
export interface Booked {
  readonly costUsd: number
  readonly tokens: TokensByKind | null
}

export interface LedgerOptions {
  readonly router: Router<string>
  readonly after: After
  readonly onError: (error: unknown) => void
}

/** What a call is billed for: a usage, a cost, or counts of both sides. */
export type CallBill = Pick<Bill, 'usage' | 'costUsd' | 'inputTokens' | 'outputTokens' | 'serviceTier'>

/** A bill that the router has not taken yet. */
interface Waiting {
  readonly id: string
  readonly costUsd: number
  give(): void
}

const RETRY_MS = 100
const NO_PRICES: ModelPrice = { inputUsdPerMTok: 0, outputUsdPerMTok: 0 }
const NOTHING: Booked = { costUsd: 0, tokens: null }
/** Of a call that is certain to cost nothing. Said, it is booked too where newer requests pushed its request out, or its model is gone. */
export const FREE: CallBill = { costUsd: 0 }
/** Errors of a request that the router keeps no more: its reservation has become spend. */
const GONE = ['UNKNOWN_REQUEST', 'REQUEST_CLOSED', 'MODEL_REMOVED']

/**
 * The one place where the gateway's money is reserved and booked. Every reservation is booked once: settled, failed or
 * cancelled. A bill that the router does not take, because its store does not, is given again until it does: meanwhile the
 * reservation stands, and the client is told what will be booked.
 */
export class Ledger {
  private readonly options: LedgerOptions
  private readonly open = new Set<string>()
  /** Of these, bills that were corrected before they came: an admin's word holds. It takes the place of one that waits, too. */
  private readonly corrected = new Map<string, Booked>()
  private waiting: Waiting[] = []
  private isTimed = false
  private isClosed = false
  private booking: { readonly id: string; booked: Booked | null } | null = null
  private readonly forget: (() => void)[]

  constructor(options: LedgerOptions) {
    this.options = options
    const { router } = options
    const note = ({ id, costUsd, tokens }: { id: string; costUsd: number; tokens?: TokensByKind | null }) => {
      const booked = { costUsd, tokens: tokens ?? null }
      if (this.booking?.id === id) this.booking.booked = booked
      else if (this.open.has(id)) this.corrected.set(id, booked)
      else if (this.waiting.length > 0) this.waiting = this.waiting.filter((bill) => bill.id !== id)
    }
    this.forget = [
      router.on('settled', note),
      router.on('failed', note),
      router.on('cancelled', note),
      router.on('billed', note),
    ]
  }

  /** Reserves. @throws (the promise is rejected with) what the router throws */
  async reserve(prompt: readonly PromptMessage[], options: RouteOptions): Promise<Decision<string>> {
    const decision = await this.options.router.routeAsync(prompt, options)
    this.open.add(decision.id)
    return decision
  }

  /** Reservations that are not booked. */
  get openCount(): number {
    return this.open.size
  }

  /**
   * An answer, and its bill.
   * @param isMeasured false: nobody told what it cost. Where no more than was reserved was seen of it the router gets no cost: it books the
   * reservation, flagged, and learns nothing from its own guess
   */
  settle(call: Try, bill: CallBill, latencyMs: number, isMeasured: boolean): Booked {
    const { id, reservedUsd } = call.decision
    const isGuess = !isMeasured && bill.costUsd === reservedUsd
    const told = isGuess ? { latencyMs } : timed(bill, latencyMs)
    return this.book(call, bill, (router) => router.settle(id, told))
  }

  /** No answer, by the model's fault: it is left alone for so long; null: for as long as its failures say. */
  fail(call: Try, bill: CallBill, latencyMs: number, retryAfterMs: number | null): Booked {
    const { id } = call.decision
    const failure = { ...timed(bill, latencyMs), retryAfterMs }
    return this.book(call, bill, (router) => router.fail(id, failure))
  }

  /** No answer, and not by the model's fault. */
  cancel(call: Reserved, bill: CallBill, latencyMs: number | null): Booked {
    const { id } = call.decision
    return this.book(call, bill, (router) => router.cancel(id, timed(bill, latencyMs)))
  }

  /** What a bill comes to at the model's prices of when the call began, as the router books it. */
  quote({ model }: Reserved, bill: CallBill): Quote {
    const prices = model?.prices
    if (prices != null) return quoteBill(prices, bill)
    return { ...quoteBill(NO_PRICES, bill), costUsd: bill.costUsd ?? null }
  }

  /** Bills that wait for the store. */
  get waitingCount(): number {
    return this.waiting.length
  }

  /** Gives what waits a last time. What is not taken even then has its reservation in the log, which becomes spend. */
  close(): void {
    this.isClosed = true
    this.giveWaiting()
    for (const { id, costUsd } of this.waiting.splice(0))
      this.options.onError(new Error(`the bill of ${id}, ${costUsd} USD, could not be written`))
    for (const end of this.forget) end()
  }

  private book(call: Reserved, bill: CallBill, act: (router: Router<string>) => unknown): Booked {
    const { id } = call.decision
    if (!this.open.delete(id)) return NOTHING
    const corrected = this.corrected.get(id)
    if (corrected !== undefined) {
      this.corrected.delete(id)
      return corrected
    }
    const booking: { readonly id: string; booked: Booked | null } = { id, booked: null }
    this.booking = booking
    try {
      act(this.options.router)
    } catch (error) {
      const { costUsd, tokens } = this.quote(call, bill)
      const booked = { costUsd: costUsd ?? 0, tokens }
      if (isStoreError(error))
        this.wait({ id, costUsd: booked.costUsd, give: () => this.bookLate(call, booked.costUsd, act) })
      else this.bookBeside(error, call, booked.costUsd)
      return booked
    } finally {
      this.booking = null
    }
    return booking.booked ?? NOTHING
  }

  /** A bill that has waited: its request may be forgotten by now. @throws while the store takes nothing */
  private bookLate(call: Reserved, costUsd: number, act: (router: Router<string>) => unknown): void {
    try {
      act(this.options.router)
    } catch (error) {
      if (isStoreError(error)) throw error
      this.bookBeside(error, call, costUsd)
    }
  }

  /**
   * The router keeps the request no more: newer ones pushed it out, it took too long, or its model is gone. Its reservation has
   * become spend, and every account that paid for it pays what the bill is beyond that.
   */
  private bookBeside(error: unknown, { decision, tenant }: Reserved, costUsd: number): void {
    const { id, reservedUsd } = decision
    const isGone = error instanceof ParetoBanditError && GONE.includes(error.code)
    if (!isGone) this.options.onError(error)
    const moreUsd = costUsd - reservedUsd
    if (!isGone || moreUsd <= 0) return
    const { router } = this.options
    this.tryToGive({ id, costUsd: moreUsd, give: () => router.adjustAccount(-moreUsd) })
    if (tenant === null) return
    this.tryToGive({ id, costUsd: moreUsd, give: () => router.adjustAccount(-moreUsd, { tenant }) })
  }

  private wait(bill: Waiting): void {
    this.waiting.push(bill)
    if (this.isTimed || this.isClosed) return
    this.isTimed = true
    this.options.after(RETRY_MS, () => {
      this.isTimed = false
      this.giveWaiting()
    })
  }

  private giveWaiting(): void {
    for (const bill of this.waiting.splice(0)) this.tryToGive(bill)
  }

  private tryToGive(bill: Waiting): void {
    try {
      bill.give()
    } catch (error) {
      if (isStoreError(error)) this.wait(bill)
      else this.options.onError(error)
    }
  }
}

/** With the time that it took. All are of one shape: a spread of objects of many shapes makes a new one each time. */
function timed(
  { usage, costUsd, inputTokens, outputTokens, serviceTier }: CallBill,
  latencyMs: number | null,
) {
  return { usage, costUsd, inputTokens, outputTokens, serviceTier, latencyMs }
}
