import { isStoreError } from '../../base/errors.js'
import { decodeEvent } from '../../events/codec.js'
import type { LoggedEvent, RoutedEvent } from '../../events/events.js'
import { Collector } from '../../gateway/dashboard/collector.js'
import { Estimates } from '../../gateway/dashboard/estimates.js'
import { Explanations, keptOf } from '../../gateway/dashboard/explanations.js'
import { GATEWAY_RINGS } from '../../gateway/dashboard/gateway-dashboard.js'
import { Ring } from '../../gateway/dashboard/history.js'
import type { Cursor, DashboardData, ExplainedDecision, WhatIf } from '../../gateway/dashboard/shape.js'
import { type Dashboard, dataOf, explainedOf } from '../../gateway/dashboard/view.js'
import { type PlacedBatch, type Position, START } from '../../log/store.js'
import { ALL_EVENT_TABLE } from '../../policy/all-events.js'
import type { Router } from '../../router/router.js'
import type { RouterStats } from '../../router/stats.js'
import { explainFrom } from '../explain.js'
import { besideLog, foldOf, type LogReader } from '../state/log-view.js'
import { Previews } from './previews.js'

/** How much of a long log is read at a time when somebody waits. */
export interface LogLimits {
  /** Events that are read before the page is there: of a longer log the older ones come afterwards. */
  readonly firstEvents: number
  /** Of longer logs a decision is not looked up by its place: that takes seconds. */
  readonly lookedUpEvents: number
}
export const LOG_LIMITS: LogLimits = { firstEvents: 50_000, lookedUpEvents: 200_000 }
const LATEST_MAX = 1000
const WHOLE_BUCKETS = 240
/** Buckets of the whole log are as wide as people count time, ms. */
const WIDTHS_MS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800,
].map((seconds) => 1000 * seconds)

/** A log as the dashboard shows it: the state that it folds to, the history of its events, and what is written to it from now on. */
export class LogDashboard implements Dashboard {
  private isWhole = false
  private isClosed = false
  private turn: Promise<void> = Promise.resolve()
  private readonly explanations: Explanations
  private readonly estimates: Estimates
  private previews: Previews | null

  private constructor(
    private readonly reader: LogReader,
    private readonly name: string,
    private readonly router: Router,
    private readonly clock: { at: number },
    /** Up to where the router and the collector have seen the log. */
    private position: Position,
    private collector: Collector,
    snapshot: Uint8Array,
    private readonly limits: LogLimits,
    private readings: number,
  ) {
    this.explanations = new Explanations((id) => router.explain(id, {}))
    this.estimates = new Estimates(this.explanations, (id) => this.collector.latest.decision(id), Date.now)
    this.previews = new Previews(() => besideLog(reader, snapshot, () => clock.at), this.explanations)
    router.on('*', (event) => {
      clock.at = Math.max(clock.at, event.at)
      this.collector.take(event)
      if (event.type === 'routed') this.explanations.decided(event.id, event.at)
    })
  }

  /** Reads a log's state, and as much of its history as takes a second. @param readings how often another was read before. @throws (rejects) what the store throws */
  static async open(
    reader: LogReader,
    name: string,
    limits = LOG_LIMITS,
    readings = 0,
  ): Promise<LogDashboard> {
    const folded = await foldOf(reader)
    const { position } = await folded.digest()
    const snapshot = folded.snapshot()
    const { firstEvents } = limits
    const from = reader.events <= firstEvents ? reader.start : await reader.tail(firstEvents)
    const { pacer } = folded.stats()
    const { collector, at } = await collected(reader, from, position, pacer)
    const clock = { at }
    // What depends on the time is that of now, as `stats` has it.
    const router = await besideLog(reader, snapshot, Date.now)
    const made = new LogDashboard(
      reader,
      name,
      router,
      clock,
      position,
      collector,
      snapshot,
      limits,
      readings,
    )
    made.isWhole = from === reader.start
    return made
  }

  data(cursor: Cursor): DashboardData {
    const { router, collector, estimates, epoch, name, isWhole, reader, clock } = this
    return dataOf(
      {
        kind: 'log',
        name,
        at: clock.at,
        canChange: false,
        historyNote: isWhole
          ? whatIsGone(reader)
          : 'The latest events are shown first; the rest of the log is being read.',
        traffic: null,
        problem: null,
        epoch,
        router: router as Router<string>,
        collector,
        estimates,
        strict: null,
      },
      cursor,
    )
  }

  /** By the statistics of then where the log is short enough; else by those of now. */
  async explain(id: string): Promise<ExplainedDecision | null> {
    const held = explainedOf(id, this.collector, this.explanations)
    if (this.reader.events > this.limits.lookedUpEvents) return held
    try {
      const found = await this.oneAtATime(() => explainFrom(this.reader, id))
      return { ...keptOf(found), statisticsChanged: !found.isOfItsTime, row: held?.row ?? null }
    } catch (error) {
      // What the page has seen is better than nothing; that the log cannot be read is no word on the decision.
      if (held === null && isStoreError(error)) throw error
      return held
    }
  }

