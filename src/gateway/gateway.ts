import { Hono } from 'hono'
import { type After, afterQuietly, everyQuietly } from '../base/after.js'
import { messageOf } from '../base/errors.js'
import type { PlatformFetch, PlatformRequest, PlatformResponse } from '../base/platform.js'
import { reading } from '../base/read-once.js'
import type { Router } from '../index.js'
import { followAddedModels } from './admin/added-models.js'
import { adminApp, refusalOf } from './admin/admin-app.js'
import { errorAnswer } from './admin/answers.js'
import type { AdminDeps } from './admin/deps.js'
import { startExpiry } from './completions/expiry.js'
import { StoreWatch } from './completions/store-watch.js'
import type { GatewayConfig } from './config/config.js'
import { ConfigError } from './config/config-error.js'
import { farBudgets, farBudgetTexts } from './config/far-budget.js'
import { unheldModels } from './config/limits-in-force.js'
import { LiveConfig, type ReloadReport } from './config/live-config.js'
import { dashboardApp } from './dashboard/dashboard-app.js'
import type { DashboardFiles } from './dashboard/files.js'
import { GatewayDashboard } from './dashboard/gateway-dashboard.js'
import { withoutBase } from './doors/base-path.js'
import type { ClientAnswer } from './doors/client-answer.js'
import type { ClientRequest } from './doors/client-request.js'
import type { CompleteByPath } from './doors/complete-by-path.js'
import { webDoor } from './doors/web-door.js'
import { checkGatewayOptions } from './given.js'
import { sha256Hex } from './keys/digest.js'
import { Keyring } from './keys/keyring.js'
import { RateLimits } from './keys/rate-limits.js'
import { memoryRecords, type RecordStore } from './keys/records.js'
import { SharedRecords } from './keys/shared-records.js'
import { SharedUse } from './keys/shared-use.js'
import type { UseExchange } from './keys/use.js'
import { alarmLog } from './logs/alarms.js'
import { clockAheadLog } from './logs/clock-ahead.js'
import { failureLog } from './logs/failure-log.js'
import { failureText } from './logs/failure-text.js'
import { requestLog, type WriteLine } from './logs/request-log.js'
import type { RequestObserver, RequestRecord } from './logs/request-record.js'
import { storeAway } from './logs/store-away.js'
import { upstreamProblemLog } from './logs/upstream-problems.js'
import { wrongAdminKeyLog } from './logs/wrong-admin-keys.js'
import { engineMetrics } from './metrics/engine-metrics.js'
import { openTelemetry } from './metrics/open-telemetry.js'
import { priceMetrics } from './metrics/price-metrics.js'
import { processMetrics } from './metrics/process-metrics.js'
import { CONTENT_TYPE, MetricsRegistry } from './metrics/registry.js'
import { requestMetrics } from './metrics/request-metrics.js'
import { memoryNotes, type Notes } from './notes/notes.js'
import { notesMax } from './notes/notes-max.js'
import { PriceRefresh } from './prices/price-refresh.js'
import type { MakeSurfaces } from './surfaces.js'

export interface GatewayOptions {
  /** Of `readConfig` or `readConfigText`. */
  readonly config: GatewayConfig
  /** Of `createRouter(routerOptionsOf(config))`, with a store or without. The gateway closes it. */
  readonly router: Router<string>
  /** What answers clients: `clientSurfaces()`. */
  readonly surfaces: MakeSurfaces
  /**
   * Where it is mounted in a server of yours: `/api/llm`, as it stands in the URL, without a slash at its end. Clients have the base URL
   * `https://HOST/api/llm/v1`. Paths without it are taken too, as some servers take it off by themselves. Default: '', nowhere below.
   */
  readonly basePath?: string | undefined
  /** Keys and models that are made at run time. Default: in memory. The gateway closes it. */
  readonly records?: RecordStore | undefined
  /** Where processes tell each other what keys do. Default: rate limits are of this process. */
  readonly use?: UseExchange | null | undefined
  /** What is remembered of decisions and conversations. Default: in memory. The gateway closes it. */
  readonly notes?: Notes | undefined
  /** The page of `/dashboard`; its data takes the admin key. Default: no page. */
  readonly dashboard?: DashboardFiles | undefined
  /** Reads the config again, for the admin API. Default: it cannot be read again. */
  readonly readAgain?: (() => Promise<GatewayConfig>) | undefined
  /** Where log lines go. Default: nowhere. */
  readonly write?: WriteLine | undefined
  /** Milliseconds since 1970 UTC. Default Date.now, and for limits by the minute and the like a clock that is never set. */
  readonly now?: (() => number) | undefined
  /** The timer of the price list's interval. Default: the platform's, which keeps no process from ending. */
  readonly after?: After | undefined
  /** How a price list is read from a URL. Default: that of the platform. */
  readonly fetchPrices?: PlatformFetch | undefined
  /** SHA-256 as hexadecimal. Default: that of the web's crypto. */
  readonly digest?: ((text: string) => string | Promise<string>) | undefined
}

