import { checkAmount, checkOneOf, isAmount, isMissing } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { reading } from '../base/read-once.js'
import { type PriceList, tokensCostUsd } from '../models/price-list.js'
import { SERVICE_TIERS, type ServiceTier } from '../models/service-tier.js'
import { type GivenTokens, readTokenCounts, type TokensByKind, tokensByKind } from '../models/token-counts.js'
import { amountsOf, TOKEN_KINDS, type TokenAmounts } from '../models/token-kinds.js'
import type { BillRemarks, UsageFlag } from '../models/usage/flags.js'
import { readUsage } from '../models/usage/usage.js'

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
 * Reads a bill. The answer has been given, so nothing in it is an error: what is null, missing, no amount or contradicts
 * the rest is flagged, and what is certain is booked. Tokens are read even where a cost makes them unneeded.
 * @param remarks strict ones refuse what is no amount
 * @throws INVALID_ARGUMENT naming the field: of strict remarks, and for a usage that cannot be read
 */
export function readBill(
  bill: Readonly<Record<string, unknown>>,
  field: string,
  remarks: BillRemarks,
): GivenBill {
  const usage = readBilledUsage(bill, field, remarks)
  const given = readTokenCounts(bill, field, TOKEN_KINDS, remarks)
  const serviceTier = readServiceTier(bill.serviceTier, field, remarks) ?? usage?.serviceTier ?? null
  const counts = usage === null ? given : amountsOf(usage.tokens)
  const tokens = counts === null ? null : tokensByKind(counts)
  if (usage !== null) for (const flag of usage.flags) remarks.add(flag)
  const costUsd = readAmount(bill, field, 'costUsd', remarks)
  return { costUsd, counts, serviceTier, tokens, usageFlags: flagsOf(remarks) }
}

/** An amount, null where it is missing or none. */
export function readAmount(
  given: Readonly<Record<string, unknown>>,
  field: string,
  key: string,
  remarks: BillRemarks,
): number | null {
  const value = given[key]
  if (isAmount(value)) return value
  if (!isMissing(value) || Number.isNaN(value)) remarkNoAmount(value, `${field}.${key}`, remarks)
  return null
}

/** Apart from who finds it: a closure there would be paid for by every bill. */
function remarkNoAmount(value: unknown, path: string, remarks: BillRemarks): void {
  remarks.wrong('not-an-amount', () => checkAmount(value, path))
}

/** Null where nothing is wrong. */
export function flagsOf({ flags }: BillRemarks): readonly UsageFlag[] | null {
  return flags.length === 0 ? null : Object.freeze([...flags])
}

function readBilledUsage(bill: Readonly<Record<string, unknown>>, field: string, remarks: BillRemarks) {
  if (isMissing(bill.usage)) return null
  return readGivenUsage(bill, field, remarks)
}

function readGivenUsage(bill: Readonly<Record<string, unknown>>, field: string, remarks: BillRemarks) {
  const read = reading(`${field}.usage`, () => readUsage(bill.usage, `${field}.usage`, TOKEN_KINDS, remarks))
  if (TOKEN_KINDS.countNames.some((name) => !isMissing(bill[name])))
    remarks.wrong('counts-twice', () => refuseCounts(bill, field))
  if (read === 'unknown') remarks.add('count-missing')
  return typeof read === 'string' ? null : read
}

function readServiceTier(value: unknown, field: string, remarks: BillRemarks): ServiceTier | null {
  return isMissing(value) ? null : readGivenTier(value, field, remarks)
}

function readGivenTier(value: unknown, field: string, remarks: BillRemarks): ServiceTier | null {
  const tier = SERVICE_TIERS.find((known) => known === value)
  if (tier === undefined)
    remarks.wrong('tier-unknown', () => checkOneOf(value, SERVICE_TIERS, `${field}.serviceTier`))
  return tier ?? null
}

/** @throws INVALID_ARGUMENT */
function refuseCounts(bill: Readonly<Record<string, unknown>>, field: string): void {
  const counts = TOKEN_KINDS.countNames.filter((name) => !isMissing(bill[name]))
  const message = `expected it alone, as it has its own counts of tokens, got ${counts.join(', ')} as well`
  throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.usage`, message)
}

/**
 * What a bill comes to.
 * @param prices those that the request was routed at
 * @param otherwiseUsd where the bill tells no cost, or tokens that cost more than an amount can be
 */
export function priceOf(bill: GivenBill, prices: PriceList, otherwiseUsd: number): PricedBill {
  const { costUsd, counts, serviceTier, usageFlags } = bill
  if (costUsd !== null && (costUsd > 0 || counts === null)) return { costUsd, usageFlags }
  if (counts === null) return { costUsd: otherwiseUsd, usageFlags: withFlag(usageFlags, 'cost-missing') }
  const priceUsd = tokensCostUsd(prices, counts, serviceTier)
  if (!isAmount(priceUsd)) return { costUsd: otherwiseUsd, usageFlags: withFlag(usageFlags, 'not-an-amount') }
  const isWrong = costUsd === 0 && priceUsd > 0
  return { costUsd: priceUsd, usageFlags: isWrong ? withFlag(usageFlags, 'cost-zero') : usageFlags }
}

export function tellsCost({ costUsd, counts }: GivenBill): boolean {
  return costUsd !== null || counts !== null
}

function withFlag(flags: readonly UsageFlag[] | null, flag: UsageFlag): readonly UsageFlag[] {
  return flags?.includes(flag) === true ? flags : Object.freeze([...(flags ?? []), flag])
}
