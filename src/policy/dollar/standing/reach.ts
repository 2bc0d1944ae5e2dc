import type { Account } from '../accounts/account.js'
import { Credit } from '../accounts/credit.js'
import { CREDIT_TAIL_FACTOR, TRY_CAP_SHARE } from '../tuning.js'

/** Share of the burst that an account may be counted on to hold: it aims at more, and swings. */
const HELD_SHARE = 0.5

/** What one request on a model may draw from an account at most, whatever the account saves. */
export interface Reach {
  /** USD; Infinity where nothing limits it. */
  readonly mostUsd: number
  /** Whether it is the budget that is too small, or a cap. */
  readonly byBudget: boolean
  readonly byCaps: boolean
}

/**
 * @param drawnUsd what one request would draw, and the least that it would on any model
 * @param tail how far its bills may lie above, as in accounts/tail.ts
 * @param isTry it is not chosen by its score: then it may take a share of what a cap leaves, and a newcomer has the fund
 */
export function reachOf(
  { usdPerRequest, credit, caps }: Account,
  { drawnUsd, leastUsd }: { readonly drawnUsd: number; readonly leastUsd: number },
  tail: number,
  isTry: boolean,
  isNewcomer: boolean,
): Reach {
  const budgetUsd =
    usdPerRequest === null || isNewcomer
      ? Number.POSITIVE_INFINITY
      : usdPerRequest * mostBudgets(credit.burst, credit.burst, tail, leastUsd / usdPerRequest)
  const share = isTry ? TRY_CAP_SHARE : 1
  const capUsd = share * Math.min(Number.POSITIVE_INFINITY, ...caps.map(({ usd }) => usd))
  return {
    mostUsd: Math.min(budgetUsd, capUsd),
    byBudget: drawnUsd > budgetUsd,
    byCaps: drawnUsd > capUsd,
  }
}

/** The budget, USD per request, at which an account affords that draw as it usually stands. */
export function neededBudgetUsd({ credit }: Account, drawnUsd: number, tail: number): number {
  return drawnUsd / mostBudgets(HELD_SHARE * credit.burst, credit.burst, tail)
}

/** The cap, USD, that lets a try draw so much. */
export function neededCapUsd(drawnUsd: number): number {
  return drawnUsd / TRY_CAP_SHARE
}

/**
 * The most that an account which holds `held` budgets' worth of money lets one request draw, in budgets.
 * @param least what the request draws on its cheapest model
 */
function mostBudgets(held: number, burst: number, tail: number, least = 0): number {
  const limit = new Credit(burst).limitUsd(held, 1, least)
  // Up to the budget what is drawn counts, beyond it what the tail may come to.
  return limit > 1 ? (limit * CREDIT_TAIL_FACTOR) / tail : limit
}
