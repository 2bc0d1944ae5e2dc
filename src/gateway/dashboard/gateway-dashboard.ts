import type { Router, RouterEvent } from '../../index.js'
import type { LiveConfig } from '../config/live-config.js'
import type { RequestRecord } from '../logs/request-record.js'
import { Collector } from './collector.js'
import { Estimates } from './estimates.js'
import { Explanations } from './explanations.js'
import { Ring } from './history.js'
import { shownOf } from './latest.js'
import type { Cursor, DashboardData, ExplainedDecision, WhatIf } from './shape.js'
import { TrafficCounter } from './traffic.js'
import { type Dashboard, dataOf, explainedOf } from './view.js'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
/** Ten seconds for an hour, five minutes for a day. */
export const GATEWAY_RINGS = [
  ['the last hour', 10 * SECOND_MS, 360],
  ['the last day', 5 * MINUTE_MS, 288],
] as const
/** Decisions are explained as they are made until nobody has looked for so long. */
const WATCHED_MS = MINUTE_MS
/** Earlier decisions, from before a page was open, are explained in steps: how many at a time, and how often. */
const BACKFILL_EACH = 10
const BACKFILL_MS = 50

export interface GatewayDashboardOptions {
  readonly router: Router<string>
  readonly live: LiveConfig
  /** What keeps the store from having what happens, in words; null: nothing. */
  readonly problem?: () => string | null
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number
}

/** The history of a gateway since it was started, in memory, and the state of its router. */
export class GatewayDashboard implements Dashboard {
  private readonly options: GatewayDashboardOptions
  private readonly collector: Collector
  private readonly explanations: Explanations
  private readonly estimates: Estimates
  private readonly traffic: TrafficCounter
  private readonly forget: () => void
  private watchedAt = Number.NEGATIVE_INFINITY
  private backfill: ReturnType<typeof setTimeout> | null = null

  constructor(options: GatewayDashboardOptions) {
    const { router, now } = options
    this.options = options
    const rings = GATEWAY_RINGS.map(([name, widthMs, capacity]) => new Ring(name, widthMs, capacity))
    const { usdPerRequest, penaltyUnit } = router.stats().pacer
    this.collector = new Collector(rings, usdPerRequest ?? 0, penaltyUnit, shownOf)
    this.explanations = new Explanations((id) => router.explain(id, {}))
    this.estimates = new Estimates(this.explanations, (id) => this.collector.latest.decision(id), now)
    this.traffic = new TrafficCounter(now())
    this.forget = router.on('*', (event) => this.take(event))
  }

  /** A request is over. */
  observe(record: RequestRecord): void {
    this.traffic.observe(record)
  }

  /** A reward was taken. @param value in [0, 1] */
  rewarded(source: string, value: number): void {
    this.traffic.rewarded(source, value)
  }

  data(cursor: Cursor): DashboardData {
    const { router, live, now } = this.options
    const { collector, estimates } = this
    return dataOf(
      {
        kind: 'gateway',
        name: 'gateway',
        at: now(),
        canChange: true,
        historyNote: null,
        problem: this.options.problem?.() ?? null,
        traffic: this.traffic.read(),
        epoch: collector.restarts,
        router,
        collector,
        estimates,
        strict: live.current.routing.strict ?? false,
      },
      cursor,
    )
  }

  explain(id: string): Promise<ExplainedDecision | null> {
    return Promise.resolve(explainedOf(id, this.collector, this.explanations))
  }

  whatIf(usdPerRequest: number): WhatIf | null {
    return this.estimates.whatIf(usdPerRequest)
  }

  watched(): void {
    const now = this.options.now()
    const wasWatched = this.isWatched
    this.watchedAt = now
    if (!wasWatched) this.explainEarlier()
  }

  close(): void {
    this.forget()
    if (this.backfill !== null) clearTimeout(this.backfill)
  }

  private get isWatched(): boolean {
    return this.options.now() - this.watchedAt < WATCHED_MS
  }

  private take(event: RouterEvent): void {
    this.collector.take(event)
    if (event.type === 'routed' && this.isWatched) this.explanations.decided(event.id, event.at)
  }

  /** Decisions from before a page was open, by the statistics of now: a few at a time, so that no request waits for it. */
  private explainEarlier(): void {
    const left = this.collector.latest
      .all()
      .map(({ event }) => event)
      .filter(({ id }) => !this.explanations.has(id))
      // As if they had been explained as they were made: the oldest are forgotten first.
      .reverse()
    const step = () => {
      for (const { id, at } of left.splice(0, BACKFILL_EACH)) this.explanations.of(id, at)
      this.backfill = left.length === 0 ? null : setTimeout(step, BACKFILL_MS)
    }
    if (this.backfill !== null) clearTimeout(this.backfill)
    step()
  }
}
