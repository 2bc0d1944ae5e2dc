import type { EventOf } from '../../../events/events.js'

/** What is counted is written at the latest with the first request that comes so much later, ms. */
const EVERY_MS = 1000
/** So much of a row of refusals, one after the other, may be counted and not written yet: the account is paid that much late. */
const UNWRITTEN_SHARE = 1 / 8
/** More accounts are not told apart: what they have counted is written at once. */
const COUNTERS_MAX = 1024
const NONE: readonly EventOf<'refused'>[] = []

/** Of one account. */
interface Counter {
  /** Refused since a request of it was routed last. */
  row: number
  /** Of these, those that are not written. */
  requests: number
  wroteAt: number
}

/**
 * Counts requests that a strict account refused. Each pays in, so that an account in debt gets out of it: one event for each while
 * few come in a row, then one for more and more of them, so that a client that asks again and again does not fill the log.
 */
export class RefusedRequests {
  private readonly counters = new Map<string | null, Counter>()

  /** How many counters there are. */
  get size(): number {
    return this.counters.size
  }

  /**
   * @param account whose was short: a tenant, null for the router's
   * @param lacking how many requests must pay in before it is not short: that many are written at once
   */
  refused(
    account: string | null,
    at: number,
    lacking = Number.POSITIVE_INFINITY,
  ): readonly EventOf<'refused'>[] {
    let counter = this.counters.get(account)
    if (counter === undefined) {
      if (this.counters.size >= COUNTERS_MAX) return [{ type: 'refused', at, tenant: account, requests: 1 }]
      counter = { row: 0, requests: 0, wroteAt: at }
      this.counters.set(account, counter)
    }
    counter.row++
    counter.requests++
    return counter.requests >= lacking || isDue(counter, at) ? [write(account, counter, at)] : NONE
  }

  /** Counted and not written: refused because that account was short. */
  unwritten(account: string | null): number {
    return this.counters.get(account)?.requests ?? 0
  }

  /** Requests are routed again, of that tenant or of none: their accounts are not short any more. */
  routed(tenant: string | null): void {
    if (this.counters.size === 0) return
    for (const account of tenant === null ? [null] : [null, tenant]) {
      const counter = this.counters.get(account)
      if (counter === undefined) continue
      counter.row = 0
      if (counter.requests === 0) this.counters.delete(account)
    }
  }

  /** What is to be written before the next request. @param isKnown whether a tenant is still there */
  due(at: number, isKnown: (tenant: string) => boolean): readonly EventOf<'refused'>[] {
    if (this.counters.size === 0) return NONE
    return this.take(at, isKnown, (counter) => counter.row === 0 || isDue(counter, at))
  }

  /** What is not written yet, whenever it is due. @param isKnown as of `due` */
  waiting(at: number, isKnown: (tenant: string) => boolean): readonly EventOf<'refused'>[] {
    return this.take(at, isKnown, () => true)
  }

  private take(
    at: number,
    isKnown: (tenant: string) => boolean,
    isWanted: (counter: Counter) => boolean,
  ): readonly EventOf<'refused'>[] {
    const events: EventOf<'refused'>[] = []
    for (const [account, counter] of this.counters) {
      if (account !== null && !isKnown(account)) this.counters.delete(account)
      else if (counter.requests > 0 && isWanted(counter)) events.push(write(account, counter, at))
      if (counter.row === 0) this.counters.delete(account)
    }
    return events
  }
}

/** A clock that was put back makes it due as well. */
function isDue({ row, requests, wroteAt }: Counter, at: number): boolean {
  return requests >= row * UNWRITTEN_SHARE || at >= wroteAt + EVERY_MS || at < wroteAt
}

function write(tenant: string | null, counter: Counter, at: number): EventOf<'refused'> {
  const { requests } = counter
  counter.requests = 0
  counter.wroteAt = at
  return { type: 'refused', at, tenant, requests }
}
