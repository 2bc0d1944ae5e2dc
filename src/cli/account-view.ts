import { visible } from '../base/visible.js'
import type { AccountStats } from '../policy/dollar/stats.js'
import type { Router } from '../router/router.js'
import { plural, usd } from './format.js'

/** Tenants that are shown one by one; JSON has all. */
const TENANTS_SHOWN = 20

/** A tenant's account, and whose it is. */
export type TenantAccount = { readonly id: string } & AccountStats

export function tenantAccounts(router: Router): readonly TenantAccount[] {
  return router.tenants().map((id) => ({ id, ...router.tenantStats(id) }))
}

/** The router's caps and what it refused, and the tenants with theirs. */
export function renderAccounts(account: AccountStats | null, tenants: readonly TenantAccount[]): string {
  const shown = tenants.slice(0, TENANTS_SHOWN).map(({ id, ...each }) => renderAccount(id, each))
  const more = tenants.length - TENANTS_SHOWN
  const refused = account?.refused ?? 0
  return [
    ...(account?.caps ?? []).map((cap) => `${renderCap(cap)}\n`),
    ...(refused === 0 ? [] : [`${plural(refused, 'request')} refused: no money for them\n`]),
    ...shown,
    ...(more > 0 ? [`and ${plural(more, 'more tenant')}: --json has all`, '\n'] : []),
  ].join('')
}

/** @param tenant null: the router's own */
export function renderAccount(tenant: string | null, account: AccountStats | null): string {
  if (account === null) return ''
  const { usdPerRequest, spendUsd, reservedUsd, creditUsd, fundUsd, refused, caps } = account
  const who = tenant === null ? 'the router' : `tenant ${visible(tenant)}`
  const budget = usdPerRequest === null ? 'no budget' : `budget ${usd(usdPerRequest)} per request`
  const saved = usd(tenant === null ? creditUsd + fundUsd : creditUsd)
  const turnedAway = refused === 0 ? '' : `, ${plural(refused, 'request')} refused`
  const head = `${who}: ${budget}, spend ${usd(spendUsd)}, reserved ${usd(reservedUsd)}, saved up ${saved}${turnedAway}`
  return [head, ...caps.map((cap) => `  ${renderCap(cap)}`)].map((line) => `${line}\n`).join('')
}

function renderCap(cap: AccountStats['caps'][number]): string {
  const { per, window, timeZone, spentUsd, reservedUsd, availableUsd, endsAt } = cap
  const zone = timeZone === null || timeZone === 'UTC' ? '' : `, ${visible(timeZone)}`
  const until = window === 'rolling' ? 'rolling' : `until ${new Date(endsAt).toISOString()}${zone}`
  return `cap ${usd(cap.usd)} per ${per}: spent ${usd(spentUsd)}, reserved ${usd(reservedUsd)}, left ${usd(availableUsd)}, ${until}`
}
