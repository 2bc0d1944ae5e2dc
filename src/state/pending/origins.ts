import { RequestRuns } from './request-runs.js'

/** Processes remembered: late feedback for requests of older ones finds nothing. */
export const ORIGINS_MAX = 32_768

/** Of routers, and so of origins: the first part of a request id. */
export const ORIGIN_NAME = /^[A-Za-z0-9_-]{1,64}$/

/** What is kept of an origin, in snapshots too. */
export interface OriginRecord {
  /** First part of its request ids. */
  readonly name: string
  /** Its registration, from 1. */
  readonly index: number
  /** Number of its next request, from 1: those below were routed, or lost. */
  readonly nextRequest: number
  /** Number of its latest event in a log; 0 without one. */
  readonly lastEvent: number
}

/** A process that routes: the first part of its request ids, and where its requests lie in the ring. */
export class Origin {
  readonly name: string
  readonly index: number
  nextRequest: number
  lastEvent: number
  readonly runs = new RequestRuns()

  constructor({ name, index, nextRequest, lastEvent }: OriginRecord) {
    this.name = name
    this.index = index
    this.nextRequest = nextRequest
    this.lastEvent = lastEvent
  }
}

/**
 * All processes whose requests are in the ring: a router by itself is the only one, replicas see each other's. Part of
 * the fold, so the order of registration is that of the log.
 */
export class Origins {
  private readonly byName = new Map<string, Origin>()
  private readonly byIndex = new Map<number, Origin>()
  private registrations = 0
  private latest: Origin | undefined

  get(name: string): Origin | undefined {
    if (this.latest?.name === name) return this.latest
    const found = this.byName.get(name)
    if (found !== undefined) this.latest = found
    return found
  }

  at(index: number): Origin | undefined {
    return this.latest?.index === index ? this.latest : this.byIndex.get(index)
  }

  /** The origin of that name, registered if it is new; the oldest is forgotten where there are too many. */
  register(name: string): Origin {
    return (
      this.get(name) ?? this.insert({ name, index: this.registrations + 1, nextRequest: 1, lastEvent: 0 })
    )
  }

  /** Takes over an origin of a snapshot; they come in order of their index. */
  insert(record: OriginRecord): Origin {
    const origin = new Origin(record)
    this.registrations = Math.max(this.registrations, record.index)
    this.byName.set(origin.name, origin)
    this.byIndex.set(origin.index, origin)
    if (this.byName.size > ORIGINS_MAX) {
      const [oldest] = this.byName.values()
      this.byName.delete(oldest.name)
      this.byIndex.delete(oldest.index)
      if (this.latest === oldest) this.latest = undefined
    }
    return origin
  }

  *records(): Generator<OriginRecord> {
    for (const { name, index, nextRequest, lastEvent } of this.byName.values())
      yield { name, index, nextRequest, lastEvent }
  }
}
