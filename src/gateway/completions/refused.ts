import {
  type AccountStats,
  type CapStatus,
  isStoreError,
  ParetoBanditError,
  type Router,
} from '../../index.js'
import type { Refusal } from '../keys/refusal.js'
import { RequestError } from '../protocols/adapter.js'
import { isTooDeep, TOO_DEEP } from '../protocols/too-deep.js'

/** A request that goes no further. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly refusal: Refusal

  constructor(status: number, code: string, message: string, retryAfterMs: number | null = null) {
    super(message)
    this.refusal = { status, code, message, retryAfterMs }
  }
}

export const LEDGER_RETRY_MS = 1000

/** What a client gets for an error; null: it is a failure of ours. */
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
  if (isTooDeep(error)) return { status: 400, code: 'invalid_json', message: TOO_DEEP, retryAfterMs: null }
  if (!(error instanceof ParetoBanditError)) return null
  if (isStoreError(error))
    return {
      status: 503,
      code: 'ledger_unavailable',
      message: 'the ledger takes nothing at the moment',
      retryAfterMs: LEDGER_RETRY_MS,
    }
  switch (error.code) {
    case 'BUDGET_EXHAUSTED': {
      const short = error.field === 'caps' ? shortCaps(error, router, tenant) : null
      return {
        status: 402,
        code: 'budget_exhausted',
        message: `${limitText(short)} leaves too little for this request`,
        retryAfterMs: short === null ? null : untilOpen(error, short, now),
      }
    }
    case 'NO_ELIGIBLE_MODEL':
      return {
        status: 503,
        code: 'no_model_available',
        message: 'no model that could serve this request takes any at the moment',
        // Paused ones are asked where there is no other: these are switched off, and only their operator knows until when.
        retryAfterMs: null,
      }
    case 'UNKNOWN_TENANT':
      return {
        status: 403,
        code: 'unknown_tenant',
        message: "there is no account of this key's tenant",
        retryAfterMs: null,
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
    case 'TOO_MANY_REWARDS':
      return { status: 429, code: 'too_many_rewards', message: error.message, retryAfterMs: null }
    case 'REQUEST_CLOSED':
    case 'REQUEST_FAILED':
    case 'REQUEST_EXPIRED':
    case 'MODEL_REMOVED':
      return {
        status: 409,
        code: 'decision_closed',
        message:
          'this decision takes no reward: it failed, was broken off, is too old, or its model was removed',
        retryAfterMs: null,
      }
    default:
      return null
  }
}

type ShortCap = CapStatus & { readonly owner: string | null }

/**
 * When caps have what a refused request needs, ms from now; null: they do not say. A balance grows with requests and a
 * rolling window as its spend gets old, so neither names a time; nor does what only waits for answers that are under way.
 */
function untilOpen(
  { neededUsd = 0 }: ParetoBanditError,
  short: readonly ShortCap[],
  now: number,
): number | null {
  // The caps have it, and another process holds it: this one has asked for its part.
  if (short.length === 0) return LEDGER_RETRY_MS
  // As the engine reckons: of what is left of a dollar after nine times ten cents not all sums say the same.
  const isTold = short.every(
    ({ window, usd, spentUsd }) => window === 'calendar' && neededUsd <= usd && usd - spentUsd < neededUsd,
  )
  return isTold ? Math.max(0, ...short.map(({ endsAt }) => endsAt - now)) : null
}

/** Whose limit it is, in words: without its dollars, which are the operator's to tell. */
function limitText(short: readonly ShortCap[] | null): string {
  if (short === null) return 'the budget'
  const [first] = short
  if (first === undefined) return 'what this process holds of a cap'
  const { window, per, owner } = first
  const cap =
    window === 'rolling'
      ? `the rolling cap of ${per === 'hour' ? 'an' : 'a'} ${per}`
      : `the cap of this ${per}`
  return owner === null ? cap : `${cap} of tenant ${JSON.stringify(owner)}`
}

/** The caps that leave less than a refused request needs, of all and of its tenant. */
function shortCaps(
  { neededUsd = 0 }: ParetoBanditError,
  router: Router<string>,
  tenant: string | null,
): readonly ShortCap[] {
  const short = (owner: string | null, account: AccountStats) =>
    account.caps.flatMap((cap) => (cap.availableUsd < neededUsd ? [{ ...cap, owner }] : []))
  const ofAll = short(null, router.tenantStats(null))
  if (tenant === null) return ofAll
  try {
    return [...ofAll, ...short(tenant, router.tenantStats(tenant))]
  } catch {
    // It was removed since.
    return ofAll
  }
}
