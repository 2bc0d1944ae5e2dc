import { isRecord, isText } from '../../../base/check.js'
import { ParetoBanditError } from '../../../base/errors.js'
import type { PolicySnapshot } from '../../../state/policy-state.js'
import { invalidSnapshot } from '../../../state/snapshot/invalid-snapshot.js'
import { SUM_MAX_USD } from '../demand/units.js'
import type { Account } from './account.js'
import type { Accounts } from './accounts.js'
import { ArrivalProfile } from './arrival-profile.js'
import { Cap } from './cap.js'
import { type CapSpec, checkCaps } from './cap-period.js'
import { PARTS_MAX } from './split-bookings.js'

/** Accounts as a snapshot keeps them: ids and caps as text; registrations and the numbers of each account, in order. */
export function saveAccounts(accounts: Accounts): PolicySnapshot & { readonly text: object } {
  const tenants = [...accounts.tenants.values()]
  const numbers = [accounts.registrations, ...accounts.router.save()]
  for (const { number, account } of tenants) numbers.push(number, ...account.save())
  const text = {
    ...textOf(accounts.router),
    tenants: tenants.map(({ id, account }) => ({ id, ...textOf(account) })),
    ...departedOf(accounts),
    ...splitsOf(accounts),
  }
  return { text, numbers: Float64Array.from(numbers) }
}

/**
 * Loads what `saveAccounts` gave, and whatever follows it, into fresh accounts.
 * @returns how many of the numbers were theirs
 * @throws SNAPSHOT_INVALID
 */
export function loadAccounts(accounts: Accounts, text: unknown, numbers: Float64Array): number {
  if (!isRecord(text) || !Array.isArray(text.tenants)) throw invalidSnapshot('its accounts are not valid')
  let at = 0
  const count = (): number => {
    const number = numbers[at++]
    if (!Number.isSafeInteger(number) || number < 0) throw invalidSnapshot('a tenant has no number')
    return number
  }
  const load = (account: Account, saved: Readonly<Record<string, unknown>>): void => {
    const { caps, arrivals, carriedUsd, handed, writtenOffUsd = 0, retired } = saved
    account.arrivals = arrivals === undefined ? null : readArrivals(arrivals)
    account.caps = readCaps(caps).map((spec) => new Cap(spec))
    const own = [...numbers.subarray(at, at + account.savedNumbers)]
    at += account.savedNumbers
    if (at > numbers.length || !account.load(own)) throw invalidSnapshot('an account is not valid')
    if (carriedUsd !== undefined) loadCarried(account, carriedUsd)
    if (handed !== undefined) loadHanded(account.caps, handed)
    if (!isWrittenOff(writtenOffUsd)) throw invalidSnapshot('what an account has written off is not valid')
    account.credit.writtenOffUsd = writtenOffUsd
    if (retired !== undefined) account.retired = loadCounts(retired)
  }
  accounts.registrations = count()
  load(accounts.router, text)
  const seen = new Set<number>()
  for (const tenant of text.tenants) {
    const number = count()
    if (!isRecord(tenant) || !isText(tenant.id) || accounts.tenants.has(tenant.id))
      throw invalidSnapshot('a tenant has no name of its own')
    if (number === 0 || number > accounts.registrations || seen.has(number))
      throw invalidSnapshot('a tenant has no number')
    seen.add(number)
    load(accounts.add(tenant.id, number).account, tenant)
  }
  loadDeparted(accounts, text.departed ?? [])
  loadDepartures(accounts, text.departures ?? [], seen)
  loadSplits(accounts, text.splits ?? [])
  return at
}

/** A sum of debts: one of them is an amount. */
function isWrittenOff(usd: unknown): usd is number {
  return typeof usd === 'number' && usd >= 0 && usd <= SUM_MAX_USD
}

/** @throws SNAPSHOT_INVALID */
function loadCarried({ caps }: Account, carriedUsd: unknown): void {
  const isValid = Array.isArray(carriedUsd) && carriedUsd.length === caps.length
  if (!isValid || !caps.every((cap, i) => cap.carry(carriedUsd[i])))
    throw invalidSnapshot('a cap carries no amount')
}

/** @throws SNAPSHOT_INVALID */
function loadHanded(caps: readonly Cap[], handed: unknown): void {
  const isValid = Array.isArray(handed) && handed.length === caps.length
  if (!isValid || !caps.every((cap, i) => cap.handover.loadHanded(handed[i])))
    throw invalidSnapshot('what a cap was handed is not valid')
}

/**
 * What was written off, what caps carry over or were handed, those that were taken away, and when requests come, stand there only
 * where there is any: no release before kept them.
 */
function textOf(account: Account): Readonly<Record<string, unknown>> {
  const { writtenOffUsd } = account.credit
  return {
    caps: capsOf(account),
    ...(writtenOffUsd === 0 ? {} : { writtenOffUsd }),
    ...(account.caps.some((cap) => cap.carriedUsd > 0)
      ? { carriedUsd: account.caps.map((cap) => cap.carriedUsd) }
      : {}),
    ...(account.caps.some((cap) => cap.handover.handed !== null)
      ? { handed: account.caps.map((cap) => cap.handover.handed) }
      : {}),
    ...(account.retired.length === 0 ? {} : { retired: countsOf(account.retired) }),
    ...(account.arrivals === null ? {} : { arrivals: account.arrivals.save() }),
  }
}

