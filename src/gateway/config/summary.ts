import { plural, someOf } from '../../base/format.js'
import type { CapOptions, Priors } from '../../index.js'
import type { GatewayConfig } from './config.js'
import { farBudgets, farBudgetTexts } from './far-budget.js'
import type { StoreConfig } from './store-config.js'
import { DAY_MS, HOUR_MS, MINUTE_MS } from './words.js'

const UNITS = [
  [DAY_MS, 'day'],
  [HOUR_MS, 'hour'],
  [MINUTE_MS, 'minute'],
] as const

/** A config in a few lines, for people: what it would start. @param priors of the file that it names */
export function summaryOf(config: GatewayConfig, priors: Priors | null): string[] {
  const { listen, store, budget, caps, models, upstreams, prices, tenants, keys, admin } = config
  const enabled = models.filter((model) => model.enabled)
  const groups = [...new Set(enabled.flatMap((model) => model.groups))].map(
    (group) => `${group} ${enabled.filter((model) => model.groups.includes(group)).length}`,
  )
  const money = [
    budget?.usdPerRequest == null ? 'no budget' : `budget $${budget.usdPerRequest} per request`,
    ...caps.map(capText),
  ]
  return [
    `listens on http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}, ${storeText(store)}`,
    money.join(', '),
    `${plural(enabled.length, 'model')} on ${plural(upstreams.length, 'upstream')}${groups.length === 0 ? '' : `, groups: ${groups.join(', ')}`}`,
    ...(prices === null
      ? []
      : [`prices from ${prices.source}, read again every ${intervalText(prices.refreshMs)}`]),
    ...(priors === null ? [] : [priorsText(config, priors)]),
    `${plural(tenants.length, 'tenant')}, ${plural(keys.length, 'key')} in this file, admin API ${admin.sha256 === null ? 'off' : 'on'}`,
    ...farBudgetTexts(farBudgets(config)).map((text) => `WARNING: ${text}`),
  ]
}

/** Ids of models that start cold with these priors. */
export function coldModels({ models }: GatewayConfig, priors: Priors): readonly string[] {
  return models.filter(({ id }) => !Object.hasOwn(priors.models, id)).map(({ id }) => id)
}

function priorsText(config: GatewayConfig, priors: Priors): string {
  const { priors: file, models } = config
  const cold = coldModels(config, priors)
  const known = `priors of ${models.length - cold.length} of ${plural(models.length, 'model')}: ${file}`
  return cold.length === 0 ? known : `${known}; cold: ${someOf(cold)}`
}

function capText({ usd, per, window, timeZone }: CapOptions): string {
  return window === 'rolling'
    ? `cap $${usd} per rolling ${per}`
    : `cap $${usd} per ${per} (${timeZone ?? 'UTC'})`
}

/** In the largest unit of which it is a whole number. @param ms whole seconds */
function intervalText(ms: number): string {
  const [unitMs, unit] = UNITS.find(([each]) => ms % each === 0) ?? [1000, 'second']
  return plural(ms / unitMs, unit)
}

function storeText(store: StoreConfig): string {
  if (store.kind === 'sqlite') return `state in SQLite: ${store.file}`
  return store.kind === 'redis'
    ? `state in Redis: ${store.url}, prefix ${store.prefix}`
    : 'state in memory alone'
}
