import { LatestMap } from '../../base/latest-map.js'
import type { RouterEvent } from '../../events/events.js'
import { POT_STEPS } from '../../policy/lease.js'
import { runToEnd } from '../../state/snapshot/snapshot.js'
import { type Landed, merged } from './landed.js'
import { ROLLING_STEPS, type Wallet } from './wallet.js'

/** A request of another process that was in flight when this one began. */
export interface Flight {
  readonly id: string
  readonly tenant: string | null
  readonly model: string
  readonly at: number
  readonly reservedUsd: number
}

/** A request whose cost was known before events of it were read, or while none were. */
export interface Known {
  readonly id: string
  readonly tenant: string | null
  readonly routedAt: number
  readonly at: number
  readonly usd: number
}

/** An event that a process appended: its time by that process's clock, and when it was heard by this one's, ms. */
interface Said {
  readonly at: number
  readonly heardAt: number
}

/** What a process is to pay that has been heard of. */
interface Payable extends Landed {
  /** Its latest event then: it pays within `PAYING_MS` of it. */
  readonly since: Said
}

/** A sum, with the times of counting: by the process and by the router's clock, ms. */
interface Counted {
  readonly countedAt: number
  readonly now: number
  readonly usd: number
}

/** Tens of thousands of requests are not counted for every slice. */
const COUNT_MS = 100
/** Requests that one step takes in. */
const STEP_FLIGHTS = 1024
/** Processes that are kept in mind though they owe nothing: each start is one. Who is forgotten counts as not heard of. */
const HEARD_MAX = 1024

/**
 * Who is heard of pays for what became of its requests, and renews, within so long: its own call to the store may be slow. That it has is
 * known when it says something so long after, by its clock and by this process's: it may have been cut off between its event and that
 * call, and two events that were said at once may be heard seconds apart.
 */
const PAYING_MS = 2000

/** What was heard of a process. */
interface Heard {
  /** Time of its latest event. */
  at: number
  /** The event from which `PAYING_MS` are counted: its first, then each that came so long after the one before. */
  since: Said
  /** Time of the `since` before: what it had in flight then counts in the pots. */
  provenAt: number
  /** Time of its latest request that drew on the caps of all: it had renewed by then, or it could not have. */
  drewAt: number
  /** The `since` of the oldest of what it is to pay; null while that is nothing. */
  payingSince: Said | null
}

/**
 * Requests of other processes, as the log tells of them. Each pays for its own, and pays again in a new period and as
 * dollars grow old. One that is cut off, or gone, cannot: what it has in flight is then no part of any pot, so the
 * others leave as much in it.
 */
export class OthersInFlight {
  private readonly flights: LatestMap<string, Flight>
  private landed: Landed[] = []
  /** Of processes that have been heard of since. */
  private paying: Payable[] = []
  private readonly heard = new Map<string, Heard>()
  private readonly capacity: number
  /** Time of the latest event that was followed. */
  private followedAt = Number.NEGATIVE_INFINITY
  /** The longest that any wallet so far counts a dollar, ms: what became known before that is no part of any. */
  private longestMs = 0
  private readonly latest = new WeakMap<Wallet, Counted>()

  constructor(capacity: number) {
    this.capacity = capacity
    this.flights = new LatestMap(capacity)
  }

  /** As the state has it. @param known of others; wallets: of all accounts, as of now */
  restart(flights: Iterable<Flight>, known: Iterable<Known> = [], wallets: readonly Wallet[] = []): void {
    runToEnd(this.restartSteps(flights, known, wallets))
  }

  /** The same in steps. */
  *restartSteps(
    flights: Iterable<Flight>,
    known: Iterable<Known>,
    wallets: readonly Wallet[],
  ): Generator<void> {
    let taken = 0
    // Those of many tenants begin together.
    const kinds = [
      ...new Map(wallets.map((each) => [`${each.startsAt} ${each.pool.windowMs}`, each])).values(),
    ]
    // What they cost was heard of by nobody here: whether their processes have paid for it is not known.
    for (const { id, tenant, routedAt, at, usd } of known) {
      if (++taken % STEP_FLIGHTS === 0) yield
      if (!this.flights.has(id) && routedAt < this.followedAt) continue
      const landed = { origin: originOf(id), tenant, routedAt, at, usd }
      if (usd > 0 && kinds.some((wallet) => mayLack(wallet, landed))) this.landed.push(landed)
    }
    if (this.landed.length > this.capacity) this.landed = merged(this.landed, this.capacity)
    this.flights.clear()
    for (const flight of flights) {
      this.flights.set(flight.id, flight)
      if (++taken % STEP_FLIGHTS === 0) yield
    }
  }

