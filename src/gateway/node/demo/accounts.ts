import type { Entry } from '../simulated/ledger.js'

/** What the gateway booked for a request. */
export interface BookedRequest {
  readonly outcome: string
  readonly model: string | null
  readonly costUsd: number | null
  readonly isMeasured?: boolean
  readonly tries: number
}

/** Two accounts of the same calls, USD: that of the gateway and that of those who send the bill. */
export interface AgreementOfLedgers {
  /** What the gateway's ledger has, reservations left aside. */
  readonly ledgerUsd: number
  /** Of calls without an end, 0 when all are over. */
  readonly reservedUsd: number
  /** Of requests whose usage came: what was booked, and what providers billed for them. */
  readonly measured: { readonly requests: number; readonly bookedUsd: number; readonly billedUsd: number }
  /** Of answers that broke off before their usage: booked at what was reserved, or was seen if that is more. */
  readonly unmeasured: { readonly requests: number; readonly bookedUsd: number; readonly billedUsd: number }
}

export function agreementOf(
  ledger: { readonly spendUsd: number; readonly reservedUsd: number },
  booked: readonly BookedRequest[],
  entries: readonly Entry[],
): AgreementOfLedgers {
  const paid = booked.filter(({ costUsd }) => costUsd !== null && costUsd > 0)
  const bookedUsd = (isMeasured: boolean) =>
    sum(paid.filter((each) => (each.isMeasured !== false) === isMeasured).map(({ costUsd }) => costUsd ?? 0))
  const billedUsd = (isMeasured: boolean) =>
    sum(entries.filter((each) => each.isUsageSent === isMeasured).map(({ costUsd }) => costUsd))
  const count = (isMeasured: boolean) =>
    paid.filter((each) => (each.isMeasured !== false) === isMeasured).length
  return {
    ledgerUsd: ledger.spendUsd,
    reservedUsd: ledger.reservedUsd,
    measured: { requests: count(true), bookedUsd: bookedUsd(true), billedUsd: billedUsd(true) },
    unmeasured: { requests: count(false), bookedUsd: bookedUsd(false), billedUsd: billedUsd(false) },
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
