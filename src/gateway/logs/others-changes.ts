import type { After } from '../../base/after.js'
import { LatestMap } from '../../base/latest-map.js'
import type { ModelStats, OthersChange, Router, RouterEvent, RouterStats } from '../../index.js'
import { isSame } from '../config/same.js'
import type { WriteLine } from './request-log.js'

const MESSAGE = 'another process on this log changed a setting, for this one too'
/** Of one setting a line is written as often as this, ms. */
const EVERY_MS = 60_000
/** Settings that are kept apart; of more, those that were written longest ago have a line again. */
const SETTINGS_MAX = 1000

/** What an event changes. */
interface Change {
  /** As in the config. */
  readonly setting: string
  /** What is in force before it. */
  readonly from: (before: Before) => unknown
  readonly to: unknown
}

/** The last line of a setting. */
interface Told {
  readonly at: number
  readonly to: unknown
  /** The latest change since, which has no line yet. */
  waiting: { readonly to: unknown; readonly origin: string; readonly count: number } | null
}

/**
 * A line for each setting that another process on the same log changes: two deployments that share a store by mistake, or processes whose files
 * differ, change each other's models and limits. Of one setting there is one a minute; the latest of those in between has its line when the minute
 * is over, so the last line of a setting says what others last made of it.
 */
export class OthersChangeLog {
  private readonly told = new LatestMap<string, Told>(SETTINGS_MAX)
  private readonly write: WriteLine
  private readonly router: () => Router<string> | null
  private readonly now: () => number
  private readonly after: After
  private before: Before | null = null
  private timer: { readonly at: number; readonly end: () => void } | null = null
  private isClosed = false

  /**
   * @param router whose log it is; null: it has not been opened yet, and what was set before is not known
   * @param now of a clock that is never set, ms
   */
  constructor(write: WriteLine, router: () => Router<string> | null, now: () => number, after: After) {
    this.write = write
    this.router = router
    this.now = now
    this.after = after
  }

  readonly hear = ({ event, origin }: OthersChange): void => {
    const change = this.isClosed ? null : changeOf(event)
    const router = this.router()
    if (change === null || router === null) return
    const { setting, to } = change
    const told = this.told.get(setting)
    if (told !== undefined && (told.waiting !== null || told.at + EVERY_MS > this.now())) {
      told.waiting = { to, origin, count: (told.waiting?.count ?? 0) + 1 }
      this.wakeAt(told.at + EVERY_MS)
      return
    }
    const from = change.from(this.look(router))
    if (!isSame(from, to)) this.tell(setting, from, to, origin, 0)
  }

  /** Writes what has no line yet, and hears nothing more. */
  close(): void {
    this.isClosed = true
    this.timer?.end()
    this.timer = null
    for (const [setting, told] of [...this.told]) this.tellWaiting(setting, told)
  }

  /** A store gives many events at once, and all that a router tells takes long: one look serves these. */
  private look(router: Router<string>): Before {
    if (this.before === null) {
      this.before = new Before(router)
      queueMicrotask(() => {
        this.before = null
      })
    }
    return this.before
  }

  private tell(setting: string, from: unknown, to: unknown, origin: string, more: number): void {
    if (!this.told.has(setting) && this.told.size === SETTINGS_MAX) this.forgetOldest()
    this.told.set(setting, { at: this.now(), to, waiting: null })
    this.line(setting, from, to, origin, more)
  }

  private line(setting: string, from: unknown, to: unknown, origin: string, more: number): void {
    const said = setting.endsWith(PRICES) ? differing(from, to) : { from, to }
    this.write(
      'info',
      { setting, ...said, process: origin, ...(more > 0 ? { alikeSince: more } : {}) },
      MESSAGE,
    )
  }

  private tellWaiting(setting: string, told: Told | undefined): void {
    const waiting = told?.waiting
    if (told == null || waiting == null) return
    told.waiting = null
    // It is again what the last line says.
    if (!isSame(told.to, waiting.to))
      this.tell(setting, told.to, waiting.to, waiting.origin, waiting.count - 1)
  }

  /** For another. What it has no line for yet is written first. */
  private forgetOldest(): void {
    for (const setting of this.told.oldest()) {
      const told = this.told.get(setting)
      this.told.delete(setting)
      const waiting = told?.waiting
      if (told == null || waiting == null || isSame(told.to, waiting.to)) continue
      this.line(setting, told.to, waiting.to, waiting.origin, waiting.count - 1)
    }
  }

  private wakeAt(at: number): void {
    if (this.timer !== null && this.timer.at <= at) return
    this.timer?.end()
    this.timer = { at, end: this.after(Math.max(0, at - this.now()), () => this.wake()) }
  }

