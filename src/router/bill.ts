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

interface ReadBill {
  /** Null where the bill tells none. */
  readonly costUsd: number | null
  readonly tokens: TokensByKind | null
  /** Null where nothing is wrong with a usage. */
  readonly usageFlags: readonly UsageFlag[] | null
}

/**
 * Tokens are checked even where a cost makes them unneeded: a wrong one is a mistake either way.
 * @param prices those that the request was routed at
 * @throws INVALID_ARGUMENT naming the field
 */
export function readBill(
  bill: Readonly<Record<string, unknown>>,
  prices: PriceList,
  field: string,
): ReadBill {
  const usage = bill.usage === undefined ? null : normaliseUsage(bill.usage, `${field}.usage`)
  const given = readTokenCounts(bill, field)
  if (usage !== null && given !== null) {
    const message = 'goes without counts of tokens: it has its own'
    throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.usage`, message)
  }
  const serviceTier =
    bill.serviceTier === undefined
      ? (usage?.serviceTier ?? null)
      : checkOneOf(bill.serviceTier, SERVICE_TIERS, `${field}.serviceTier`)
  const counts = usage === null ? given : amountsOf(usage.tokens)
  const tokens = counts === null ? null : tokensByKind(counts)
  const usageFlags = usage === null || usage.flags.length === 0 ? null : Object.freeze(usage.flags)
  if (bill.costUsd !== undefined) {
    return { costUsd: checkAmount(bill.costUsd, `${field}.costUsd`), tokens, usageFlags }
  }
  if (counts === null) return { costUsd: null, tokens, usageFlags }
  const costUsd = tokensCostUsd(prices, counts, serviceTier)
  return {
    costUsd: isAmount(costUsd) ? costUsd : checkAmount(costUsd, `${field} (cost)`),
    tokens,
    usageFlags,
  }
}
