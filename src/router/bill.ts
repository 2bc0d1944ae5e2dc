import { checkAmount, checkOneOf, isAmount } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { reading } from '../base/read-once.js'
import { type PriceList, tokensCostUsd } from '../models/price-list.js'
import { SERVICE_TIERS, type ServiceTier } from '../models/service-tier.js'
import { type GivenTokens, readTokenCounts, type TokensByKind, tokensByKind } from '../models/token-counts.js'
import { amountsOf, TOKEN_KINDS, type TokenAmounts } from '../models/token-kinds.js'
import { normaliseUsage, type UsageFlag } from '../models/usage/usage.js'

/**
 * What a call cost, or the tokens that it was billed for, priced at the list prices in force when it was routed:
 * `inputTokens` and `outputTokens` count all tokens of their side, those of its other kinds included.
 */
export type Bill = GivenTokens & {
  /** Realised cost, USD. Where tokens are given as well it is the cost that counts; they are kept in the event. */
  readonly costUsd?: number
  /**
   * The provider's usage object as it is, of OpenAI, Anthropic, Gemini, Bedrock or the AI SDK, in place of counts.
   * docs/TOKENS.md tells what is read from it.
   */
  readonly usage?: object
  /** How the request was served, for the model's discount. Default: what the usage says, else at full price. */
  readonly serviceTier?: ServiceTier
}

export const BILL_KEYS: readonly string[] = ['costUsd', ...TOKEN_KINDS.countNames, 'usage', 'serviceTier']

/** A bill as it was given. */
export interface GivenBill {
  readonly costUsd: number | null
  readonly counts: TokenAmounts | null
  readonly serviceTier: ServiceTier | null
  readonly tokens: TokensByKind | null
  /** Null where nothing is wrong with a usage. */
  readonly usageFlags: readonly UsageFlag[] | null
}

/**
 * Reads a bill. Tokens are checked even where a cost makes them unneeded: a wrong one is a mistake either way.
 * @throws INVALID_ARGUMENT naming the field
 */
export function readBill(bill: Readonly<Record<string, unknown>>, field: string): GivenBill {
  const usage =
    bill.usage === undefined
      ? null
      : reading(`${field}.usage`, () => normaliseUsage(bill.usage, `${field}.usage`))
  if (usage !== null) refuseCounts(bill, field)
  const given = readTokenCounts(bill, field)
  const serviceTier =
    bill.serviceTier === undefined
      ? (usage?.serviceTier ?? null)
      : checkOneOf(bill.serviceTier, SERVICE_TIERS, `${field}.serviceTier`)
  const counts = usage === null ? given : amountsOf(usage.tokens)
  const tokens = counts === null ? null : tokensByKind(counts)
  const usageFlags = usage === null || usage.flags.length === 0 ? null : Object.freeze(usage.flags)
  const costUsd = bill.costUsd === undefined ? null : checkAmount(bill.costUsd, `${field}.costUsd`)
  return { costUsd, counts, serviceTier, tokens, usageFlags }
}

/** A usage has its own counts; some of others would be wrong whichever were taken. @throws INVALID_ARGUMENT */
function refuseCounts(bill: Readonly<Record<string, unknown>>, field: string): void {
  const counts = TOKEN_KINDS.countNames.filter((name) => bill[name] !== undefined)
  if (counts.length === 0) return
  const message = `expected it alone, as it has its own counts of tokens, got ${counts.join(', ')} as well`
  throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.usage`, message)
}

/**
 * What a bill comes to.
 * @param prices those that the request was routed at
 * @throws INVALID_ARGUMENT naming the field
 */
export function costOf(
  { costUsd, counts, serviceTier }: GivenBill,
  prices: PriceList,
  field: string,
): number {
  if (costUsd !== null) return costUsd
  if (counts === null) return 0
  const cost = tokensCostUsd(prices, counts, serviceTier)
  return isAmount(cost) ? cost : checkAmount(cost, `${field} (cost)`)
}
