import type { ModelPrice } from '../../index.js'
import type { GatewayConfig, ModelConfig } from './config.js'
import { longestPromptOf } from './longest-prompt.js'

/** No model reads or writes more, where its entry says nothing of it. */
const CONTEXT_TOKENS = 2_000_000
const OUTPUT_TOKENS = 256_000

/** Prices of tokens on the side of the answer. */
const OF_ANSWER = /output|reasoning/i

/** A budget that no requests can come near. */
export interface FarBudget {
  /** Where it stands: `budget.usdPerRequest`. */
  readonly path: string
  readonly usdPerRequest: number
  /** What a request costs that fills the context of the dearest model, and has the longest answer. */
  readonly dearestUsd: number
}

/**
 * Budgets of more dollars a request than any request costs: sums of a month, most often. Nothing would be saved by them, and nobody would notice.
 * Nothing is said where a model has no prices.
 */
export function farBudgets({ budget, tenants, models }: GatewayConfig): readonly FarBudget[] {
  const given = [
    { path: 'budget.usdPerRequest', usdPerRequest: budget?.usdPerRequest ?? 0 },
    ...tenants.map((tenant, i) => ({
      path: `tenants[${i}].budget.usdPerRequest`,
      usdPerRequest: tenant.budget?.usdPerRequest ?? 0,
    })),
  ]
  return farAmong(given, models)
}

/**
 * A text where a budget that an admin sets is such a one, by itself in a list, or none.
 * @param path where the request says it
 * @param capsAt what sets caps of that account: `PUT /admin/caps`
 */
export function farBudgetOfAdmin(
  path: string,
  usdPerRequest: number | undefined,
  capsAt: string,
  models: readonly ModelConfig[],
): readonly string[] {
  return farAmong([{ path, usdPerRequest: usdPerRequest ?? 0 }], models).map((far) =>
    textOf(far, `${capsAt} with [{ "usd": ${usdPerRequest}, "per": "month" }]`),
  )
}

/**
 * A text where a budget that a command sets is such a one; null: it is not.
 * @param flag of the command
 * @param models those of its router: nothing is known of them but prices
 * @param cap how a sum of a month is said to a command
 */
export function farBudgetOfCommand(
  flag: string,
  usdPerRequest: number,
  models: readonly { readonly enabled: boolean; readonly prices: ModelPrice }[],
  cap: string,
): string | null {
  const unknown = { contextTokens: null, maxInputTokens: null, maxOutputTokens: null }
  const [far] = farAmong(
    [{ path: flag, usdPerRequest }],
    models.map((model) => ({ ...unknown, ...model })),
  )
  return far === undefined ? null : textOf(far, cap)
}

type Priced = Pick<ModelConfig, 'enabled' | 'prices' | 'contextTokens' | 'maxInputTokens' | 'maxOutputTokens'>

function farAmong(
  given: readonly Omit<FarBudget, 'dearestUsd'>[],
  models: readonly Priced[],
): readonly FarBudget[] {
  const dearestUsd = Math.max(0, ...models.filter(({ enabled }) => enabled).map(dearestOf))
  if (!(dearestUsd > 0)) return []
  return given.flatMap((each) => (each.usdPerRequest > dearestUsd ? [{ ...each, dearestUsd }] : []))
}

/** Budgets that are told one by one, of as many as there are tenants. */
const TOLD_MAX = 10

/** A text for each of the first few, and one for the others. */
export function farBudgetTexts(found: readonly FarBudget[]): readonly string[] {
  const more = found.length - TOLD_MAX
  const told = found.slice(0, TOLD_MAX).map(farBudgetText)
  return more > 0 ? [...told, `${more} more budgets are of the same kind`] : told
}

function farBudgetText(far: FarBudget): string {
  const caps = far.path.replace('budget.usdPerRequest', 'caps')
  return textOf(far, `${caps}: [{ usd: ${far.usdPerRequest}, per: month }]`)
}

/** For people. @param cap how a sum of a month is said */
function textOf({ path, usdPerRequest, dearestUsd }: FarBudget, cap: string): string {
  return `${path}: $${usdPerRequest} is more than a request can cost that fills the context of the dearest model ($${Number(dearestUsd.toPrecision(3))}), so it saves nothing: it is the mean of ONE request. Dollars of a month are a cap: ${cap}`
}

/** Infinity: nobody knows. */
function dearestOf(model: Priced): number {
  const { prices, contextTokens, maxOutputTokens } = model
  if (prices === null) return Number.POSITIVE_INFINITY
  const all = [prices, ...(prices.tiers ?? [])].flatMap((list) =>
    Object.entries(list).filter(([name]) => name.endsWith('UsdPerMTok')),
  )
  const dearest = (isOfAnswer: boolean) =>
    Math.max(0, ...all.map(([name, usd]) => (OF_ANSWER.test(name) === isOfAnswer ? Number(usd) : 0)))
  const output = maxOutputTokens ?? Math.min(contextTokens ?? OUTPUT_TOKENS, OUTPUT_TOKENS)
  return ((longestPromptOf(model) ?? CONTEXT_TOKENS) * dearest(false) + output * dearest(true)) / 1e6
}
