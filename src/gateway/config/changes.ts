import type { Router } from '../../index.js'
import type { GatewayConfig, ModelConfig, TenantConfig } from './config.js'
import { hasLimit } from './limits-in-force.js'
import { modelSpec, payersOf, tenantOptions } from './router-options.js'
import { isSame } from './same.js'

/** One call of the router that a new config asks for. It may be made twice: the second changes nothing. */
export interface Change {
  /** `model large: prices`, for people. */
  readonly what: string
  /** What of the options it follows from, as the router's `editedOptions` has them. */
  readonly paths: readonly string[]
  /** Of what is taken away: whether it is not there. */
  isDone?(router: Router<string>, registered: Registered): boolean
  /** @param isNews whether nobody has done what these options say, by path */
  apply(router: Router<string>, isNews: (path: string) => boolean, registered: Registered): void
}

/** Models of a router by their ids: whether each has been removed, and is there until its requests are done. */
export type Registered = ReadonlyMap<string, { readonly draining: boolean }>

/** As they are now. It takes as long for one model as for all. */
export function registeredIn(router: Router<string>): Registered {
  return new Map(router.stats().models.map((model) => [model.id, model]))
}

export interface ConfigChanges {
  /** In their order: nothing is taken away before what takes its place is there. */
  readonly calls: readonly Change[]
  /** Paths of what is read when it is needed, and so is in force at once. */
  readonly settings: readonly string[]
  /** Paths of what a process keeps from its start to its end: it goes on with the old. */
  readonly needsRestart: readonly string[]
  /** Paths of what a log keeps from its beginning to its end: another start with that log is refused. */
  readonly needsNewLog: readonly string[]
  /** The new config, with the old of what needs a restart. */
  readonly effective: GatewayConfig
}

/** Of `routing`, what the engine takes while it runs. */
const LIVE_ROUTING = ['latency', 'quality'] as const
/** What is read once, when a process starts. */
const FIXED = ['listen', 'store', 'keyStore', 'priors'] as const
/** What the state of a log depends on, of all that a config says. */
const OF_LOG: readonly string[] = [
  'budget.burst',
  'routing.policy',
  'routing.gamma',
  'routing.lambda0',
  'routing.pendingCapacity',
]
/** Of an engine that is told none. */
export const BURST_DEFAULT = 50
/** What becomes calls of the router. */
const BY_CALL: readonly string[] = ['budget', 'caps', 'tenants', 'models', 'routing']

/**
 * What an edited config changes, compared with the one before it: what was not edited stays as a command or an admin has set
 * it since.
 */
export function changesOf(before: GatewayConfig, after: GatewayConfig): ConfigChanges {
  const waiting: string[] = FIXED.filter((name) => !isSame(before[name], after[name]))
  const burst = before.budget?.burst
  const budget = burst === undefined && after.budget === null ? null : withBurst(ceilingOf(after), burst)
  if ((after.budget?.burst ?? BURST_DEFAULT) !== (burst ?? BURST_DEFAULT)) waiting.push('budget.burst')
  const routingNames = [...new Set([...Object.keys(before.routing), ...Object.keys(after.routing)])]
  const valueIn = (routing: object, name: string): unknown =>
    Object.entries(routing).find(([key]) => key === name)?.[1]
  for (const name of routingNames) {
    const isLive = LIVE_ROUTING.some((live) => live === name)
    if (!isLive && !isSame(valueIn(before.routing, name), valueIn(after.routing, name)))
      waiting.push(`routing.${name}`)
  }
  if (before.limits.headerBytesMax !== after.limits.headerBytesMax) waiting.push('limits.headerBytesMax')
  if (before.timeouts.requestMs !== after.timeouts.requestMs) waiting.push('timeouts.requestMs')
  const { latency, quality } = after.routing
  const { latency: _, quality: __, ...fixedRouting } = before.routing
  const effective: GatewayConfig = Object.freeze({
    ...after,
    listen: before.listen,
    store: before.store,
    keyStore: before.keyStore,
    priors: before.priors,
    budget,
    routing: {
      ...fixedRouting,
      ...(latency === undefined ? {} : { latency }),
      ...(quality === undefined ? {} : { quality }),
    },
    limits: { ...after.limits, headerBytesMax: before.limits.headerBytesMax },
    timeouts: { ...after.timeouts, requestMs: before.timeouts.requestMs },
  })
  return {
    calls: [
      ...tenantCalls(before, effective),
      ...moneyCalls(before, effective),
      ...modelCalls(before, effective),
    ],
    settings: Object.keys(effective).filter((name) => {
      const key = name as keyof GatewayConfig
      return !BY_CALL.includes(name) && !isSame(before[key], effective[key])
    }),
    needsRestart: waiting.filter((path) => !isOfLog(path, after)),
    needsNewLog: waiting.filter((path) => isOfLog(path, after)),
    effective,
  }
}

/** Without a log, or with another, a restart is a beginning. */
function isOfLog(path: string, { store }: GatewayConfig): boolean {
  return store.kind !== 'memory' && OF_LOG.includes(path)
}

const ceilingOf = ({ budget }: GatewayConfig): number | null => budget?.usdPerRequest ?? null