  /** An event of the log. @param origin who appended it */
  follow(event: RouterEvent, origin: string, isOwn: boolean): void {
    this.hear(origin, event.at)
    this.followedAt = Math.max(this.followedAt, event.at)
    switch (event.type) {
      case 'routed':
        if (isOwn) break
        this.flights.set(event.id, event)
        if (event.reservedUsd > 0) this.drew(origin, event.at)
        break
      case 'settled':
      case 'failed':
      case 'cancelled':
        this.land(event.id, event.at, event.costUsd)
        break
      case 'expired':
        this.land(event.id, event.at)
        break
      case 'model-removed':
        if (event.drain) break
        for (const { id, model } of this.flights.values()) if (model === event.model) this.land(id, event.at)
    }
  }

  /** USD of an account that the pot of a wallet may not count, as of now or some moments ago. */
  uncountedUsd(tenant: string | null, wallet: Wallet, now: number): number {
    const countedAt = performance.now()
    this.longestMs = Math.max(this.longestMs, lengthOf(wallet))
    if (this.flights.size === 0 && this.landed.length === 0 && this.paying.length === 0) return 0
    const last = this.latest.get(wallet)
    if (last !== undefined && countedAt - last.countedAt < COUNT_MS && Math.abs(now - last.now) < COUNT_MS)
      return last.usd
    const usd = this.count(tenant, wallet, now)
    this.latest.set(wallet, { countedAt, now, usd })
    return usd
  }

  private count(tenant: string | null, wallet: Wallet, now: number): number {
    const { startsAt, pool } = wallet
    const { windowMs } = pool
    if (this.longestMs > 0) this.forgetOld(now - this.longestMs)
    let usd = 0
    if (windowMs === null) {
      if (startsAt === null) return 0
      for (const each of this.flights.values())
        if (each.at < startsAt && isOf(each.tenant, tenant)) usd += each.reservedUsd
      for (const list of [this.landed, this.paying])
        for (const each of list) if (mayLack(wallet, each) && isOf(each.tenant, tenant)) usd += each.usd
      return usd
    }
    const stepsMs = (2 * windowMs) / ROLLING_STEPS
    const paidMs = lengthOf(wallet)
    for (const each of this.flights.values()) {
      if (each.at > now - windowMs || !isOf(each.tenant, tenant)) continue
      // Who is there has made it count again.
      if (this.renewedBy(originOf(each.id), tenant) <= now - windowMs + stepsMs) usd += each.reservedUsd
    }
    for (const list of [this.landed, this.paying])
      for (const each of list) {
        if (each.routedAt > now - windowMs || each.at < now - paidMs || !isOf(each.tenant, tenant)) continue
        if (mayLack(wallet, each)) usd += each.usd
      }
    return usd
  }

  private hear(origin: string, at: number): void {
    const said = { at, heardAt: performance.now() }
    const heard = this.heardOf(origin, said)
    if (isProof(heard.since, said)) {
      heard.provenAt = heard.since.at
      heard.since = said
    }
    if (heard.payingSince !== null && isProof(heard.payingSince, said)) this.endPaying(origin, heard, said)
    if (at <= heard.at) return
    heard.at = at
    // It is there, reads the log, and pays for what it has read, as soon as its store has answered.
    if (this.landed.length === 0) return
    const landed = this.landed.filter((each) => each.origin === origin)
    this.landed = this.landed.filter((each) => each.origin !== origin)
    for (const each of landed) this.willPay(each, heard, said.heardAt)
  }

  /** The time by which a process had renewed what it has in flight, at least. */
  private renewedBy(origin: string, tenant: string | null): number {
    const heard = this.heard.get(origin)
    if (heard === undefined) return Number.NEGATIVE_INFINITY
    return tenant === null ? Math.max(heard.provenAt, heard.drewAt) : heard.provenAt
  }

