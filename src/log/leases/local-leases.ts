import { ParetoBanditError } from '../../base/errors.js'
import { LatestMap } from '../../base/latest-map.js'
import type { EventOf, LoggedEvent } from '../../events/events.js'
import type { Lease } from '../../policy/lease.js'
import type { Outcome } from '../log-fold.js'
import { inSlices } from '../time-slice.js'
import { AccountWallets } from './account-wallets.js'
import { ExceededLimits } from './exceeded-limits.js'
import type { LeaseOptions } from './lease-options.js'
import { LeaseRenewal } from './lease-renewal.js'
import { type LeftRequest, LeftRequests } from './left-requests.js'
import { OthersInFlight } from './others-in-flight.js'
import type { OwnRequest } from './own-request.js'
import { nextTurn } from './turn.js'
import { UNIT_USD, type Wallet } from './wallet.js'

/** Own requests that are over and whose bill may still rise. */
const BILLABLE_MAX = 8192

/** What was booked for a request. */
type Bill = Pick<EventOf<'billed'>, 'id' | 'at' | 'costUsd'>

/** The same as its end. */
type Settlement = Bill & Pick<EventOf<'settled' | 'failed' | 'cancelled'>, 'type'>

/** An own request that is over. */
interface BillableRequest {
  readonly wallets: readonly AccountWallets[]
  readonly chargedTurn: number
  drawnUsd: number
}

/**
 * What this process may spend of caps and strict budgets that it shares with others. Slices of them are taken from the
 * store ahead of need and off the hot path; a request draws on what is here and on nothing else, so all processes together
 * never draw more than there is. What a crash leaves unspent in a slice stays drawn: of a cap until its period ends, of
 * a burst until others have paid it back out of what they save.
 *
 * **Why a calendar cap holds.** Of each wallet, granted = held + reserved in flight + costs that became known since it began:
 * a grant adds to both sides, a request moves its reservation from held into flight, and what it costs takes the place of
 * that, with the rest back in held. One that begins owes what is in flight then, and what became known before it: held is
 * below 0 by as much. A request draws only what is held, so after it flight + costs <= granted, and by the store's atomic
 * call the grants of all processes are at most the pot. What is owed and not granted yet may be spent besides: others leave
 * as much in the pot as the log tells them (`OthersInFlight`), which is why a process that is cut off can exceed a cap by what
 * another has not heard of: what it had in flight and the slice that it held. What one that was closed had in flight stays granted, until
 * the bill of each: who appends it gives the rest back (`LeftRequests`). A rolling wallet has the same sum, and renews held and flight before they are old.
 * `test/log/shared-caps.test.ts` plays scripts against it.
 */
export class LocalLeases implements Lease {
  private readonly options: LeaseOptions
  private readonly accounts = new Map<string | null, AccountWallets>()
  private readonly ownRequests = new Map<string, OwnRequest>()
  private readonly billable = new LatestMap<string, BillableRequest>(BILLABLE_MAX)
  private readonly exceeded: ExceededLimits
  private readonly others: OthersInFlight
  private readonly renewal: LeaseRenewal
  private readonly left: LeftRequests | null
  private isAway = false
  private isClosed = false

  constructor(options: LeaseOptions) {
    this.options = options
    this.others = new OthersInFlight(options.capacity)
    this.exceeded = new ExceededLimits(options)
    this.left = options.notes === null ? null : new LeftRequests(options.notes)
    this.renewal = new LeaseRenewal(
      options,
      this.accounts,
      this.others,
      this.left,
      () => this.storeAnswers(),
      (error) => {
        // The store has answered where it says that a pot is gone.
        if (!isGone(error)) this.storeFails()
        options.onError(error)
      },
    )
  }

  /** Takes the first slices, before any traffic. @throws what the store throws */
  async open(): Promise<void> {
    const { inFlight, known, limitsOf, now, burst } = this.options
    const tenants = [null, ...this.options.tenants()]
    // They ask for nothing: what others may still have to pay must be known before.
    const wallets = tenants.flatMap((tenant) => {
      const account = new AccountWallets(tenant, burst)
      const limits = limitsOf(tenant)
      if (limits !== undefined) account.follow(limits, now())
      return account.caps
    })
    await inSlices(this.others.restartSteps(inFlight(), known(), wallets))
    await this.renewal.count()
    for (const tenant of tenants) this.followLimits(tenant)
    await this.renewal.refill().catch((error: unknown) => {
      if (!isGone(error)) throw error
      this.options.onError(error)
    })
  }