/** How long an admin's answer waits for the store, ms. */
const DURABLE_MS = 5000

/** How often it is looked whether a write that hung has come to its end, ms. */
const HANG_LOOK_MS = 1000

/** How often it is looked whether a clock that ran ahead was set back, ms. */
const CLOCK_LOOK_MS = 60_000

/** With a value each, so that the compiler misses none. */
const OPTIONS: Readonly<Record<keyof GatewayOptions, true>> = {
  config: true,
  router: true,
  surfaces: true,
  basePath: true,
  records: true,
  use: true,
  notes: true,
  dashboard: true,
  readAgain: true,
  write: true,
  now: true,
  after: true,
  fetchPrices: true,
  digest: true,
}

/** A gateway: one `fetch` for all its paths, and what whoever serves it does with it. */
export interface Gateway {
  /** Answers a request, whatever its path. */
  fetch(request: PlatformRequest): PlatformResponse | Promise<PlatformResponse>
  /**
   * Answers a POST that asks a model something, for servers that have it in a lighter form than a `Request`.
   * @param path of its URL, without the query
   * @returns null: the path is another's, and `fetch` answers
   */
  complete(path: string, request: ClientRequest): Promise<ClientAnswer> | null
  /** The config in force. */
  readonly live: LiveConfig
  /** What keys did recently. */
  readonly rates: RateLimits
  /** Reads the price list now, where the config has one, beside its interval. Resolves whatever comes of it; the log tells. */
  refreshPrices(): Promise<void>
  /** Reads the config again and applies what was edited. @throws ConfigError, and then nothing has changed */
  reload(): Promise<ReloadReport>
  /** No request is let in from now on; those under way go on. */
  drain(): void
  /** Breaks off what is under way, books it, and closes router and records. */
  close(): Promise<void>
}

