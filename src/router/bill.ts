import { checkAmount, checkOneOf, isAmount } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { type PriceList, tokensCostUsd } from '../models/price-list.js'
import { SERVICE_TIERS, type ServiceTier } from '../models/service-tier.js'
import { type GivenTokens, readTokenCounts, type TokensByKind, tokensByKind } from '../models/token-counts.js'
import { amountsOf, TOKEN_KINDS } from '../models/token-kinds.js'
import { normaliseUsage, type UsageFlag } from '../models/usage/usage.js'

/**
 * What a call cost, or the tokens that it was billed for, priced at the list prices in force when it was routed:
 * `inputTokens` and `outputTokens` count all tokens of their side, those of its other kinds included.
 */
export type Bill = GivenTokens & {
  /**
   * Realised cost, USD. Where tokens are given as well it is the cost that counts, unless it is 0 and they have a price;
   * they are kept in the event.
   */
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

export interface ReadBill {
  /** Null where the bill tells none. */
  readonly costUsd: number | null
  readonly tokens: TokensByKind | null
  /** Null where nothing is wrong with a usage. */
  readonly usageFlags: readonly UsageFlag[] | null
}

/**
 * The answer has been given, so counts that are null, missing or contradict each other are no error: what is certain is
 * booked, and flagged. Tokens are checked even where a cost makes them unneeded: a wrong one is a mistake either way.
 * @param prices those that the request was routed at
 * @throws INVALID_ARGUMENT naming the field
 */
export function readBill(
  bill: Readonly<Record<string, unknown>>,
  prices: PriceList,
  field: string,
): ReadBill {
  const flags = new Set<UsageFlag>()
  const usage =
    bill.usage === undefined || bill.usage === null ? null : normaliseUsage(bill.usage, `${field}.usage`)
  const given = readTokenCounts(bill, field, TOKEN_KINDS, flags)
  if (usage !== null && given !== null) {
    const message = 'goes without counts of tokens: it has its own'
    throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.usage`, message)
  }
  const serviceTier =
    bill.serviceTier === undefined || bill.serviceTier === null
      ? (usage?.serviceTier ?? null)
      : checkOneOf(bill.serviceTier, SERVICE_TIERS, `${field}.serviceTier`)
  const counts = usage === null ? given : amountsOf(usage.tokens)
  const tokens = counts === null ? null : tokensByKind(counts)
  for (const flag of usage?.flags ?? []) flags.add(flag)
  let costUsd: number | null = null
  if (bill.costUsd !== undefined && bill.costUsd !== null)
    costUsd = checkAmount(bill.costUsd, `${field}.costUsd`)
  if (counts !== null && (costUsd === null || costUsd === 0)) {
    const priceUsd = tokensCostUsd(prices, counts, serviceTier)
    if (costUsd === 0 && priceUsd > 0) flags.add('cost-zero')
    costUsd = isAmount(priceUsd) ? priceUsd : checkAmount(priceUsd, `${field} (cost)`)
  }
  return { costUsd, tokens, usageFlags: flags.size === 0 ? null : Object.freeze([...flags]) }
}

/** Whether a bill has a field for what was billed, though it may tell nothing. */
export function namesBill(bill: Readonly<Record<string, unknown>>): boolean {
  return BILL_KEYS.some((key) => key in bill)
}