/** @throws SNAPSHOT_INVALID */
function readArrivals(value: unknown): ArrivalProfile {
  const profile = new ArrivalProfile()
  if (!isRecord(value) || !profile.load(value)) throw invalidSnapshot('the times of requests are not valid')
  return profile
}

/** There only where there is any: no release before kept them. */
function departedOf({ departed }: Accounts): Readonly<Record<string, unknown>> {
  const all = [...departed.entries].map(([tenant, { caps, countsOn }]) => ({
    tenant,
    ...countsOf(caps),
    ...(countsOn ? { countsOn } : {}),
  }))
  const departures = [...departed.departures].map(([number, { tenant, countedAt }]) => [
    number,
    tenant,
    countedAt,
  ])
  return {
    ...(all.length === 0 ? {} : { departed: all }),
    ...(departures.length === 0 ? {} : { departures }),
  }
}

/** Caps that are not in force, with what they count. */
function countsOf(caps: readonly Cap[]): Readonly<Record<string, unknown>> {
  return {
    caps: capsOf({ caps }),
    numbers: caps.map((cap) => cap.save()),
    carriedUsd: caps.map((cap) => cap.carriedUsd),
    handed: caps.map((cap) => cap.handover.handed),
    ...(caps.some((cap) => cap.handover.aside !== null)
      ? { aside: caps.map((cap) => cap.handover.aside) }
      : {}),
  }
}

/** @throws SNAPSHOT_INVALID */
function loadCounts(saved: unknown): readonly Cap[] {
  const invalid = () => invalidSnapshot('caps that are not in force are not valid')
  if (!isRecord(saved)) throw invalid()
  const { numbers, carriedUsd, aside } = saved
  if (!Array.isArray(numbers) || !Array.isArray(carriedUsd)) throw invalid()
  if (!Array.isArray(saved.caps)) throw invalid()
  // One by one: a tenant may have left several of a kind, one after the other.
  const caps = saved.caps.map((saved: unknown, i) => {
    const [spec] = readCaps([saved])
    const cap = new Cap(spec)
    const own: unknown = numbers[i]
    if (!Array.isArray(own) || !own.every((each) => typeof each === 'number')) throw invalid()
    cap.load(own)
    if (!cap.carry(carriedUsd[i])) throw invalid()
    return cap
  })
  loadHanded(caps, saved.handed)
  if (aside === undefined) return caps
  if (!Array.isArray(aside) || aside.length !== caps.length) throw invalid()
  if (!caps.every((cap, i) => cap.handover.loadAside(aside[i]))) throw invalid()
  return caps
}

/** @throws SNAPSHOT_INVALID */
function loadDeparted({ departed }: Accounts, saved: unknown): void {
  const invalid = () => invalidSnapshot('the caps of a tenant that is gone are not valid')
  if (!Array.isArray(saved)) throw invalid()
  for (const one of saved) {
    if (!isRecord(one) || !isText(one.tenant)) throw invalid()
    const { countsOn = false } = one
    if (typeof countsOn !== 'boolean') throw invalid()
    departed.put(one.tenant, loadCounts(one), countsOn)
  }
}

/** @throws SNAPSHOT_INVALID */
function loadDepartures({ departed, registrations }: Accounts, saved: unknown, known: Set<number>): void {
  const invalid = () => invalidSnapshot('a registration that is over is not valid')
  if (!Array.isArray(saved)) throw invalid()
  for (const one of saved) {
    if (!Array.isArray(one) || one.length !== 3) throw invalid()
    const [number, tenant, countedAt]: readonly unknown[] = one
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || !isText(tenant)) throw invalid()
    if (number <= 0 || number > registrations || known.has(number)) throw invalid()
    if (countedAt !== null && !isFiniteNumber(countedAt)) throw invalid()
    known.add(number)
    departed.end(number, { tenant, countedAt })
  }
}

/** There only where there is any: no release before kept them. */
function splitsOf({ splits }: Accounts): Readonly<Record<string, unknown>> {
  const all = [...splits.entries].map(([request, parts]) => [request, parts.map(({ usd, at }) => [usd, at])])
  return all.length === 0 ? {} : { splits: all }
}

/** @throws SNAPSHOT_INVALID */
function loadSplits({ splits }: Accounts, saved: unknown): void {
  const invalid = () => invalidSnapshot('what a request was charged at several times is not valid')
  if (!Array.isArray(saved)) throw invalid()
  for (const one of saved) {
    if (!Array.isArray(one) || one.length !== 2) throw invalid()
    const [request, parts]: readonly unknown[] = one
    if (!isText(request) || !Array.isArray(parts) || parts.length > PARTS_MAX) throw invalid()
    const read = parts.map((part: unknown) => {
      if (!Array.isArray(part) || part.length !== 2) throw invalid()
      const [usd, at]: readonly unknown[] = part
      if (!isFiniteNumber(usd) || !isFiniteNumber(at) || !(usd > 0 && usd <= SUM_MAX_USD)) throw invalid()
      return { usd, at }
    })
    splits.put(request, read)
  }
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function capsOf({ caps }: { readonly caps: readonly Cap[] }): CapSpec[] {
  return caps.map(({ usd, per, window, timeZone, pacing }) => ({
    usd,
    per,
    window,
    timeZone,
    ...(pacing === 'even' ? {} : { pacing }),
  }))
}

function readCaps(caps: unknown): readonly CapSpec[] {
  try {
    return checkCaps(caps, 'caps')
  } catch (error) {
    if (error instanceof ParetoBanditError) throw invalidSnapshot(`a cap is not valid (${error.message})`)
    throw error
  }
}