  whatIf(usdPerRequest: number): WhatIf | null {
    return this.estimates.whatIf(usdPerRequest)
  }

  watched(): void {
    const latest = this.collector.latest.all()
    const { previews } = this
    this.previews = null
    previews?.explain(latest.slice(0, LATEST_MAX).map(({ event }) => event as RoutedEvent)).catch(() => {
      // The store is away: the next page tries again, and the rest of the log is shown all the same.
      this.previews = previews
    })
  }

  /** Another value: what pages had is of another reading. */
  get epoch(): number {
    return this.readings + this.collector.restarts
  }

  /** Reads the rest of the log, and then what was written to it. @throws (rejects) what the store throws */
  step(): Promise<void> {
    return this.oneAtATime(async () => {
      if (!this.isWhole) await this.readWhole()
      await this.readNew()
    })
  }

  /** What is being read is given up. */
  stop(): void {
    this.isClosed = true
  }

  async close(): Promise<void> {
    this.stop()
    await this.turn.catch(() => {})
  }

  private async readWhole(): Promise<void> {
    const { reader, position, router } = this
    const { pacer } = router.stats()
    const { collector } = await collected(reader, reader.start, position, pacer, () => this.isClosed)
    if (this.isClosed) return
    this.readings += this.collector.restarts + 1
    this.collector = collector
    this.isWhole = true
  }

  private async readNew(): Promise<void> {
    for (let isMore = true; isMore && !this.isClosed; ) {
      const batches = await this.reader.read(this.position)
      isMore = batches.length > 0
      for (const { events, position } of batches) {
        for (const bytes of events) this.apply(decodeEvent(bytes, ALL_EVENT_TABLE))
        this.position = position
      }
    }
  }

  private apply(event: LoggedEvent): void {
    this.clock.at = Math.max(this.clock.at, event.at)
    try {
      this.router.apply(event)
    } catch {
      // It does not follow from what came before: the fold of its writers passes it over as well.
    }
  }

  private oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const next = this.turn.then(work, work)
    this.turn = next.then(
      () => {},
      () => {},
    )
    return next
  }
}

/** The history of the events in (from, to]. @param pacer of the log's end */
async function collected(
  reader: LogReader,
  from: Position,
  to: Position,
  { usdPerRequest, penaltyUnit }: RouterStats['pacer'],
  isOver: () => boolean = () => false,
): Promise<{ readonly collector: Collector; readonly at: number }> {
  const first = (await reader.read(reader.start))[0]
  const [beganAt, endedAt] = [timeOf(first, 0), timeOf((await reader.latest(1)).at(-1), -1)]
  const rings = [
    new Ring('the whole log', widthOf(endedAt - beganAt), WHOLE_BUCKETS + 60, true),
    ...GATEWAY_RINGS.map(([name, widthMs, capacity]) => new Ring(name, widthMs, capacity)),
  ]
  const ceilingUsd = from === reader.start ? startingCeiling(reader) : usdPerRequest
  const collector = new Collector(rings, ceilingUsd ?? 0, penaltyUnit)
  // While one batch is folded the next is read.
  let reading = from === to ? Promise.resolve([]) : reader.read(from)
  for (let isMore = from !== to; isMore && !isOver(); ) {
    const batches = await reading
    const end = batches.at(-1)?.position
    isMore = end !== undefined && end !== to && !batches.some(({ position }) => position === to)
    if (isMore && end !== undefined) reading = reader.read(end)
    for (const { events, position } of batches) {
      for (const bytes of events) collector.take(decodeEvent(bytes, ALL_EVENT_TABLE))
      if (position === to) break
    }
    // Pages wait meanwhile.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { collector, at: endedAt }
}

function startingCeiling({ header }: LogReader): number | null {
  const { budgetUsdPerRequest } = header.settings
  return typeof budgetUsdPerRequest === 'number' ? budgetUsdPerRequest : null
}

function timeOf(batch: PlacedBatch | undefined, place: 0 | -1): number {
  const bytes = batch?.events.at(place)
  return bytes === undefined ? 0 : decodeEvent(bytes, ALL_EVENT_TABLE).at
}

function widthOf(spanMs: number): number {
  return WIDTHS_MS.find((width) => spanMs / width <= WHOLE_BUCKETS) ?? Math.ceil(spanMs / WHOLE_BUCKETS)
}

function whatIsGone({ start }: LogReader): string | null {
  return start === START
    ? null
    : 'The oldest events of this log have been deleted: its history begins after them.'
}