function withBurst(usdPerRequest: number | null, burst: number | undefined): GatewayConfig['budget'] {
  return burst === undefined ? { usdPerRequest } : { usdPerRequest, burst }
}

function moneyCalls(before: GatewayConfig, after: GatewayConfig): Change[] {
  const calls: Change[] = []
  if (ceilingOf(before) !== ceilingOf(after))
    calls.push({ what: 'budget', paths: ['budget.usdPerRequest'], apply: setBudget(ceilingOf(after)) })
  if (!isSame(before.caps, after.caps))
    calls.push({ what: 'caps', paths: ['caps'], apply: (router) => router.setCaps(after.caps) })
  const { latency = null, quality = null } = after.routing
  if (!isSame(before.routing.latency ?? null, latency))
    calls.push({ what: 'routing.latency', paths: ['latency'], apply: (router) => router.setLatency(latency) })
  if (!isSame(before.routing.quality ?? null, quality))
    calls.push({ what: 'routing.quality', paths: ['quality'], apply: (router) => router.setQuality(quality) })
  return calls
}

function setBudget(usdPerRequest: number | null, tenant?: string): (router: Router<string>) => void {
  const budget = usdPerRequest === null ? null : { usdPerRequest }
  return (router) => router.setBudget(budget, tenant === undefined ? undefined : { tenant })
}

function tenantCalls(before: GatewayConfig, after: GatewayConfig): Change[] {
  const old = new Map(payersOf(before).map((tenant) => [tenant.id, tenant]))
  const kept = new Set(payersOf(after).map(({ id }) => id))
  const there = payersOf(after)
    .filter((tenant) => !isSame(old.get(tenant.id), tenant))
    .map((tenant) => tenantChange(tenant, old.get(tenant.id)))
  const gone = payersOf(before)
    .filter(({ id }) => !kept.has(id))
    .map(({ id }) => ({
      what: `tenant ${id}: removed`,
      paths: tenantPaths(id),
      isDone: (router: Router<string>) => !router.tenants().includes(id),
      apply: (router: Router<string>) => router.removeTenant(id),
    }))
  return [...there, ...gone]
}

function tenantPaths(id: string): readonly [there: string, budget: string, caps: string] {
  const there = `tenants[${JSON.stringify(id)}]`
  return [there, `${there}.budget`, `${there}.caps`]
}

function tenantChange(tenant: TenantConfig, before: TenantConfig | undefined): Change {
  const { id, budget, caps } = tenant
  const paths = tenantPaths(id)
  const [, budgetPath, capsPath] = paths
  return {
    what: before === undefined ? `tenant ${id}: added` : `tenant ${id}: budget or caps`,
    paths,
    apply(router, isNews) {
      if (!router.tenants().includes(id)) {
        router.addTenant(tenantOptions(tenant))
        return
      }
      if (!isSame(before?.budget, budget) && isNews(budgetPath))
        setBudget(budget?.usdPerRequest ?? null, id)(router)
      if (!isSame(before?.caps, caps) && isNews(capsPath)) router.setCaps(caps, { tenant: id })
    },
  }
}

function modelCalls(before: GatewayConfig, after: GatewayConfig): Change[] {
  const enabledIn = ({ models }: GatewayConfig) => models.filter(({ enabled }) => enabled)
  const old = new Map(enabledIn(before).map((model) => [model.id, model]))
  const kept = new Set(enabledIn(after).map(({ id }) => id))
  const there = enabledIn(after).flatMap((model) => {
    const was = old.get(model.id)
    if (was === undefined) return [modelAdded(model)]
    return isSame(was.prices, model.prices) ? [] : [modelRepriced(model)]
  })
  const gone = enabledIn(before)
    .filter(({ id }) => !kept.has(id))
    .map(({ id }) => ({
      what: `model ${id}: disabled`,
      paths: [modelPath(id)],
      isDone: (_router: Router<string>, registered: Registered) => !registered.has(id),
      apply: (router: Router<string>) => router.disable(id, { by: 'options' }),
    }))
  return [...there, ...gone]
}

function modelPath(id: string): string {
  return `models[${JSON.stringify(id)}]`
}

/** One that was there before has what was learned of it, and the new prices. */
function modelAdded(model: ModelConfig): Change {
  const { id, ...price } = modelSpec(model)
  return {
    what: `model ${id}: added`,
    paths: [modelPath(id)],
    apply(router, _isNews, registered) {
      checkHeld(router, model)
      const known = registered.get(id)
      if (known === undefined) {
        router.addModel({ id, ...price })
        return
      }
      router.reprice(id, price)
      // One that an admin has deleted is wanted again: else it would be gone as soon as its requests are done.
      if (known.draining) router.enable(id)
      else router.enable(id, { by: 'options' })
    },
  }
}

function modelRepriced(model: ModelConfig): Change {
  const { id, ...price } = modelSpec(model)
  return {
    what: `model ${id}: prices`,
    paths: [modelPath(id)],
    apply(router) {
      checkHeld(router, model)
      router.reprice(id, price)
    },
  }
}

/** A limit may have been set by command, of which the file knows nothing. */
function checkHeld(router: Router<string>, { prices }: ModelConfig): void {
  if (prices === null && hasLimit(router))
    throw new Error('it has no prices, and a budget or a cap is in force that would not hold it')
}
