import { checkAmount, isAmount, isMissing } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { type PriceList, tierAt } from './price-list.js'
import {
  type PlacedKind,
  TOKEN_KINDS,
  type TokenAmounts,
  type TokenCountName,
  type TokenKinds,
} from './token-kinds.js'
import type { BillRemarks } from './usage/flags.js'

/** Counts of tokens as a caller gives them: `inputTokens` and `outputTokens` are all of their side. */
export type GivenTokens = { readonly [C in TokenCountName]?: number | null | undefined }

/** Tokens by kind, none in two of them: `input` are those of no other kind. A kind without tokens is left out. */
export type TokensByKind = Readonly<Record<string, number>>

/** Parts may exceed their whole by this share of it: fractions of tokens are rounded. */
const ROUNDING = 1e-9

/**
 * The counts among a record's fields; null where it has none. Both wholes or none, and parts no more than their whole,
 * each and together.
 * @param remarks where given, counts that are null or contradict each other are no error: what is certain is counted, and
 *   a flag says what was wrong. So it is with those that are no amount, unless the remarks are strict
 * @throws INVALID_ARGUMENT naming the field
 */
export function readTokenCounts(
  record: Readonly<Record<string, unknown>>,
  field: string,
  kinds: TokenKinds = TOKEN_KINDS,
  remarks: BillRemarks | null = null,
): TokenAmounts | null {
  const { input, output, byCountName } = kinds
  let amounts: number[] | null = null
  let wholes = 0
  let partsInput = 0
  let partsOutput = 0
  for (const key in record) {
    const kind = byCountName.get(key)
    const value = record[key]
    if (kind === undefined || value === undefined) continue
    if (remarks !== null && !isAmount(value)) {
      remarkNoAmount(remarks, value, field, key)
      continue
    }
    amounts ??= kinds.none.slice()
    const { index, whole } = kind
    if (index === whole) {
      amounts[index] = amount(value, field, key)
      wholes++
    } else {
      if (remarks !== null) amounts[index] = amount(value, field, key)
      else amounts[index] = partOf(value, key, record, kinds.kinds[whole].countName, field)
      if (whole === input.index) partsInput += amounts[index]
      else partsOutput += amounts[index]
    }
  }
  if (amounts === null) return null
  // Most settlements: both wholes and nothing of their parts.
  if (wholes === 2 && partsInput === 0 && partsOutput === 0) return amounts
  if (remarks !== null) return raiseWholes(amounts, record, kinds, remarks)
  checkWhole(record, field, input, partsInput)
  checkWhole(record, field, output, partsOutput)
  return amounts
}

/** Apart from `readTokenCounts`: a closure there would be paid for by every count. */
function remarkNoAmount(remarks: BillRemarks, value: unknown, field: string, key: string): void {
  if (!isMissing(value)) remarks.wrong('not-an-amount', () => checkAmount(value, `${field}.${key}`))
  else if (value !== null) remarks.add('count-missing')
}

/** No token is charged too little: a part that its whole cannot include stands beside it. */
function raiseWholes(
  amounts: number[],
  record: Readonly<Record<string, unknown>>,
  { input, output, parts }: TokenKinds,
  remarks: BillRemarks,
): number[] {
  for (const { index, countName } of [input, output]) {
    const isUntold = !isAmount(record[countName])
    if (isUntold) remarks.add('count-missing')
    let within = 0
    let beside = 0
    for (const part of parts) {
      if (part.whole !== index) continue
      if (isUntold || amounts[part.index] <= amounts[index]) within += amounts[part.index]
      else {
        remarks.add('part-above-whole')
        beside += amounts[part.index]
      }
    }
    if (!isUntold && within > amounts[index] * (1 + ROUNDING)) remarks.add('parts-above-whole')
    amounts[index] = Math.max(amounts[index], within) + beside
  }
  return amounts
}

function checkWhole(
  record: Readonly<Record<string, unknown>>,
  field: string,
  { countName }: PlacedKind,
  parts: number,
): void {
  const tokens = amount(record[countName], field, countName)
  if (parts <= tokens * (1 + ROUNDING)) return
  throw expected('INVALID_ARGUMENT', `${field}.${countName}`, `at least its parts together, ${parts}`, tokens)
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
export function tokensByKind(amounts: TokenAmounts, table: TokenKinds = TOKEN_KINDS): TokensByKind {
  const { kinds } = table
  const input = amounts[table.input.index]
  const output = amounts[table.output.index]
  // A literal is made in a tenth of the time that an object filled by name takes.
  if (input > 0 && output > 0 && !hasParts(amounts, table)) return { input, output }
  const alone = amounts.slice()
  for (let i = 0; i < kinds.length; i++) if (kinds[i].whole !== i) alone[kinds[i].whole] -= amounts[i]
  const byKind: Record<string, number> = {}
  for (let i = 0; i < kinds.length; i++) if (alone[i] > 0) byKind[kinds[i].name] = alone[i]
  return byKind
}

function hasParts(amounts: TokenAmounts, { parts }: TokenKinds): boolean {
  for (let i = 0; i < parts.length; i++) if (amounts[parts[i].index] > 0) return true
  return false
}

/** Dollars of tokens by kind at list prices, each kind at its own. */
export function listCostOf(list: PriceList, tokens: TokensByKind): number {
  const { byName } = list.kinds
  const { usdPerMTok } = list.tiers.length === 1 ? list.tiers[0] : tierAt(list, inputOf(list, tokens))
  let usd = 0
  for (const name in tokens) usd += (tokens[name] / 1e6) * usdPerMTok[byName.get(name)?.index ?? 0]
  return usd
}

/** Tokens of kinds that a price list has no price for. */
export function unpricedTokens(list: PriceList, tokens: TokensByKind): number {
  const { byName } = list.kinds
  const { isUnpriced } = list.tiers.length === 1 ? list.tiers[0] : tierAt(list, inputOf(list, tokens))
  let unpriced = 0
  for (const name in tokens) {
    // These two always have a price.
    if (name === 'input' || name === 'output') continue
    const kind = byName.get(name)
    if (kind !== undefined && isUnpriced[kind.index]) unpriced += tokens[name]
  }
  return unpriced
}

function inputOf({ kinds }: PriceList, tokens: TokensByKind): number {
  let input = 0
  for (const name in tokens) if (kinds.byName.get(name)?.side === 'input') input += tokens[name]
  return input
}
