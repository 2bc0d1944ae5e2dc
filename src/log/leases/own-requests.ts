import { LatestMap } from '../../base/latest-map.js'
import type { EventOf } from '../../events/events.js'
import type { AccountWallets } from './account-wallets.js'
import type { ExceededLimits } from './exceeded-limits.js'
import type { LeaseOptions } from './lease-options.js'
import type { LeaseRenewal } from './lease-renewal.js'
import type { LeftRequest } from './left-requests.js'
import { nextTurn } from './turn.js'
import { UNIT_USD } from './wallet.js'

/** Requests that are over and whose bill may still rise. */
const BILLABLE_MAX = 8192

/** What was booked for a request. */
export type Bill = Pick<EventOf<'billed'>, 'id' | 'at' | 'costUsd'>

/** The same as its end. */
export type Settlement = Bill & Pick<EventOf<'settled' | 'failed' | 'cancelled'>, 'type'>

/** A request of this process, until nothing more is heard of it. */
interface OwnRequest {
  readonly model: string
  readonly reservedUsd: number
  /** USD that it paid in on each account. */
  readonly paidUsd: readonly number[]
  readonly wallets: readonly AccountWallets[]
  /** When its flight ended, as `turn` counts; Infinity while it is in flight. */
  chargedTurn: number
}

/** One that is over. */
interface BillableRequest {
  readonly wallets: readonly AccountWallets[]
  readonly chargedTurn: number
  drawnUsd: number
}

/** What the requests of this process have drawn from its wallets, and what their ends and later bills give back or take besides. */
export class OwnRequests {
  private readonly options: LeaseOptions
  private readonly accounts: ReadonlyMap<string | null, AccountWallets>
  private readonly exceeded: ExceededLimits
  private readonly renewal: LeaseRenewal
  private readonly underWay = new Map<string, OwnRequest>()
  private readonly billable = new LatestMap<string, BillableRequest>(BILLABLE_MAX)

  /** @param accounts the wallets in force, by tenant; null is the router's own account */
  constructor(
    options: LeaseOptions,
    accounts: ReadonlyMap<string | null, AccountWallets>,
    exceeded: ExceededLimits,
    renewal: LeaseRenewal,
  ) {
    this.options = options
    this.accounts = accounts
    this.exceeded = exceeded
    this.renewal = renewal
  }

  isUnderWay(id: string): boolean {
    return this.underWay.has(id)
  }

  /** Whether it is, or is over and may be billed again. */
  knows(id: string): boolean {
    return this.underWay.has(id) || this.billable.has(id)
  }

  /** @param paidUsd what it has paid in, of each of the wallets */
  draw(
    { id, model, reservedUsd }: EventOf<'routed'>,
    wallets: readonly AccountWallets[],
    paidUsd: readonly number[],
  ): void {
    for (const each of wallets) {
      each.inFlightUsd += reservedUsd
      for (const wallet of each.all()) wallet.draw(reservedUsd)
    }
    this.underWay.set(id, { model, reservedUsd, paidUsd, wallets, chargedTurn: Number.POSITIVE_INFINITY })
    if (this.underWay.size > this.options.capacity) {
      for (const [oldest] of this.underWay) {
        this.drop(oldest)
        break
      }
    }
  }

  /** It is over, at a cost. */
  settled(event: Settlement): void {
    const request = this.underWay.get(event.id)
    if (request === undefined) {
      // It was over before: it had expired in events that were not read, or the log has lost what was told first.
      this.billed(event, false)
      return
    }
    this.underWay.delete(event.id)
    const { chargedTurn, reservedUsd } = request
    this.endFlight(request)
    this.remember(event.id, request, event.costUsd)
    const now = this.options.now()
    const backUsd = reservedUsd - event.costUsd
    request.wallets.forEach((each, i) => {
      for (const wallet of each.all()) {
        const isPaid = wallet === each.burst || chargedTurn > wallet.paysSince
        // Nothing comes back where nothing was paid; what was dearer than its reservation counts where it became known.
        wallet.heldUsd += isPaid ? backUsd : Math.min(0, backUsd)
        wallet.spend(isPaid ? event.costUsd : Math.max(0, -backUsd), now)
      }
      this.drawWhereBack(each, -backUsd, now)
      this.exceed(each, -backUsd, event.at)
      each.know(event.at, chargedTurn === Number.POSITIVE_INFINITY ? event.costUsd : Math.max(0, -backUsd))
      // A request that failed has not been one: its B goes back.
      if (event.type === 'failed' && each.burst !== null) each.burst.heldUsd -= request.paidUsd[i]
      each.boundDebt()
    })
  }

