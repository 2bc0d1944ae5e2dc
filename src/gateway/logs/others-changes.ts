import type { OthersChange, Router, RouterEvent } from '../../index.js'
import { isSame } from '../config/same.js'
import { AlikeLines } from './alike-lines.js'
import type { WriteLine } from './request-log.js'

const MESSAGE = 'another process on this log changed a setting, for this one too'

/** What a line says. */
interface Said {
  /** As in the config. */
  readonly setting: string
  readonly from: unknown
  readonly to: unknown
}

/**
 * A line for each setting that another process on the same log changes: two deployments that share a store by mistake, or processes whose files
 * differ, change each other's models and limits. Of one setting there is one a minute.
 * @param router whose log it is; null: it has not been opened yet, and what was set before is not known
 * @param now of a clock that is never set, ms
 */
export function othersChangeLog(
  write: WriteLine,
  router: () => Router<string> | null,
  now: () => number,
): (change: OthersChange) => void {
  const alike = new AlikeLines(now)
  return ({ event, origin }) => {
    const own = router()
    const said = own === null ? null : saidOf(event, own)
    if (said === null || isSame(said.from, said.to)) return
    const more = alike.take(said.setting)
    if (more !== null) write('info', { ...said, process: origin, ...more }, MESSAGE)
  }
}

/** Null: it is about no setting. */
function saidOf(event: RouterEvent, router: Router<string>): Said | null {
  switch (event.type) {
    case 'model-added':
      return { setting: `models[${event.model.id}]`, from: null, to: 'added' }
    case 'model-removed':
    case 'model-enabled':
    case 'model-disabled': {
      const { model, type } = event
      const from = router.stats().models.find(({ id }) => id === model)?.enabled ? 'enabled' : 'disabled'
      return { setting: `models[${model}]`, from, to: type.slice('model-'.length) }
    }
    case 'model-repriced':
      return repriced(event.model, event.price, router)
    default:
      return saidOfLimit(event, router)
  }
}

function saidOfLimit(event: RouterEvent, router: Router<string>): Said | null {
  switch (event.type) {
    case 'budget-set': {
      const { tenant, usdPerRequest: to } = event
      const { usdPerRequest: from } = tenant === null ? router.stats().pacer : router.tenantStats(tenant)
      return { setting: ofPayer(tenant, 'budget.usdPerRequest'), from, to }
    }
    case 'caps-set': {
      const { tenant, caps } = event
      const now = tenant === null ? (router.stats().account?.caps ?? []) : router.tenantStats(tenant).caps
      return { setting: ofPayer(tenant, 'caps'), from: now.map(capOf), to: caps.map(capOf) }
    }
    case 'account-adjusted':
      return { setting: ofPayer(event.tenant, 'account'), from: null, to: { creditUsd: event.usd } }
    case 'tenant-added':
      return { setting: `tenants[${event.tenant}]`, from: null, to: { usdPerRequest: event.usdPerRequest } }
    case 'tenant-removed':
      return { setting: `tenants[${event.tenant}]`, from: 'registered', to: 'removed' }
    case 'latency-set': {
      const { latency } = router.stats()
      const from = latency === null ? null : limitOf({ ms: latency.limitMs, percentile: latency.percentile })
      return { setting: 'routing.latency', from, to: event.limit === null ? null : limitOf(event.limit) }
    }
    case 'quality-set':
      return {
        setting: 'routing.quality',
        from: router.stats().quality?.meanReward ?? null,
        to: event.meanReward,
      }
    default:
      return null
  }
}

function ofPayer(tenant: string | null, name: string): string {
  return tenant === null ? name : `tenants[${tenant}].${name}`
}

/** Those prices alone that change. */
function repriced(id: string, price: object, router: Router<string>): Said {
  const now = new Map(Object.entries(router.stats().models.find((model) => model.id === id) ?? {}))
  const to = Object.entries(price).filter(([name, value]) => !isSame(now.get(name), value))
  const from = to.map(([name]) => [name, now.get(name) ?? null] as const)
  return { setting: `models[${id}].prices`, from: Object.fromEntries(from), to: Object.fromEntries(to) }
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
