import type { GatewayConfig } from '../config/config.js'
import { Decisions } from '../feedback/decisions.js'
import { Rewards } from '../feedback/rewards.js'
import type { Surface } from '../logs/request-record.js'
import { scrubberOf } from '../logs/scrub.js'
import { Sessions } from '../sessions/sessions.js'
import type { SurfaceDeps } from '../surfaces.js'
import type { CallUpstream } from '../upstreams/call.js'
import type { After } from '../upstreams/watched-body.js'
import { Billing, unknownTokens } from './bill.js'
import { Exchange } from './exchange.js'
import { Ledger } from './ledger.js'
import { RetryShare } from './retry-share.js'

/** What all requests share. */
export class House {
  readonly deps: SurfaceDeps
  readonly call: CallUpstream
  readonly after: After
  readonly ledger: Ledger
  readonly billing: Billing
  readonly sessions: Sessions
  readonly decisions: Decisions
  readonly rewards: Rewards
  readonly retries = new RetryShare()
  private readonly underWay = new Set<Exchange>()
  private isClosing = false
  private scrubbing: { readonly config: GatewayConfig; readonly scrub: (text: string) => string } | null =
    null

  constructor(deps: SurfaceDeps, call: CallUpstream, after: After) {
    this.deps = deps
    this.call = call
    this.after = after
    this.ledger = new Ledger({ router: deps.router, after, onError: deps.onError })
    this.billing = new Billing(this.ledger, unknownTokens(deps.metrics))
    this.sessions = new Sessions(deps.notes, deps.now)
    this.decisions = new Decisions(deps.notes)
    const { router, onError, live } = deps
    this.rewards = new Rewards({ router, config: () => live.current.rewards, after, onError })
  }

  begin(request: Request, surface: Surface): Exchange {
    const { now, observe } = this.deps
    const onEnd = (ended: Exchange) => {
      this.underWay.delete(ended)
      // Feedback and questions name a decision too: it is another request's.
      if (ended.mayCost) this.decisions.ended(ended.record)
    }
    const exchange = new Exchange(request, surface, now, observe, onEnd)
    this.underWay.add(exchange)
    if (this.isClosing) exchange.breakOff()
    return exchange
  }

  /** What an upstream says may quote its key. */
  scrub(text: string): string {
    const config = this.deps.live.current
    if (this.scrubbing?.config !== config) this.scrubbing = { config, scrub: scrubberOf(config) }
    return this.scrubbing.scrub(text)
  }

  /** Breaks off what is under way; resolves when all of it is booked. */
  async close(): Promise<void> {
    this.isClosing = true
    const ends: Promise<void>[] = []
    for (const exchange of [...this.underWay]) {
      if (exchange.mayCost) ends.push(exchange.ended)
      exchange.breakOff()
    }
    await Promise.all(ends)
    this.rewards.close()
    this.ledger.close()
  }
}