  /**
   * A bill takes the place of what was drawn. One that is lower gives back where this process has paid for it, in the
   * period in force; where that is another it ends no more than a debt.
   * @param endsDebt whether it does
   */
  billed({ id, at, costUsd }: Bill, endsDebt = true): void {
    this.drop(id)
    const request = this.billable.get(id)
    if (request === undefined) return
    const moreUsd = costUsd - request.drawnUsd
    request.drawnUsd = costUsd
    const now = this.options.now()
    for (const each of request.wallets) {
      for (const wallet of each.all()) {
        const isPaid = wallet === each.burst || request.chargedTurn > wallet.paysSince
        if (moreUsd < 0) {
          if (isPaid || endsDebt) this.renewal.credit(wallet, -moreUsd, isPaid)
        } else {
          wallet.heldUsd -= moreUsd
          wallet.spend(moreUsd, now)
        }
      }
      this.drawWhereBack(each, moreUsd, now)
      this.exceed(each, moreUsd, at)
      each.boundDebt()
      each.know(at, moreUsd)
    }
  }

  /** What it reserved is spent, until it ends. */
  expired(id: string, at: number): void {
    const request = this.underWay.get(id)
    if (request !== undefined) this.charge(request, at)
  }

  /** The requests in flight of a model that was removed count as spent at what was reserved. */
  modelRemoved(model: string, at: number): void {
    for (const [id, request] of this.underWay) {
      if (request.model !== model) continue
      this.charge(request, at)
      this.forget(id, request)
    }
  }

  /** Nothing more will be heard of it: what it drew stays drawn, until a bill says otherwise. */
  drop(id: string): void {
    const request = this.underWay.get(id)
    if (request === undefined) return
    this.endFlight(request)
    this.forget(id, request)
  }

  /** What became of them in events that were not read. @param ids of the requests that the router's state remembers */
  catchUp(ids: ReadonlySet<string>): void {
    for (const [id, { drawnUsd }] of [...this.billable]) {
      const booked = this.options.bookedOf(id)
      if (booked && booked.usd !== drawnUsd) this.billed({ id, at: booked.at, costUsd: booked.usd })
    }
    for (const id of [...this.underWay.keys()]) {
      const booked = this.options.bookedOf(id)
      if (booked) {
        const type = booked.hasFailed ? 'failed' : 'settled'
        this.settled({ type, id, at: booked.at, costUsd: booked.usd })
      }
      // Its own event may have no place yet. What has one and is forgotten cost what nobody can say: what was drawn stays drawn.
      else if (booked === undefined && !ids.has(id)) this.drop(id)
    }
  }

  /** Those under way, as a process leaves them that is closed: with the calendar pots that have paid for each. */
  left(): ReadonlyMap<string, LeftRequest> {
    const left = new Map<string, LeftRequest>()
    for (const [id, request] of this.underWay) {
      const each = leftOf(request)
      if (each.pots.length > 0) left.set(id, each)
    }
    return left
  }

  /** Its reservation is spent, until a bill says otherwise. */
  private forget(id: string, request: OwnRequest): void {
    this.underWay.delete(id)
    this.remember(id, request, request.reservedUsd)
  }

  private remember(id: string, { wallets, chargedTurn }: OwnRequest, drawnUsd: number): void {
    this.billable.set(id, { wallets, chargedTurn, drawnUsd })
  }

  /** One has cost more than was booked for it. */
  private exceed(account: AccountWallets, moreUsd: number, at: number): void {
    if (moreUsd > 0) for (const wallet of account.all()) this.exceeded.follow(account, wallet, at, moreUsd)
  }

  /** Of a tenant that was removed and is back: what a bill is more than was drawn for it, the caps of now pay for. */
  private drawWhereBack(before: AccountWallets, moreUsd: number, now: number): void {
    const account = this.accounts.get(before.tenant)
    if (account === undefined || account === before || moreUsd <= 0) return
    for (const wallet of account.caps) {
      wallet.heldUsd -= moreUsd
      wallet.spend(moreUsd, now)
    }
  }

  /** What was reserved is spent: it expired, or its model was removed. */
  private charge(request: OwnRequest, at: number): void {
    if (request.chargedTurn !== Number.POSITIVE_INFINITY) return
    this.endFlight(request)
    const now = this.options.now()
    for (const each of request.wallets) {
      for (const wallet of each.caps) wallet.spend(request.reservedUsd, now)
      each.know(at, request.reservedUsd)
    }
  }

  private endFlight(request: OwnRequest): void {
    if (request.chargedTurn !== Number.POSITIVE_INFINITY) return
    request.chargedTurn = nextTurn()
    for (const each of request.wallets) each.inFlightUsd = Math.max(0, each.inFlightUsd - request.reservedUsd)
  }
}

/** A pot in debt has not given all that its process owes: it gets nothing back. */
function leftOf({ wallets, reservedUsd, chargedTurn }: OwnRequest): LeftRequest {
  const paid = wallets.flatMap(({ caps }) =>
    caps.filter(({ heldUsd, paysSince }) => heldUsd > -UNIT_USD && chargedTurn > paysSince),
  )
  const pots = paid.flatMap(({ pool: { key, endsAt } }) => (endsAt === null ? [] : [[key, endsAt] as const]))
  return { usd: reservedUsd, pots }
}
