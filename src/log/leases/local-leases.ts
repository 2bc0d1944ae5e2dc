import { ParetoBanditError } from '../../base/errors.js'
import type { EventOf, LoggedEvent } from '../../events/events.js'
import type { Lease } from '../../policy/lease.js'
import type { Outcome } from '../log-fold.js'
import { inSlices } from '../time-slice.js'
import { AccountWallets } from './account-wallets.js'
import { ExceededLimits } from './exceeded-limits.js'
import type { LeaseOptions } from './lease-options.js'
import { LeaseRenewal } from './lease-renewal.js'
import { LeftRequests } from './left-requests.js'
import { OthersInFlight } from './others-in-flight.js'
import { type Bill, OwnRequests } from './own-requests.js'

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
  private readonly own: OwnRequests
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
    this.own = new OwnRequests(options, this.accounts, this.exceeded, this.renewal)
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
    this.own.draw(event, wallets, paidUsd)
  }

  /** An event of the log has its place. @param origin who appended it; @param isOwn whether that is this process */
  recordPlace(outcome: Outcome, origin: string, isOwn: boolean): void {
    if (this.isClosed) return
    if (outcome.kind === 'refused' && outcome.event?.type === 'routed') this.own.drop(outcome.event.id)
    if (outcome.kind !== 'applied' && outcome.kind !== 'billed') return
    const { event } = outcome
    this.others.follow(event, origin, event.type === 'routed' && this.own.isUnderWay(event.id))
    switch (event.type) {
      case 'settled':
      case 'failed':
      case 'cancelled':
        if (isOwn) this.billLeft(event)
        this.own.settled(event)
        break
      case 'billed':
        if (isOwn) this.billLeft(event)
        this.own.billed(event)
        break
      case 'account-adjusted':
        this.adjusted(event, isOwn)
        break
      case 'expired':
        this.own.expired(event.id, event.at)
        break
      case 'budget-set':
      case 'caps-set':
      case 'tenant-added':
      case 'period-started':
        this.followLimits(event.tenant)
        break
      case 'model-removed':
        if (!event.drain) this.own.modelRemoved(event.model, event.at)
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
    this.own.catchUp(new Set([...flights, ...known].map(({ id }) => id)))
    const isOwn = ({ id }: { readonly id: string }) => this.own.knows(id)
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
    const left = this.own.left()
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

  /** A bill that this process has appended: of a request that another routed, which may be gone. */
  private billLeft({ id, at, costUsd }: Bill): void {
    if (!this.own.knows(id)) this.left?.bill(id, at, costUsd)
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
      if (endedUsd > 0) this.renewal.credit(wallet, endedUsd, pool.windowMs === null)
      const restUsd = isOwn ? this.exceeded.restOf(account, wallet, usd) : 0
      if (restUsd > 0) this.renewal.credit(wallet, restUsd, pool.windowMs === null)
    }
    account.boundDebt()
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ParetoBanditError && error.code === 'STORE_CORRUPT'
}
