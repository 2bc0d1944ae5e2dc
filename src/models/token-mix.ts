import { AMOUNT_MAX } from '../base/check.js'
import { estimatedCostUsd, type PriceList, tierAt } from './price-list.js'
import type { TokensByKind } from './token-counts.js'
import { TOKEN_KINDS } from './token-kinds.js'
import { COST_KEPT, COST_MEMORY_REQUESTS } from './tuning.js'

/** A sum below it counts as nothing: of a request of 1,000 tokens, 1,370 requests ago. */
const FORGOTTEN = 1e-9

/** Larger sums are refused: a bill has at most `AMOUNT_MAX` tokens of each kind. */
export const TOKENS_SUM_MAX = AMOUNT_MAX * COST_MEMORY_REQUESTS * TOKEN_KINDS.kinds.length

/** Tokens that a request is expected to use. */
export interface AssumedTokens {
  readonly inputTokens: number
  readonly outputTokens: number
}

/**
 * What tokens a model's settled requests have had, as decayed sums: when its prices change, what it costs at the new ones
 * follows from them. Bills that tell no tokens say nothing here.
 */
export interface TokenMix {
  /** Requests that the sums are of. */
  bills: number
  /** By the place of a kind in the table, no token in two of them. */
  readonly tokens: Float64Array
  /** Of what was assumed of the same requests. */
  assumedInput: number
  /** The same, of those whose list cost tells of the answer. */
  assumedOutput: number
  outputBills: number
}

export type SavedMix = Omit<TokenMix, 'tokens'> & { readonly tokens: TokensByKind }

export function emptyMix(): TokenMix {
  return {
    bills: 0,
    tokens: new Float64Array(TOKEN_KINDS.kinds.length),
    assumedInput: 0,
    assumedOutput: 0,
    outputBills: 0,
  }
}

/**
 * One settled request. Of what was assumed only the list cost is known: as many tokens went in as were billed, as far as that
 * leaves a cost for the answer.
 */
export function recordTokens(
  mix: TokenMix,
  tokens: TokensByKind,
  prices: PriceList,
  listCostUsd: number,
): void {
  const sums = mix.tokens
  for (let i = 0; i < sums.length; i++) sums[i] = kept(sums[i])
  let inputTokens = 0
  for (const name in tokens) {
    const kind = TOKEN_KINDS.byName.get(name)
    if (kind === undefined) continue
    sums[kind.index] += tokens[name]
    if (kind.side === 'input') inputTokens += tokens[name]
  }
  mix.bills = COST_KEPT * mix.bills + 1
  const { inputUsdPerMTok, outputUsdPerMTok } = tierAt(prices, inputTokens)
  const listUnits = listCostUsd * 1e6
  const assumedInput =
    listUnits > 0 && inputUsdPerMTok > 0 ? Math.min(inputTokens, listUnits / inputUsdPerMTok) : inputTokens
  mix.assumedInput = COST_KEPT * mix.assumedInput + assumedInput
  mix.outputBills = kept(mix.outputBills)
  mix.assumedOutput = mix.outputBills === 0 ? 0 : COST_KEPT * mix.assumedOutput
  if (listUnits === 0 || outputUsdPerMTok === 0) return
  const assumedOutput = Math.max(0, listUnits - assumedInput * inputUsdPerMTok) / outputUsdPerMTok
  // In another tier than the request was expected in its tokens may be priced at next to nothing.
  mix.assumedOutput += Math.min(assumedOutput, AMOUNT_MAX)
  mix.outputBills++
}

/** What is left of a sum: nothing where it would shrink on until it had no digits left, and never be 0. */
function kept(sum: number): number {
  const left = COST_KEPT * sum
  return left < FORGOTTEN ? 0 : left
}

/** Tokens of a request of the model as they were, on average; null where no bill has told any. */
export function meanTokens({ bills, tokens }: TokenMix): TokensByKind | null {
  if (bills === 0) return null
  return byName(tokens, (sum) => sum / bills)
}

/** The mix as a snapshot has it. */
export function saveMix({ tokens, ...sums }: TokenMix): SavedMix {
  return { ...sums, tokens: byName(tokens, (sum) => sum) }
}

/** What `saveMix` gave. */
export function loadMix({ tokens, ...sums }: SavedMix): TokenMix {
  return { ...sums, tokens: Float64Array.from(TOKEN_KINDS.kinds, ({ name }) => tokens[name] ?? 0) }
}

/** By name; kinds without tokens are left out. */
function byName(tokens: Float64Array, of: (sum: number) => number): TokensByKind {
  const { kinds } = TOKEN_KINDS
  return Object.fromEntries(
    kinds.flatMap(({ name, index }) => (tokens[index] > 0 ? [[name, of(tokens[index])]] : [])),
  )
}

/** Share by which a mean list cost is that of what is assumed of any request. */
const SAME_SHARE = 1e-3

/**
 * Tokens that were assumed of a request of the model, on average.
 * @param prices in force while they were
 * @param usual what is assumed of a request that tells nothing of itself
 */
export function meanAssumed(mix: TokenMix, prices: PriceList, usual: AssumedTokens): AssumedTokens {
  if (mix.bills === 0) return usual
  const inputTokens = mix.assumedInput / mix.bills
  const outputTokens = mix.outputBills === 0 ? usual.outputTokens : mix.assumedOutput / mix.outputBills
  const usd = estimatedCostUsd(prices, inputTokens, outputTokens)
  const usualUsd = estimatedCostUsd(prices, usual.inputTokens, usual.outputTokens)
  if (usualUsd > 0 && Math.abs(usd - usualUsd) <= SAME_SHARE * usualUsd) return usual
  return { inputTokens, outputTokens }
}