  private drew(origin: string, at: number): void {
    const heard = this.heard.get(origin)
    if (heard !== undefined) heard.drewAt = Math.max(heard.drewAt, at)
  }

  private heardOf(origin: string, since: Said): Heard {
    const known = this.heard.get(origin)
    if (known !== undefined) return known
    const before = Number.NEGATIVE_INFINITY
    const heard = { at: before, since, provenAt: before, drewAt: before, payingSince: null }
    this.heard.set(origin, heard)
    if (this.heard.size > HEARD_MAX) this.forgetQuietest()
    return heard
  }

  /** Of those that owe nothing, the one that has said nothing for longest. */
  private forgetQuietest(): void {
    let quietest: string | null = null
    let least = Number.POSITIVE_INFINITY
    for (const [origin, { at, payingSince }] of this.heard) {
      // One that has just been heard of for the first time has no time yet.
      if (payingSince !== null || at >= least || at === Number.NEGATIVE_INFINITY) continue
      quietest = origin
      least = at
    }
    if (quietest !== null) this.heard.delete(quietest)
  }

  private willPay(landed: Landed, heard: Heard, heardAt: number): void {
    const since = { at: heard.at, heardAt }
    this.paying.push({ ...landed, since })
    heard.payingSince ??= since
    if (this.paying.length > this.capacity) this.paying = merged(this.paying, this.capacity)
  }

  /** It has paid what it was to pay for long enough. */
  private endPaying(origin: string, heard: Heard, said: Said): void {
    this.paying = this.paying.filter((each) => each.origin !== origin || !isProof(each.since, said))
    heard.payingSince = this.paying.find((each) => each.origin === origin)?.since ?? null
  }

  /** What became known before `at`: of processes that are gone nothing else ends it. */
  private forgetOld(at: number): void {
    if (this.landed.some((each) => each.at < at)) this.landed = this.landed.filter((each) => each.at >= at)
    if (!this.paying.some((each) => each.at < at)) return
    this.paying = this.paying.filter((each) => each.at >= at)
    const owing = new Map<string, Said>()
    for (const { origin, since } of this.paying) if (!owing.has(origin)) owing.set(origin, since)
    for (const [origin, heard] of this.heard) heard.payingSince = owing.get(origin) ?? null
  }

  private land(id: string, at: number, costUsd?: number): void {
    const flight = this.flights.get(id)
    if (flight === undefined) return
    this.flights.delete(id)
    const origin = originOf(id)
    const { tenant, at: routedAt, reservedUsd } = flight
    const landed = { origin, tenant, routedAt, at, usd: costUsd ?? reservedUsd }
    const heard = this.heard.get(origin)
    if (heard !== undefined && heard.at >= at) {
      this.willPay(landed, heard, performance.now())
      return
    }
    this.landed.push(landed)
    if (this.landed.length > this.capacity) this.landed = merged(this.landed, this.capacity)
  }
}

/** Whether a process that said the later of two events had `PAYING_MS` after the earlier one, whoever of both was stalled. */
function isProof(since: Said, said: Said): boolean {
  return Math.min(said.at - since.at, said.heardAt - since.heardAt) >= PAYING_MS
}

/**
 * How long a wallet counts what became known, ms. A rolling pot counts what its own process pays for at that time so long: the cap's
 * window, and a little more.
 */
function lengthOf({ startsAt, pool }: Wallet): number {
  const { endsAt, windowMs } = pool
  if (windowMs !== null) return windowMs * (1 + 2 / POT_STEPS)
  return startsAt === null || endsAt === null ? 0 : endsAt - startsAt
}

/** Whether the pot of a wallet lacks what a request cost, unless its process has paid for that again. */
function mayLack({ startsAt, pool: { windowMs } }: Wallet, { routedAt, at }: Landed): boolean {
  if (windowMs !== null) return at - routedAt > (2 * windowMs) / ROLLING_STEPS
  return startsAt !== null && routedAt < startsAt && at >= startsAt
}

/** Every dollar is the router's, too. */
function isOf(payer: string | null, tenant: string | null): boolean {
  return tenant === null || payer === tenant
}

function originOf(id: string): string {
  return id.slice(0, id.lastIndexOf('.'))
}