  /** Allocates nothing while limits stand, as `creditUsd`. */
  capsUsd(tenant: string | null): number {
    const least = this.capsOf(null)
    return tenant === null ? least : Math.min(least, this.capsOf(tenant))
  }

  creditUsd(tenant: string | null): number {
    return this.account(tenant)?.creditUsd(this.awayShare) ?? Number.POSITIVE_INFINITY
  }

  miss(tenant: string | null, usd: number): void {
    for (const each of this.of(tenant))
      for (const wallet of each.all()) wallet.miss(usd, this.renewal.processes)
    this.renewal.wantRefill()
  }

  more(tenant: string | null, usd: number): Promise<void> | null {
    // Of a store that does not answer each request would wait for a whole timeout, again and again.
    if (this.isClosed || this.isAway || this.renewal.isQuiet || this.renewal.isSlow) return null
    const now = this.options.now()
    const short = this.of(tenant).flatMap((each) => each.shortOf(usd, now, this.awayShare))
    if (short.length === 0 || !short.every((wallet) => wallet.mayGet(usd, this.renewal.processes)))
      return null
    return this.renewal.next()
  }

  /** An own request was routed, or refused: it pays in, and draws. */
  recordDraw(event: EventOf<'routed'> | EventOf<'refused'>): void {
    const { tenant } = event
    if (event.type === 'refused') {
      this.payIn(tenant, event.requests)
      return
    }
    const wallets = this.of(tenant)
    if (wallets.length === 0) return
    const paidUsd = wallets.map((each) => this.payIn(each.tenant))
    for (const each of wallets) {
      each.inFlightUsd += event.reservedUsd
      for (const wallet of each.all()) wallet.draw(event.reservedUsd)
    }
    this.ownRequests.set(event.id, {
      model: event.model,
      reservedUsd: event.reservedUsd,
      paidUsd,
      wallets,
      chargedTurn: Number.POSITIVE_INFINITY,
    })
    if (this.ownRequests.size > this.options.capacity) {
      for (const [id, oldest] of this.ownRequests) {
        this.endFlight(oldest)
        this.forget(id, oldest)
        break
      }
    }
  }

  /** An event of the log has its place. @param origin who appended it; @param isOwn whether that is this process */
  recordPlace(outcome: Outcome, origin: string, isOwn: boolean): void {
    if (this.isClosed) return
    if (outcome.kind === 'refused' && outcome.event?.type === 'routed') this.dropRequest(outcome.event.id)
    if (outcome.kind !== 'applied' && outcome.kind !== 'billed') return
    const { event } = outcome
    this.others.follow(event, origin, event.type === 'routed' && this.ownRequests.has(event.id))
    switch (event.type) {
      case 'settled':
      case 'failed':
      case 'cancelled':
        if (isOwn) this.billLeft(event)
        this.settled(event)
        break
      case 'billed':
        if (isOwn) this.billLeft(event)
        this.billed(event)
        break
      case 'account-adjusted':
        this.adjusted(event, isOwn)
        break
      case 'expired': {
        const request = this.ownRequests.get(event.id)
        if (request !== undefined) this.charge(request, event.at)
        break
      }
      case 'budget-set':
      case 'caps-set':
      case 'tenant-added':
      case 'period-started':
        this.followLimits(event.tenant)
        break
      case 'model-removed':
        if (event.drain) break
        // Its requests in flight count as spent at what was reserved.
        for (const [id, request] of this.ownRequests) {
          if (request.model !== event.model) continue
          this.charge(request, event.at)
          this.forget(id, request)
        }
        break
      case 'tenant-removed':
        this.forgetTenant(event.tenant)
    }
    this.exceeded.passed(event.at)
  }

  /**
   * The router's state was begun from a snapshot: what happened meanwhile is in no event that was read.
   * @param unread own events that have their places in what was not read
   */
  rejoin(unread: readonly LoggedEvent[]): void {
    if (this.isClosed) return
    // Of a credit nobody can say any more how much of it ended debts of others: it is not given here.
    for (const event of unread)
      if (event.type === 'account-adjusted' && event.usd < 0) this.adjusted(event, true)
    for (const event of unread) this.billUnread(event)
    this.exceeded.forget()
    const flights = [...this.options.inFlight()]
    const known = [...this.options.known()]
    this.catchUp(new Set([...flights, ...known].map(({ id }) => id)))
    const isOwn = ({ id }: { readonly id: string }) => this.ownRequests.has(id) || this.billable.has(id)
    this.others.restart(
      flights.filter((each) => !isOwn(each)),
      known.filter((each) => !isOwn(each)),
      [...this.accounts.values()].flatMap(({ caps }) => caps),
    )
  }

