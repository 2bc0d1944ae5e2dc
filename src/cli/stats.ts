import type { Command } from 'commander'
import { visible } from '../base/visible.js'
import type { ResolvedTokenPrices } from '../models/model.js'
import { type PlacedKind, TOKEN_KINDS } from '../models/token-kinds.js'
import type { StandingKind } from '../policy/standing.js'
import type { ModelStats, RouterStats } from '../router/stats.js'
import { renderAccounts, type TenantAccount, tenantAccounts } from './account-view.js'
import { suspectBills } from './feedback-view.js'
import { fixed, percent, plural, usd } from './format.js'
import { print } from './print.js'
import { kindOf } from './state/log-file.js'
import { withView } from './state/log-view.js'
import { migrate } from './state/migration.js'
import { renderTable } from './table.js'

const SHOWN_KINDS: ReadonlySet<StandingKind> = new Set<StandingKind>([
  'cannot-win',
  'out-of-reach',
  'unaffordable',
  'kept-out',
])

const HOW: Readonly<Record<StandingKind, string | null>> = {
  'in-mix': null,
  due: 'is due',
  'cannot-win': 'cannot win',
  'out-of-reach': 'is out of reach',
  unaffordable: 'is unaffordable now',
  'kept-out': 'is kept out',
  down: 'is down',
  disabled: 'is disabled',
  draining: 'is draining',
  'not-chosen': 'is not chosen',
}

interface StatsFlags {
  readonly state: string
  readonly json?: boolean
}

export function registerStats(program: Command): void {
  program
    .command('stats')
    .description('show what a kept router has done so far')
    .requiredOption('--state <file>', "the state file of 'route'")
    .option('--json', 'print it as JSON')
    .action(stats)
}

async function stats(flags: StatsFlags): Promise<void> {
  if (kindOf(flags.state, false) === 'state-file') await migrate(flags.state)
  const { now, tenants } = await withView(flags.state, undefined, ({ router }) => ({
    now: router.stats(),
    tenants: tenantAccounts(router),
  }))
  const text = JSON.stringify({ ...now, tenantAccounts: tenants }, null, 2)
  print(flags.json === true ? `${text}\n` : renderStats(now, tenants))
}

/** @param tenants their accounts, shown with the router's caps */
export function renderStats(stats: RouterStats, tenants: readonly TenantAccount[] = []): string {
  const { requests, pending, pacer, account } = stats
  const lines = [`${plural(requests, 'request')} routed, ${pending.unsettled} waiting for their cost`]
  const money = `spend ${usd(pacer.spendUsd)}, reserved ${usd(pacer.reservedUsd)}`
  if (pacer.usdPerRequest === null) lines.push(`${money}, no budget`)
  else {
    const allowed =
      pacer.utilisation === null
        ? ''
        : `, ${percent(pacer.utilisation)} of ${usd(pacer.allowanceUsd)} allowed`
    lines.push(`${money}${allowed}`)
    const mode = pacer.mode === null ? '' : `, ${pacer.mode}`
    const price = `shadow price ${fixed(pacer.shadowPrice, 4)}`
    lines.push(`budget ${usd(pacer.usdPerRequest)} per request, policy ${stats.policy}${mode}, ${price}`)
    if (account !== null) {
      const { creditUsd, fundUsd, infeasible } = account
      const fund = fundUsd > 0 ? `, ${usd(fundUsd)} of it for newcomers` : ''
      const over =
        infeasible === 0
          ? ''
          : `; ${plural(infeasible, 'request')} went out although every model was expected to cost more than the budget`
      lines.push(`saved up ${usd(creditUsd + fundUsd)}${fund}${over}`)
    }
  }
  const accounts = renderAccounts(account, tenants)
  return `${lines.join('\n')}\n\n${renderModels(stats.models)}${renderStandings(stats.models)}${accounts === '' ? '' : `\n${accounts}`}`
}

/** Why models get nothing, and what would change that. */
function renderStandings(models: readonly ModelStats[]): string {
  const lines = models.flatMap(({ id, standing: { kind, why } }) => {
    const how = HOW[kind]
    return how === null ? [] : [`${visible(id)} ${how}: ${visible(why)}\n`]
  })
  return lines.length === 0 ? '' : `\n${lines.join('')}`
}

export function renderModels(models: readonly ModelStats[]): string {
  const right = 'right' as const
  const prices = shownPrices(models)
  const columns = [
    { title: 'model' },
    ...prices.map(({ label }, i) => ({ title: i === 0 ? `USD/MTok ${label}` : label, align: right })),
    { title: 'requests', align: right },
    { title: 'share', align: right },
    { title: 'failed', align: right },
    { title: 'spend', align: right },
    { title: 'mean cost', align: right },
    { title: 'rewards', align: right },
    { title: 'mean reward', align: right },
    { title: '' },
  ]
  const rows = models.map((model) => [
    model.id,
    ...prices.map(({ priceName }) => `${pricesOf(model)[priceName] ?? '-'}`),
    `${model.requests}`,
    percent(model.share),
    `${model.failed}`,
    usd(model.spendUsd),
    usd(model.meanCostUsd),
    `${model.rewarded}`,
    fixed(model.meanReward, 4),
    remark(model),
  ])
  return renderTable(columns, rows)
}

/** The kinds whose price some model has apart from that of their side. */
function shownPrices(models: readonly ModelStats[]): PlacedKind[] {
  const { kinds } = TOKEN_KINDS
  return kinds.filter(({ index, whole, priceName }) => {
    if (index === whole) return true
    const isApart = (model: ModelStats): boolean => {
      const price = pricesOf(model)[priceName]
      return price !== undefined && price !== pricesOf(model)[kinds[whole].priceName]
    }
    return models.some(isApart)
  })
}

function pricesOf(model: ResolvedTokenPrices): Readonly<Record<string, number | undefined>> {
  return model
}

function remark(model: ModelStats): string {
  const { isAvailable } = model
  const suspect = suspectBills(model)
  return [
    ...standing(model),
    ...idleRemarks(model),
    ...(isAvailable ? [] : ['does not answer']),
    ...(suspect === 0 ? [] : [`${plural(suspect, 'bill')} beyond the plausible`]),
    ...usageRemarks(model),
  ].join('; ')
}

/** Why it gets nothing, where the rest of its line does not say it. */
function idleRemarks({ standing: { kind } }: ModelStats): string[] {
  return SHOWN_KINDS.has(kind) ? [kind.replaceAll('-', ' ')] : []
}

function standing(model: ModelStats): string[] {
  const { enabled, draining, forcedRemaining, rewardAlarms, costAlarms, latencyAlarms } = model
  if (draining) return ['draining']
  if (!enabled) return ['disabled']
  if (forcedRemaining > 0) return [`new: ${forcedRemaining} forced to come`]
  return [
    ...changes('reward', rewardAlarms),
    ...changes('cost', costAlarms),
    ...changes('latency', latencyAlarms),
  ]
}

function changes(what: string, alarms: number): string[] {
  return alarms === 0 ? [] : [`${what} has changed ${alarms === 1 ? 'once' : `${alarms} times`}`]
}

function usageRemarks({ unpricedTokens, flaggedUsages }: ModelStats): string[] {
  if (unpricedTokens > 0) return [`${unpricedTokens} tokens of kinds without a price`]
  return flaggedUsages > 0 ? [`${plural(flaggedUsages, 'usage')} to look into`] : []
}
