import type { EventOf } from '../../../events/events.js'

/** Each counter writes no oftener than this, ms: clients that ask again and again must not fill the log. */
const EVERY_MS = 1000
const NONE: readonly EventOf<'capped'>[] = []

/** Refused since the counter wrote last: how many, and when the latest of them came. */
interface Counter {
  readonly tenant: string | null
  readonly byTenant: boolean
  wroteAt: number
  requests: number
  lastAt: number
}

/**
 * Counts requests that caps refused, by whose they were and whose cap it was. The first is written at once, those of the next
 * second together when it is over, before the next request or before the log is flushed. A counter
 * is forgotten after a second in which it had nothing to count.
 */
export class CappedRequests {
  private readonly counters = new Map<string, Counter>()
  /** When the first of the counters has something to write, or is to be forgotten; infinity: never. */
  private dueAt = Number.POSITIVE_INFINITY

  /** How many counters there are. */
  get size(): number {
    return this.counters.size
  }

  /** A request was refused. @param tenant whose it was @param byTenant whether the tenant's cap refused it, not the router's */
  refused(tenant: string | null, byTenant: boolean, at: number): readonly EventOf<'capped'>[] {
    const key = `${byTenant ? 't' : 'r'}${tenant ?? ''}`
    let counter = this.counters.get(key)
    if (counter === undefined) {
      counter = { tenant, byTenant, wroteAt: Number.NEGATIVE_INFINITY, requests: 0, lastAt: at }
      this.counters.set(key, counter)
    }
    counter.requests++
    counter.lastAt = at
    const events = isOpen(counter, at) ? [write(counter, at)] : NONE
    this.dueAt = Math.min(this.dueAt, counter.wroteAt + EVERY_MS)
    return events
  }

  /**
   * Requests that are counted and not written, of a tenant or of the router (null): those that its caps refused.
   * @param isKnown whether a tenant is still there
   */
  unwritten(account: string | null, isKnown: (tenant: string) => boolean): number {
    if (account !== null) return this.counters.get(`t${account}`)?.requests ?? 0
    let requests = 0
    for (const { tenant, byTenant, requests: counted } of this.counters.values())
      if (!byTenant && (tenant === null || isKnown(tenant))) requests += counted
    return requests
  }

  /** What is to be written before the next request. @param isKnown whether a tenant is still there */
  due(at: number, isKnown: (tenant: string) => boolean): readonly EventOf<'capped'>[] {
    if (at < this.dueAt) return NONE
    const events: EventOf<'capped'>[] = []
    this.dueAt = Number.POSITIVE_INFINITY
    for (const [key, counter] of this.counters) {
      const isGone = counter.tenant !== null && !isKnown(counter.tenant)
      if (isGone || (isOpen(counter, at) && counter.requests === 0)) {
        this.counters.delete(key)
        continue
      }
      if (isOpen(counter, at)) events.push(write(counter, at))
      this.dueAt = Math.min(this.dueAt, counter.wroteAt + EVERY_MS)
    }
    return events
  }

  /** What is not written yet, whenever it is due. @param isKnown as of `due` */
  waiting(at: number, isKnown: (tenant: string) => boolean): readonly EventOf<'capped'>[] {
    const events: EventOf<'capped'>[] = []
    for (const counter of this.counters.values()) {
      const { tenant, requests } = counter
      if (requests > 0 && (tenant === null || isKnown(tenant))) events.push(write(counter, at))
    }
    return events
  }
}

/** A clock that was put back opens it as well. */
function isOpen({ wroteAt }: Counter, at: number): boolean {
  return at >= wroteAt + EVERY_MS || at < wroteAt
}

function write(counter: Counter, at: number): EventOf<'capped'> {
  const { tenant, byTenant, requests } = counter
  // A clock that was put back: none came later than now.
  const lastAt = Math.min(counter.lastAt, at)
  counter.wroteAt = at
  counter.requests = 0
  return { type: 'capped', at, tenant, byTenant, requests, lastAt }
}