  storeFails(): void {
    this.isAway = true
  }

  storeAnswers(): void {
    this.isAway = false
  }

  /** The store is broken for good. */
  stop(): void {
    this.renewal.stop()
  }

  /** Puts back what is unspent, and leaves what is in flight to others. */
  async close(): Promise<void> {
    // Whatever comes of these requests from now on is theirs.
    this.isClosed = true
    const left = new Map<string, LeftRequest>()
    for (const [id, request] of this.ownRequests) {
      const each = leftOf(request)
      if (each.pots.length > 0) left.set(id, each)
    }
    await this.renewal.close()
    try {
      await this.left?.leave(left, this.options.now())
    } catch (error) {
      this.options.onError(error)
    }
  }

  private capsOf(tenant: string | null): number {
    const account = this.account(tenant)
    if (account === undefined || account.caps.length === 0) return Number.POSITIVE_INFINITY
    return account.capsUsd(this.options.now(), this.awayShare)
  }

  private get awayShare(): number {
    return this.isAway ? this.options.localShare : 0
  }

  /** The wallets of an account as of now; asks for more where one runs low. */
  private account(tenant: string | null): AccountWallets | undefined {
    const limits = this.options.limitsOf(tenant)
    if (limits === undefined) return undefined
    let account = this.accounts.get(tenant)
    if (account === undefined || account.isStale(limits, this.options.now()))
      account = this.followLimits(tenant)
    if (account?.isLow(this.renewal.processes, this.options.now()) === true) this.renewal.wantRefill()
    return account
  }

  /** The wallets of an account as its limits are now. */
  private followLimits(tenant: string | null): AccountWallets | undefined {
    const limits = this.options.limitsOf(tenant)
    if (limits === undefined) return undefined
    let account = this.accounts.get(tenant)
    if (account === undefined) {
      account = new AccountWallets(tenant, this.options.burst)
      this.accounts.set(tenant, account)
    }
    const gone = account.follow(limits, this.options.now())
    void this.renewal.giveBack(gone.map((wallet) => [wallet, wallet.heldUsd]))
    this.renewal.wantRefill()
    return account
  }

  private forgetTenant(tenant: string): void {
    const account = this.accounts.get(tenant)
    if (account === undefined) return
    this.accounts.delete(tenant)
    void this.renewal.giveBack(account.everything().map((wallet) => [wallet, wallet.heldUsd]))
  }

  /** The accounts that a request draws on: one that shares nothing yet may get a cap while it is in flight. */
  private of(tenant: string | null): readonly AccountWallets[] {
    const router = this.accounts.get(null)
    const own = tenant === null ? undefined : this.accounts.get(tenant)
    return [router, own].filter((each) => each !== undefined)
  }

  /** @returns USD paid in */
  private payIn(tenant: string | null, requests = 1): number {
    const burst = this.accounts.get(tenant)?.burst
    const usd = requests * (this.options.limitsOf(tenant)?.usdPerRequest ?? 0)
    if (burst === undefined || burst === null) return 0
    burst.heldUsd += usd
    return usd
  }