/**
 * Puts a gateway together. It runs wherever there are `fetch`, `Request` and `crypto`.
 * @throws (the promise is rejected with) INVALID_ARGUMENT, UNKNOWN_OPTION; what the records throw; ConfigError where a model without prices would escape a limit
 *   that the router has from its log
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  reading('options', () => checkGatewayOptions(options, Object.keys(OPTIONS)))
  const { config, router, records = memoryRecords(), now = Date.now, digest = sha256Hex, readAgain } = options
  const { basePath = '' } = options
  const write: WriteLine = options.write ?? (() => {})
  // Spans of time are not those of a clock that somebody sets.
  const steadyNow = options.now ?? (() => performance.now())
  checkHeld(router, config)
  const live = new LiveConfig(config, router)
  const onProblem = (message: string) => write('warn', {}, live.scrub(message))
  const lookAtBudgets = () => {
    for (const text of farBudgetTexts(farBudgets(live.current))) write('warn', {}, text)
  }
  lookAtBudgets()
  const failed = failureLog(write, steadyNow)
  const onError = (error: unknown, what: string) =>
    failed(what, live.scrub(failureText(error)), storeAway(error))
  const shared = await SharedRecords.open(records, {
    refreshMs: () => live.current.keyStore.refreshMs,
    now: steadyNow,
    onProblem,
  })
  followAddedModels(shared, live, router, onProblem)
  shared.start()
  const metrics = new MetricsRegistry()
  const rates = new RateLimits(steadyNow)
  const use = options.use == null ? null : new SharedUse(rates, options.use, onProblem)
  use?.start(config.keyStore.refreshMs)
  const keyring = new Keyring({ config: () => live.current, records: shared, now, digest, onProblem })
  const storeWatch = new StoreWatch(
    router,
    () => live.current.store.kind === 'redis',
    steadyNow,
    (message) => write('error', { error: message }, 'the store fails'),
    (goneMs) => write('warn', { goneMs: Math.round(goneMs) }, 'the store works again'),
  )
  const endWatch = everyQuietly(HANG_LOOK_MS, () => storeWatch.tellEnd())
  engineMetrics(metrics, router, rates, storeWatch)
  processMetrics(metrics, now)
  const after = options.after ?? afterQuietly
  const endAlarms = alarmLog(router, write, steadyNow, after)
  const lookAtClock = clockAheadLog(router, () => live.current.tenants.map(({ id }) => id), write, now)
  lookAtClock()
  const endClock = everyQuietly(CLOCK_LOOK_MS, lookAtClock)
  const endExpiry = startExpiry(router, (error) => onError(error, 'reservations whose time is over'))
  const storeProblem = () => {
    const said = storeWatch.problem
    return said === null ? null : live.scrub(said)
  }
  const dashboard =
    options.dashboard === undefined
      ? null
      : new GatewayDashboard({ router, live, now, problem: storeProblem })
  const observe = await observerOf(live, metrics, write, onError, onProblem, dashboard)
  const notes = options.notes ?? memoryNotes(notesMax(() => live.current))
  const priceRefresh = new PriceRefresh({
    live,
    router,
    write,
    now,
    after,
    fetch: options.fetchPrices,
  })
  priceMetrics(metrics, priceRefresh)
  const surfaces = await options.surfaces({
    storeWatch,
    live,
    router,
    keyring,
    catchUp: () => shared.catchUp(),
    rates,
    observe,
    metrics,
    notes,
    now,
    onError,
    onUpstreamProblem: upstreamProblemLog(write, steadyNow),
    hasDashboard: dashboard !== null,
    basePath,
    onReward: (source, value) => dashboard?.rewarded(source, value),
  })

  const reload = oneAtATime(async () => {
    if (readAgain === undefined) throw new Error('this config cannot be read again')
    const report = await live.reload(await readAgain(), (error) => {
      const why = live.scrub(messageOf(error))
      write(
        'error',
        { why },
        'reload: not noted in the store yet; until it is, a restart with this file applies once more what was edited',
      )
    })
    if (report.failed.length === 0) priceRefresh.begin()
    for (const { what, why } of report.failed)
      write('error', { what, why: live.scrub(why) }, 'reload: the router refused')
    if (report.needsRestart.length > 0)
      write('warn', { paths: report.needsRestart }, 'reload: this is in force after a restart')
    if (report.needsNewLog.length > 0)
      write(
        'error',
        { paths: report.needsNewLog },
        'reload: the log keeps this from its beginning, and a restart with it is refused: put it back, or see "Settings that a log keeps"',
      )
    write('info', { applied: report.applied, settings: report.settings }, 'config reloaded')
    lookAtBudgets()
    return report
  })
  const admin: AdminDeps = {
    live,
    router,
    records,
    shared,
    notes,
    now,
    digest,
    reload: readAgain === undefined ? null : reload,
    rewardReport: surfaces.rewardReport ?? null,
    onChange: (what) => write('info', { what }, 'admin'),
    onDoubt: (what) => write('warn', {}, live.scrub(what)),
    onWrongKey: wrongAdminKeyLog(write, steadyNow),
    onError: (error) => onError(error, 'the admin API'),
    durableMs: DURABLE_MS,
  }
  priceRefresh.begin()
  let isDraining = false
  const app = new Hono()
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  app.get('/readyz', (context) => {
    if (isDraining) return context.json({ status: 'draining' }, 503)
    const store = storeWatch.failure === null ? 'ok' : 'failing'
    if (storeWatch.isBroken || storeWatch.isForgetful) return context.json({ status: 'refusing', store }, 503)
    return context.json({ status: 'ready', store })
  })
  app.get('/metrics', async (context) => {
    const refusal = live.current.metrics.open
      ? null
      : await refusalOf(admin, context.req.raw.headers, '/metrics')
    if (refusal !== null) return errorAnswer(context, refusal)
    return context.text(metrics.text(), 200, { 'content-type': CONTENT_TYPE, 'cache-control': 'no-store' })
  })
  app.route('/admin', adminApp(admin))
  const page =
    dashboard === null || options.dashboard === undefined
      ? null
      : dashboardApp({
          files: options.dashboard,
          dashboard,
          refusal: (headers) => refusalOf(admin, headers, '/dashboard'),
          onError: (error) => onError(error, 'the dashboard'),
        })
  if (page !== null) app.route('/dashboard', page.app)
  app.all('*', (context) => surfaces.fetch(context.req.raw))
  app.onError((error, context) => {
    onError(error, 'a request')
    return errorAnswer(context, error)
  })
  const complete: CompleteByPath = (path, request) => surfaces.complete?.(path, request) ?? null
  return {
    fetch: webDoor(complete, (request) => app.fetch(request), basePath),
    complete: (path, request) => complete(withoutBase(path, basePath), request),
    live,
    rates,
    reload,
    refreshPrices: () => priceRefresh.refresh(),
    drain: () => {
      isDraining = true
      // Pages that watch would hold the end up.
      page?.close()
    },
    async close() {
      shared.stop()
      await priceRefresh.close()
      page?.close()
      dashboard?.close()
      live.close()
      use?.stop()
      await surfaces.close()
      await notes.close()
      endAlarms()
      endClock()
      endExpiry()
      endWatch()
      await closeRouter(router, write)
      await records.close()
    },
  }
}

/** Where its last events cannot be kept, a line has what the next process will not know. @throws (rejected with) why */
async function closeRouter(router: Router<string>, write: WriteLine): Promise<void> {
  try {
    await router.close()
  } catch (error) {
    const { journal, pacer } = router.stats()
    const { spendUsd, reservedUsd } = pacer
    write('error', { waitingEvents: journal?.waiting ?? 0, spendUsd, reservedUsd }, NOT_KEPT)
    throw error
  }
}

