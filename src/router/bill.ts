import { checkAmount, checkOneOf, isAmount, isMissing } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { reading } from '../base/read-once.js'
import { type PriceList, tokensCostUsd } from '../models/price-list.js'
import { SERVICE_TIERS, type ServiceTier } from '../models/service-tier.js'
import { type GivenTokens, readTokenCounts, type TokensByKind, tokensByKind } from '../models/token-counts.js'
import { amountsOf, TOKEN_KINDS, type TokenAmounts } from '../models/token-kinds.js'
import { readUsage, type UsageFlag } from '../models/usage/usage.js'

/**
 * What a call cost, or the tokens that it was billed for, priced at the list prices in force when it was routed:
 * `inputTokens` and `outputTokens` count all tokens of their side, those of its other kinds included.
 */
export type Bill = GivenTokens & {
  /**
   * Realised cost, USD. Where tokens are given as well it is the cost that counts, unless it is 0 and they have a price;
   * they are kept in the event.
   */
  readonly costUsd?: number | null | undefined
  /**
   * The provider's usage object as it is, of OpenAI, Anthropic, Gemini, Bedrock or the AI SDK, in place of counts.
   * docs/TOKENS.md tells what is read from it.
   */
  readonly usage?: object | null | undefined
  /** How the request was served, for the model's discount. Default: what the usage says, else at full price. */
  readonly serviceTier?: ServiceTier | null | undefined
}

export const BILL_KEYS: readonly string[] = ['costUsd', ...TOKEN_KINDS.countNames, 'usage', 'serviceTier']

/** A bill as it was given. */
export interface GivenBill {
  readonly costUsd: number | null
  readonly counts: TokenAmounts | null
  readonly serviceTier: ServiceTier | null
  readonly tokens: TokensByKind | null
  /** Null where nothing is wrong with it. */
  readonly usageFlags: readonly UsageFlag[] | null
}

/** What a bill comes to, and what was wrong with it. */
export type PricedBill = Pick<GivenBill, 'usageFlags'> & { readonly costUsd: number }

/**
 * Reads a bill. The answer has been given, so counts that are null, missing or contradict each other are no error: what is
 * certain is booked, and flagged. Tokens are checked even where a cost makes them unneeded: a wrong one is a mistake
 * either way.
 * @throws INVALID_ARGUMENT naming the field
 */
export function readBill(bill: Readonly<Record<string, unknown>>, field: string): GivenBill {
  const flags: UsageFlag[] = []
  const hasUsage = !isMissing(bill.usage)
  const read = hasUsage ? reading(`${field}.usage`, () => readUsage(bill.usage, `${field}.usage`)) : 'empty'
  const usage = typeof read === 'string' ? null : read
  if (hasUsage) refuseCounts(bill, field)
  if (read === 'unknown') flags.push('count-missing')
  const given = readTokenCounts(bill, field, TOKEN_KINDS, flags)
  const serviceTier = isMissing(bill.serviceTier)
    ? (usage?.serviceTier ?? null)
    : checkOneOf(bill.serviceTier, SERVICE_TIERS, `${field}.serviceTier`)
  const counts = usage === null ? given : amountsOf(usage.tokens)
  const tokens = counts === null ? null : tokensByKind(counts)
  if (usage !== null) flags.push(...usage.flags)
  const costUsd = isMissing(bill.costUsd) ? null : checkAmount(bill.costUsd, `${field}.costUsd`)
  return {
    costUsd,
    counts,
    serviceTier,
    tokens,
    usageFlags: flags.length === 0 ? null : Object.freeze(flags),
  }
}

/** A usage has its own counts; some of others would be wrong whichever were taken. @throws INVALID_ARGUMENT */
function refuseCounts(bill: Readonly<Record<string, unknown>>, field: string): void {
  const counts = TOKEN_KINDS.countNames.filter((name) => !isMissing(bill[name]))
  if (counts.length === 0) return
  const message = `expected it alone, as it has its own counts of tokens, got ${counts.join(', ')} as well`
  throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.usage`, message)
}

/**
 * What a bill comes to.
 * @param prices those that the request was routed at
 * @param otherwiseUsd where the bill tells no cost
 * @throws INVALID_ARGUMENT naming the field
 */
export function priceOf(bill: GivenBill, prices: PriceList, otherwiseUsd: number, field: string): PricedBill {
  const { costUsd, counts, serviceTier, usageFlags } = bill
  if (costUsd !== null && (costUsd > 0 || counts === null)) return { costUsd, usageFlags }
  if (counts === null) return { costUsd: otherwiseUsd, usageFlags: withFlag(usageFlags, 'cost-missing') }
  const priceUsd = tokensCostUsd(prices, counts, serviceTier)
  const cost = isAmount(priceUsd) ? priceUsd : checkAmount(priceUsd, `${field} (cost)`)
  const isWrong = costUsd === 0 && priceUsd > 0
  return { costUsd: cost, usageFlags: isWrong ? withFlag(usageFlags, 'cost-zero') : usageFlags }
}

export function tellsCost({ costUsd, counts }: GivenBill): boolean {
  return costUsd !== null || counts !== null
}

/** Whether a bill has a field for what was billed, though it may tell nothing. */
export function namesBill(bill: Readonly<Record<string, unknown>>): boolean {
  return BILL_KEYS.some((key) => key in bill)
}

function withFlag(flags: readonly UsageFlag[] | null, flag: UsageFlag): readonly UsageFlag[] {
  return Object.freeze([...(flags ?? []), flag])
}