  private wake(): void {
    this.timer = null
    const waiting = [...this.told].filter(([, told]) => told.waiting !== null)
    for (const [setting, told] of waiting) {
      if (told.at + EVERY_MS <= this.now()) this.tellWaiting(setting, told)
      else this.wakeAt(told.at + EVERY_MS)
    }
  }
}

/** What a router tells of its settings, asked for at most once. */
class Before {
  readonly router: Router<string>
  private known: RouterStats | null = null
  private byId: ReadonlyMap<string, ModelStats> | null = null

  constructor(router: Router<string>) {
    this.router = router
  }

  get stats(): RouterStats {
    this.known ??= this.router.stats()
    return this.known
  }

  model(id: string): ModelStats | undefined {
    this.byId ??= new Map(this.stats.models.map((model) => [model.id, model]))
    return this.byId.get(id)
  }
}

/** Null: it is about no setting. */
function changeOf(event: RouterEvent): Change | null {
  switch (event.type) {
    case 'model-added':
      return { setting: `models[${event.model.id}]`, from: () => null, to: 'added' }
    case 'model-removed':
    case 'model-enabled':
    case 'model-disabled': {
      const { model, type } = event
      const from = (before: Before) => (before.model(model)?.enabled ? 'enabled' : 'disabled')
      return { setting: `models[${model}]`, from, to: type.slice('model-'.length) }
    }
    case 'model-repriced': {
      const { model, price } = event
      return {
        setting: `models[${model}]${PRICES}`,
        from: (before) => pricesOf(before, model, price),
        to: price,
      }
    }
    default:
      return changeOfLimit(event)
  }
}

/** Not what is booked on an account: a bill that comes late is one. */
function changeOfLimit(event: RouterEvent): Change | null {
  switch (event.type) {
    case 'budget-set': {
      const { tenant, usdPerRequest: to } = event
      const from = ({ stats, router }: Before) =>
        tenant === null ? stats.pacer.usdPerRequest : router.tenantStats(tenant).usdPerRequest
      return { setting: ofPayer(tenant, 'budget.usdPerRequest'), from, to }
    }
    case 'caps-set': {
      const { tenant, caps } = event
      const from = ({ stats, router }: Before) =>
        (tenant === null ? (stats.account?.caps ?? []) : router.tenantStats(tenant).caps).map(capOf)
      return { setting: ofPayer(tenant, 'caps'), from, to: caps.map(capOf) }
    }
    case 'tenant-added': {
      const { tenant, usdPerRequest } = event
      return { setting: `tenants[${tenant}]`, from: () => null, to: { usdPerRequest } }
    }
    case 'tenant-removed':
      return { setting: `tenants[${event.tenant}]`, from: () => 'registered', to: 'removed' }
    case 'latency-set': {
      const from = ({ stats: { latency } }: Before) =>
        latency === null ? null : limitOf({ ms: latency.limitMs, percentile: latency.percentile })
      return { setting: 'routing.latency', from, to: event.limit === null ? null : limitOf(event.limit) }
    }
    case 'quality-set': {
      const from = ({ stats }: Before) => stats.quality?.meanReward ?? null
      return { setting: 'routing.quality', from, to: event.meanReward }
    }
    default:
      return null
  }
}

function ofPayer(tenant: string | null, name: string): string {
  return tenant === null ? name : `tenants[${tenant}].${name}`
}

const PRICES = '.prices'

/** Of the names that `price` has. */
function pricesOf(before: Before, id: string, price: object): object {
  const now = new Map(Object.entries(before.model(id) ?? {}))
  return Object.fromEntries(Object.keys(price).map((name) => [name, now.get(name) ?? null]))
}

/** Those prices alone that change. */
function differing(from: unknown, to: unknown): { readonly from: object; readonly to: object } {
  const [before, now] = [from, to].map((price) => new Map<string, unknown>(Object.entries(price ?? {})))
  const names = [...new Set([...before.keys(), ...now.keys()])].filter(
    (name) => !isSame(before.get(name) ?? null, now.get(name) ?? null),
  )
  const ofNames = (prices: ReadonlyMap<string, unknown>) =>
    Object.fromEntries(names.map((name) => [name, prices.get(name) ?? null]))
  return { from: ofNames(before), to: ofNames(now) }
}

interface Cap {
  readonly usd: number
  readonly per: string
  readonly window?: string | undefined
  readonly timeZone?: string | null | undefined
}

function capOf({ usd, per, window = 'calendar', timeZone = null }: Cap): Cap {
  return { usd, per, window, ...(timeZone === null ? {} : { timeZone }) }
}

function limitOf({
  ms,
  percentile = null,
}: {
  readonly ms: number
  readonly percentile?: number | null | undefined
}) {
  return { ms, percentile }
}
