import {
  type Bill,
  type Decision,
  ParetoBanditError,
  type Quote,
  quoteBill,
  type RouteOptions,
  type Router,
  type TokensByKind,
} from '../../index.js'
import type { ModelConfig, UpstreamConfig } from '../config/config.js'
import type { PromptMessage } from '../protocols/prompt.js'
import type { After } from '../upstreams/watched-body.js'

/** A reservation for one call of an upstream. */
export interface Try {
  readonly decision: Decision<string>
  readonly model: ModelConfig
  readonly upstream: UpstreamConfig
  /** When the call began, ms since 1970 UTC. */
  readonly at: number
}

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

const RETRY_MS = 100
const NOTHING: Booked = { costUsd: 0, tokens: null }

/**
 * The one place where the gateway's money is reserved and booked. Every reservation is booked once: settled, failed or
 * cancelled. A bill that the router has no room for is given again until it has.
 */
export class Ledger {
  private readonly options: LedgerOptions
  private readonly open = new Set<string>()
  private waiting: (() => void)[] = []
  private isTimed = false
  private booking: { readonly id: string; booked: Booked | null } | null = null
  private readonly forget: (() => void)[]

  constructor(options: LedgerOptions) {
    this.options = options
    const { router } = options
    const note = ({ id, costUsd, tokens }: { id: string; costUsd: number; tokens?: TokensByKind | null }) => {
      if (this.booking?.id === id) this.booking.booked = { costUsd, tokens: tokens ?? null }
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

  /** An answer, and its bill. */
  settle({ decision }: Try, bill: Bill, latencyMs: number): Booked {
    return this.book(decision.id, (router) => router.settle(decision.id, { ...bill, latencyMs }))
  }

  /** No answer, by the model's fault: it is left alone for so long. */
  fail({ decision }: Try, bill: Bill, latencyMs: number, retryAfterMs: number): Booked {
    return this.book(decision.id, (router) => router.fail(decision.id, { ...bill, latencyMs, retryAfterMs }))
  }

  /** No answer, and not by the model's fault. */
  cancel(id: string, bill: Bill, latencyMs: number | null): Booked {
    return this.book(id, (router) => router.cancel(id, { ...bill, latencyMs }))
  }

  /** What a bill would come to at the model's prices now. */
  quote(model: string, bill: Bill): Quote {
    const { router } = this.options
    const prices = router.stats().models.find(({ id }) => id === model)
    return prices === undefined ? { costUsd: null, tokens: null, flags: [] } : quoteBill(prices, bill)
  }

  /** Gives what waits a last time. */
  close(): void {
    this.giveWaiting()
    for (const end of this.forget) end()
  }

  private book(id: string, act: (router: Router<string>) => unknown): Booked {
    if (!this.open.delete(id)) return NOTHING
    const booking: { readonly id: string; booked: Booked | null } = { id, booked: null }
    this.booking = booking
    try {
      act(this.options.router)
    } catch (error) {
      if (error instanceof ParetoBanditError && error.code === 'JOURNAL_FULL')
        this.wait(() => void act(this.options.router))
      else this.options.onError(error)
    } finally {
      this.booking = null
    }
    return booking.booked ?? NOTHING
  }

  private wait(give: () => void): void {
    this.waiting.push(give)
    if (this.isTimed) return
    this.isTimed = true
    this.options.after(RETRY_MS, () => {
      this.isTimed = false
      this.giveWaiting()
    })
  }

  private giveWaiting(): void {
    const waiting = this.waiting
    this.waiting = []
    for (const give of waiting) {
      try {
        give()
      } catch (error) {
        if (error instanceof ParetoBanditError && error.code === 'JOURNAL_FULL') this.wait(give)
        else this.options.onError(error)
      }
    }
  }
}
