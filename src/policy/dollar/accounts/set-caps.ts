import type { EventOf } from '../../../events/events.js'
import type { Account } from './account.js'
import { Cap } from './cap.js'
import { type CapSpec, isAsLong, isSameKind, periodOf, type ToldPeriod } from './cap-period.js'
import { type Counter, carriedOver } from './carry-over.js'
import type { DepartedCaps } from './departed-caps.js'

/**
 * An account has these caps from now on. One of the same kind keeps what it knows, one that was taken away, or whose tenant was
 * gone meanwhile, too. One of another kind takes in what is in flight, and what those before it have counted of its window.
 * @param departed what tenants that are gone had spent under caps
 */
export function setCaps(account: Account, event: EventOf<'caps-set'>, departed: DepartedCaps): void {
  const { tenant, caps, at, countsOn, periods } = event
  const before = account.caps
  const counts = (cap: Cap) => cap.inFlight > 0 || !cap.isForgotten(at)
  const gone = new Set([...before, ...account.retired.filter((cap) => !cap.isOver(at) && counts(cap))])
  const find = (isLike: (cap: CapSpec) => boolean) => {
    const found = [...gone].find(isLike)
    if (found !== undefined) gone.delete(found)
    return found ?? back(tenant, account, departed, isLike)
  }
  const known = caps.map((spec) => find((cap) => isSameKind(cap, spec)))
  const left = tenant === null ? [] : departed.capsOf(tenant)
  const counters = periods === null ? [] : countersOf(account, left, known, at)
  const past = periods === null ? [] : account.retired.filter((cap) => cap.isOver(at) && counts(cap))
  account.caps = caps.map((spec, i) => {
    const cap = known[i] ?? new Cap(spec, at)
    if (known[i] !== undefined) {
      cap.usd = spec.usd
      cap.pacing = spec.pacing ?? 'even'
      cap.handover.putBack(at)
      return cap
    }
    const elsewhere = periods === null ? find((other) => isAsLong(other, spec)) : undefined
    if (elsewhere !== undefined) {
      cap.succeed(elsewhere, at)
      return cap
    }
    const carried = carriedOver(cap, counters, startOf(cap, periods ?? [], at), at)
    if (carried !== null) cap.takeIn(carried.cap, carried.parts, carried.since, at)
    cap.adopt(account.ledger.reservedUsd, account.ledger.unsettled)
    return cap
  })
  // Those whose period is over stay as well: bills of requests from then may still come.
  const away = [...gone, ...past.filter((cap) => !caps.some((spec) => isSameKind(cap, spec)))]
  account.retired = countsOn
    ? away.filter((cap, i) => away.findIndex((other) => isAsLong(cap, other)) === i)
    : []
  if (periods !== null) for (const cap of account.retired) cap.handover.putAside(at, periods)
  if (!caps.some(({ pacing }) => pacing === 'forecast')) account.arrivals = null
}

/**
 * The caps that have counted what an account spent.
 * @param left those that tenants of its id left
 * @param staying those of the account that stay in force
 */
function countersOf(
  { caps, retired }: Account,
  left: readonly Cap[],
  staying: readonly (Cap | undefined)[],
  at: number,
): readonly Counter[] {
  const isReplaced = caps.length === 0
  return [
    ...caps.map((cap) => ({ cap, isWhole: true, isReplaced: !staying.includes(cap) })),
    ...retired.map((cap) => ({ cap, isWhole: !cap.isOver(at), isReplaced })),
    ...left.map((cap) => ({ cap, isWhole: false, isReplaced })),
  ]
}

function back(
  tenant: string | null,
  { ledger }: Account,
  departed: DepartedCaps,
  isLike: (cap: CapSpec) => boolean,
): Cap | undefined {
  const cap = tenant === null ? undefined : departed.take(tenant, isLike)
  cap?.adopt(ledger.reservedUsd, ledger.unsettled)
  return cap
}

/** When the window began, or the period, that a request finds at `at`, ms since 1970; -Infinity where no event tells it. */
function startOf(cap: Cap, periods: readonly ToldPeriod[], at: number): number {
  if (cap.window === 'rolling') return at - cap.lengthMs
  return periodOf(cap, periods)?.startsAt ?? Number.NEGATIVE_INFINITY
}
