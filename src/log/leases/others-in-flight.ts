import { LatestMap } from '../../base/latest-map.js'
import type { RouterEvent } from '../../events/events.js'
import { POT_STEPS } from '../../policy/lease.js'
import { runToEnd } from '../../state/snapshot/snapshot.js'
import { ROLLING_STEPS, type Wallet } from './wallet.js'

/** A request of another process that was in flight when this one began. */
export interface Flight {
  readonly id: string
  readonly tenant: string | null
  readonly model: string
  readonly at: number
  readonly reservedUsd: number
}

/** What one became that its own process may not have heard of. */
interface Landed {
  readonly origin: string
  readonly tenant: string | null
  readonly routedAt: number
  readonly at: number
  readonly usd: number
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

/** So long has a process that is there to pay for what became of its requests: its own call to the store may be slow. */
const PAYING_MS = 2000

/**
 * Requests of other processes, as the log tells of them. Each pays for its own, and pays again in a new period and as
 * dollars grow old. One that is cut off, or gone, cannot: what it has in flight is then no part of any pot, so the
 * others leave as much in it.
 */
export class OthersInFlight {
  private readonly flights: LatestMap<string, Flight>
  private landed: Landed[] = []
  /** Of processes that have been heard of since, with when it was heard by this process's clock; the oldest first. */
  private paying: (Landed & { readonly heardAt: number })[] = []
  /** By process: the time of the latest event that it appended. */
  private readonly heardAt = new Map<string, number>()
  private readonly capacity: number
  private readonly latest = new WeakMap<Wallet, Counted>()

  constructor(capacity: number) {
    this.capacity = capacity
    this.flights = new LatestMap(capacity)
  }

  /** As the state has it. */
  restart(flights: Iterable<Flight>): void {
    runToEnd(this.restartSteps(flights))
  }

  /** The same in steps. */
  *restartSteps(flights: Iterable<Flight>): Generator<void> {
    this.flights.clear()
    let taken = 0
    for (const flight of flights) {
      this.flights.set(flight.id, flight)
      if (++taken % STEP_FLIGHTS === 0) yield
    }
  }

  /** An event of the log. @param origin who appended it */
  follow(event: RouterEvent, origin: string, isOwn: boolean): void {
    this.hear(origin, event.at)
    switch (event.type) {
      case 'routed':
        if (!isOwn) this.flights.set(event.id, event)
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
    this.endPaying(countedAt)
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
    let usd = 0
    if (windowMs === null) {
      if (startsAt === null) return 0
      for (const each of this.flights.values())
        if (each.at < startsAt && isOf(each.tenant, tenant)) usd += each.reservedUsd
      for (const list of [this.landed, this.paying])
        for (const each of list)
          if (each.routedAt < startsAt && each.at >= startsAt && isOf(each.tenant, tenant)) usd += each.usd
      return usd
    }
    const stepsMs = (2 * windowMs) / ROLLING_STEPS
    // A pot counts what its own process pays for at that time so long: the cap's window, and a little more.
    const paidMs = windowMs * (1 + 2 / POT_STEPS)
    for (const each of this.flights.values()) {
      if (each.at > now - windowMs || !isOf(each.tenant, tenant)) continue
      // Who appended something since has made it count again.
      if ((this.heardAt.get(originOf(each.id)) ?? 0) <= now - windowMs + stepsMs) usd += each.reservedUsd
    }
    for (const list of [this.landed, this.paying])
      for (const each of list) {
        if (each.routedAt > now - windowMs || each.at < now - paidMs || !isOf(each.tenant, tenant)) continue
        if (each.at - each.routedAt > stepsMs) usd += each.usd
      }
    return usd
  }

  private hear(origin: string, at: number): void {
    if (at <= (this.heardAt.get(origin) ?? Number.NEGATIVE_INFINITY)) return
    this.heardAt.set(origin, at)
    // It is there, reads the log, and pays for what it has read, as soon as its store has answered.
    if (this.landed.length === 0) return
    const heard = this.landed.filter((each) => each.origin === origin)
    this.landed = this.landed.filter((each) => each.origin !== origin)
    for (const each of heard) this.willPay(each)
  }

  private willPay(landed: Landed): void {
    const heardAt = performance.now()
    this.endPaying(heardAt)
    this.paying.push({ ...landed, heardAt })
    if (this.paying.length > this.capacity) this.paying.shift()
  }

  private endPaying(now: number): void {
    const left = this.paying.findIndex(({ heardAt }) => now - heardAt < PAYING_MS)
    if (left !== 0) this.paying.splice(0, left < 0 ? this.paying.length : left)
  }

  private land(id: string, at: number, costUsd?: number): void {
    const flight = this.flights.get(id)
    if (flight === undefined) return
    this.flights.delete(id)
    const origin = originOf(id)
    const { tenant, at: routedAt, reservedUsd } = flight
    const landed = { origin, tenant, routedAt, at, usd: costUsd ?? reservedUsd }
    if ((this.heardAt.get(origin) ?? Number.NEGATIVE_INFINITY) >= at) {
      this.willPay(landed)
      return
    }
    this.landed.push(landed)
    if (this.landed.length > this.capacity) this.landed.shift()
  }
}

/** Every dollar is the router's, too. */
function isOf(payer: string | null, tenant: string | null): boolean {
  return tenant === null || payer === tenant
}

function originOf(id: string): string {
  return id.slice(0, id.lastIndexOf('.'))
}