const NOT_KEPT =
  'what happened last is in no store: compare this spend with that of the next start, and debit what it lacks by POST /admin/adjustments'

/** A limit may stand in the router's log, of which the config knows nothing. */
function checkHeld(router: Router<string>, config: GatewayConfig): void {
  const unheld = unheldModels(router, config)
  if (unheld.length === 0) return
  const message = 'expected prices: a budget or a cap was set by command, and would not hold what has none'
  const mistakes = unheld.map((id) => ({
    path: ['models', config.models.findIndex((model) => model.id === id), 'prices'],
    message,
    place: null,
  }))
  throw new ConfigError('config', mistakes)
}

/** All observers of requests. One that fails keeps no other from being called. */
async function observerOf(
  live: LiveConfig,
  metrics: MetricsRegistry,
  write: WriteLine,
  onError: (error: unknown, what: string) => void,
  onProblem: (message: string) => void,
  dashboard: GatewayDashboard | null,
): Promise<RequestObserver> {
  const telemetry = await openTelemetry(onProblem, undefined, (text) => live.scrub(text))
  const observers = [
    requestMetrics(metrics),
    requestLog(
      () => live.current,
      (text) => live.scrub(text),
      write,
    ),
    ...(telemetry === null ? [] : [telemetry]),
    ...(dashboard === null ? [] : [(record: RequestRecord) => dashboard.observe(record)]),
  ]
  return (record: RequestRecord) => {
    for (const observe of observers) {
      try {
        observe(record)
      } catch (error) {
        onError(error, 'what is noted of a request that is over')
      }
    }
  }
}

/** Calls that come while one runs wait for it. */
function oneAtATime<T>(run: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const next = last.then(run, run)
    last = next.catch(() => {})
    return next
  }
}