  private settled(event: Settlement): void {
    const request = this.ownRequests.get(event.id)
    if (request === undefined) {
      // It was over before: it had expired in events that were not read, or the log has lost what was told first.
      this.billed(event, false)
      return
    }
    this.ownRequests.delete(event.id)
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

  /** A bill that this process has appended: of a request that another routed, which may be gone. */
  private billLeft({ id, at, costUsd }: Bill): void {
    if (!this.ownRequests.has(id) && !this.billable.has(id)) this.left?.bill(id, at, costUsd)
  }

  /** The same of a bill that was not read back: what is booked is known, though it may be another's, who came before. */
  private billUnread(event: LoggedEvent): void {
    switch (event.type) {
      case 'settled':
      case 'failed':
      case 'cancelled':
      case 'billed': {
        const booked = this.options.bookedOf(event.id)
        if (booked) this.billLeft({ id: event.id, at: booked.at, costUsd: booked.usd })
      }
    }
  }

  /** What became of own requests in events that were not read. @param ids of the requests that the router's state remembers */
  private catchUp(ids: ReadonlySet<string>): void {
    for (const [id, { drawnUsd }] of [...this.billable]) {
      const booked = this.options.bookedOf(id)
      if (booked && booked.usd !== drawnUsd) this.billed({ id, at: booked.at, costUsd: booked.usd })
    }
    for (const id of [...this.ownRequests.keys()]) {
      const booked = this.options.bookedOf(id)
      if (booked) {
        const type = booked.hasFailed ? 'failed' : 'settled'
        this.settled({ type, id, at: booked.at, costUsd: booked.usd })
      }
      // Its own event may have no place yet. What has one and is forgotten cost what nobody can say: what was drawn stays drawn.
      else if (booked === undefined && !ids.has(id)) this.dropRequest(id)
    }
  }

  /** A request that nothing more will be heard of: what it drew stays drawn. */
  private dropRequest(id: string): void {
    const request = this.ownRequests.get(id)
    if (request === undefined) return
    this.endFlight(request)
    this.forget(id, request)
  }

  /** Its reservation is spent, until a bill says otherwise. */
  private forget(id: string, request: OwnRequest): void {
    this.ownRequests.delete(id)
    this.remember(id, request, request.reservedUsd)
  }

  /**
   * A bill takes the place of what was drawn. One that is lower gives back where this process has paid for it, in the
   * period in force; where that is another it ends no more than a debt.
   * @param endsDebt whether it does
   */
  private billed({ id, at, costUsd }: Bill, endsDebt = true): void {
    const own = this.ownRequests.get(id)
    if (own !== undefined) {
      this.endFlight(own)
      this.forget(id, own)
    }
    const request = this.billable.get(id)
    if (request === undefined) return
    const moreUsd = costUsd - request.drawnUsd
    request.drawnUsd = costUsd
    const now = this.options.now()
    for (const each of request.wallets) {
      for (const wallet of each.all()) {
        const isPaid = wallet === each.burst || request.chargedTurn > wallet.paysSince
        if (moreUsd < 0) {
          if (isPaid || endsDebt) this.credit(wallet, -moreUsd, isPaid)
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

  /** An own request has cost more than was booked for it. */
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

  /**
   * An operator's credit ends first what all together have spent more than there is: at each process the share that its own bills have in
   * that, whoever else owes. The rest is put into the pot, by the process that gave it: others pay their debts out of that.
   */
  private adjusted({ tenant, usd, at }: EventOf<'account-adjusted'>, isOwn: boolean): void {
    const account = this.accounts.get(tenant)
    if (account === undefined) return
    for (const wallet of account.all()) {
      if (usd <= 0) {
        if (!isOwn) continue
        wallet.heldUsd += usd
        this.exceeded.follow(account, wallet, at, -usd)
        continue
      }
      const { pool } = wallet
      const endedUsd = this.exceeded.follow(account, wallet, at, -usd)
      // Dollars of a rolling cap come back when the window has passed.
      if (endedUsd > 0) this.credit(wallet, endedUsd, pool.windowMs === null)
      const restUsd = isOwn ? this.exceeded.restOf(account, wallet, usd) : 0
      if (restUsd > 0) this.credit(wallet, restUsd, pool.windowMs === null)
    }
    account.boundDebt()
  }

  /** What is more than a slice is for others. @param isAll whether it is more than the end of a debt */
  private credit(wallet: Wallet, usd: number, isAll: boolean): void {
    if (isAll) wallet.heldUsd += usd
    else wallet.creditDebt(usd)
    const sliceUsd = wallet.sliceUsd(this.renewal.processes)
    if (wallet.heldUsd > sliceUsd) void this.renewal.giveBack([[wallet, wallet.heldUsd - sliceUsd]])
  }

  private remember(id: string, { wallets, chargedTurn }: OwnRequest, drawnUsd: number): void {
    this.billable.set(id, { wallets, chargedTurn, drawnUsd })
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

/** What a process leaves that is closed: calendar pots that have paid for a request. One in debt has not got all that it owes out of its pot. */
function leftOf({ wallets, reservedUsd, chargedTurn }: OwnRequest): LeftRequest {
  const paid = wallets.flatMap(({ caps }) =>
    caps.filter(({ heldUsd, paysSince }) => heldUsd > -UNIT_USD && chargedTurn > paysSince),
  )
  const pots = paid.flatMap(({ pool: { key, endsAt } }) => (endsAt === null ? [] : [[key, endsAt] as const]))
  return { usd: reservedUsd, pots }
}

function isGone(error: unknown): boolean {
  return error instanceof ParetoBanditError && error.code === 'STORE_CORRUPT'
}
