import { ParetoBanditError, type Router } from '../../index.js'
import type { Refusal } from '../keys/refusal.js'
import { RequestError } from '../protocols/adapter.js'

/** A request that goes no further. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly refusal: Refusal

  constructor(status: number, code: string, message: string, retryAfterMs: number | null = null) {
    super(message)
    this.refusal = { status, code, message, retryAfterMs }
  }
}

const LEDGER_RETRY_MS = 1000

/** What a client is told of an error; null: it is a failure of ours. */
export function refusalOfError(
  error: unknown,
  router: Router<string>,
  tenant: string | null,
  now: number,
): Refusal | null {
  if (error instanceof Refused) return error.refusal
  if (error instanceof RequestError) {
    const { status, code, message } = error
    return { status, code, message, retryAfterMs: null }
  }
  if (!(error instanceof ParetoBanditError)) return null
  switch (error.code) {
    case 'BUDGET_EXHAUSTED':
      return {
        status: 402,
        code: 'budget_exhausted',
        message: 'the budget leaves too little for this request',
        retryAfterMs: untilACapEnds(router, tenant, now),
      }
    case 'NO_ELIGIBLE_MODEL':
      return {
        status: 503,
        code: 'no_model_available',
        message: 'no model that could serve this request takes any at the moment',
        retryAfterMs: LEDGER_RETRY_MS,
      }
    case 'UNKNOWN_TENANT':
      return {
        status: 403,
        code: 'unknown_tenant',
        message: "there is no account of this key's tenant",
        retryAfterMs: null,
      }
    case 'JOURNAL_FULL':
    case 'STORE_CLOSED':
    case 'STORE_UNREACHABLE':
    case 'STORE_FULL':
      return {
        status: 503,
        code: 'ledger_unavailable',
        message: 'the ledger takes nothing at the moment',
        retryAfterMs: LEDGER_RETRY_MS,
      }
    case 'UNKNOWN_REQUEST':
      return {
        status: 404,
        code: 'unknown_decision',
        message: 'there is no such decision',
        retryAfterMs: null,
      }
    case 'ALREADY_REWARDED':
      return {
        status: 409,
        code: 'already_rewarded',
        message: 'the rewards of this decision have been applied',
        retryAfterMs: null,
      }
    case 'REQUEST_CLOSED':
    case 'REQUEST_FAILED':
    case 'REQUEST_EXPIRED':
    case 'MODEL_REMOVED':
      return {
        status: 409,
        code: 'decision_closed',
        message: 'this decision takes no reward: it failed, was broken off, or is too old',
        retryAfterMs: null,
      }
    default:
      return null
  }
}

/** How long until the first of the spent caps begins a new period; null: no cap is spent. */
function untilACapEnds(router: Router<string>, tenant: string | null, now: number): number | null {
  const accounts = [router.stats().account]
  if (tenant !== null) {
    try {
      accounts.push(router.tenantStats(tenant))
    } catch {
      // It was removed since.
    }
  }
  const ends = accounts
    .flatMap((account) => account?.caps ?? [])
    .filter(({ window, availableUsd, usd }) => window === 'calendar' && availableUsd < usd / 2)
    .map(({ endsAt }) => endsAt - now)
    .filter((ms) => ms > 0)
  return ends.length === 0 ? null : Math.min(...ends)
}
