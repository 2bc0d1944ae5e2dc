import { checkAmount, isAmount } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { type PriceList, tierAt } from './price-list.js'
import { TOKEN_KINDS, type TokenCountName, type TokenCounts, type TokenKinds } from './token-kinds.js'

/** Counts of tokens as a caller gives them: `inputTokens` and `outputTokens` are all of their side. */
export type GivenTokens = { readonly [C in TokenCountName]?: number }

/** Tokens by kind, none in two of them: `input` are those of no other kind. A kind without tokens is left out. */
export type TokensByKind = Readonly<Record<string, number>>

/** Parts may exceed their whole by this share of it: fractions of tokens are rounded. */
const ROUNDING = 1e-9

/**
 * The counts among a record's fields; null where it has none. Both wholes or none, and parts no more than their whole,
 * each and together.
 * @throws INVALID_ARGUMENT naming the field
 */
export function readTokenCounts(
  record: Readonly<Record<string, unknown>>,
  field: string,
  kinds: TokenKinds = TOKEN_KINDS,
): TokenCounts | null {
  const counts: Record<string, number> = { input: 0, output: 0 }
  const together = { input: 0, output: 0 }
  for (const { name, side, countName } of kinds.parts) {
    const value = record[countName]
    if (value === undefined) continue
    const tokens = partOf(value, countName, record, kinds[side].countName, field)
    together[side] += tokens
    if (tokens > 0) counts[name] = tokens
  }
  const { input, output } = kinds
  if (record[input.countName] === undefined && record[output.countName] === undefined) return null
  for (const { name, side, countName } of [input, output]) {
    const tokens = amount(record[countName], field, countName)
    if (together[side] > tokens * (1 + ROUNDING)) {
      const what = `at least its parts together, ${together[side]}`
      throw expected('INVALID_ARGUMENT', `${field}.${countName}`, what, tokens)
    }
    counts[name] = tokens
  }
  return counts as TokenCounts
}

function partOf(
  value: unknown,
  key: string,
  record: Readonly<Record<string, unknown>>,
  wholeKey: string,
  field: string,
): number {
  const tokens = amount(value, field, key)
  if (record[wholeKey] === undefined) {
    const message = `goes with ${wholeKey}, which includes it`
    throw new ParetoBanditError('INVALID_ARGUMENT', `${field}.${key}`, message)
  }
  const all = amount(record[wholeKey], field, wholeKey)
  if (tokens > all)
    throw expected('INVALID_ARGUMENT', `${field}.${key}`, `at most ${wholeKey}, ${all}`, tokens)
  return tokens
}

/** `checkAmount` that puts the field's path together only for an error. */
function amount(value: unknown, field: string, key: string): number {
  return isAmount(value) ? value : checkAmount(value, `${field}.${key}`)
}

/** The same tokens with each in one kind alone, as events keep them. */
export function tokensByKind(counts: TokenCounts, kinds: TokenKinds = TOKEN_KINDS): TokensByKind {
  const values: Readonly<Record<string, number | undefined>> = counts
  const byKind: Record<string, number> = {}
  const rest = { input: counts.input, output: counts.output }
  for (const { name, side } of kinds.parts) rest[side] -= values[name] ?? 0
  for (const { name, side, index, whole } of kinds.kinds) {
    const tokens = index === whole ? Math.max(0, rest[side]) : (values[name] ?? 0)
    if (tokens > 0) byKind[name] = tokens
  }
  return Object.freeze(byKind)
}

/** Tokens of kinds that a price list has no price for. */
export function unpricedTokens(list: PriceList, tokens: TokensByKind): number {
  let input = 0
  for (const { name, side } of list.kinds.kinds) if (side === 'input') input += tokens[name] ?? 0
  const { isUnpriced } = tierAt(list, input)
  let unpriced = 0
  for (const { name, index } of list.kinds.parts) if (isUnpriced[index]) unpriced += tokens[name] ?? 0
  return unpriced
}
