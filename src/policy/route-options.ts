import {
  checkAmount,
  checkBoolean,
  checkKeys,
  checkRecord,
  checkString,
  checkStrings,
} from '../base/check.js'
import { expected } from '../base/errors.js'
import { readRecordOnce } from '../base/read-once.js'

/** What one request may say about itself. */
export interface RouteOptions {
  /** Only these models. */
  readonly candidates?: readonly string[] | undefined
  /** Not these, for example one that has just failed. */
  readonly exclude?: readonly string[] | undefined
  /**
   * Only models whose expected cost for this request is at most this, USD: no decision's `expectedCostUsd` is more. Unless
   * `tries` is false, one request in 25 at most goes to a model that costs have shut out, and may cost as much as before.
   */
  readonly maxCostUsd?: number | undefined
  /**
   * Only models whose mean latency, of the latest 32, is at most this. A model never settled with a latency passes. Unless
   * `tries` is false, one request in 25 at most goes to a model that was slower, and may take as long as before.
   */
  readonly maxLatencyMs?: number | undefined
  /**
   * Whether the request may try a model that `maxCostUsd` or `maxLatencyMs` shuts out for what is known of it, in case it
   * has changed: of all requests one in 25 at most, whatever the number of models, and ever fewer while they have not: of
   * one model one in 1,000 (latency) or 2,000 (costs), of many one in 250. Such a decision says `canary`. A try beyond `maxCostUsd` expects what most of
   * the model's bills say, up to the limit. Default true, or a model that was slow or dear for a while would be shut out
   * for ever; false keeps strictly to what is known.
   */
  readonly tries?: boolean | undefined
  /** Known size of the prompt, tokens. */
  readonly inputTokens?: number | undefined
  /**
   * The most tokens that the prompt can have, where `inputTokens` is an estimate: what `reserve: 'worst-case'` sets aside for it. At least
   * `inputTokens`. Default: that.
   */
  readonly maxInputTokens?: number | undefined
  /** Upper limit of the answer, tokens: the expected answer is cut to it. */
  readonly maxOutputTokens?: number | undefined
  /** How long the answer is expected to be, tokens. Default: what the router expects of any. */
  readonly expectedOutputTokens?: number | undefined
  /** Whose request it is: a registered tenant, which pays too. */
  readonly tenant?: string | undefined
  /** Exploitation only: no exploration bonus, no forced exploration. */
  readonly exploit?: boolean | undefined
  /** Attach the explanation to the decision, exactly as it was when made. */
  readonly explain?: boolean | undefined
}

export const ROUTE_OPTION_KEYS = [
  'candidates',
  'exclude',
  'maxCostUsd',
  'maxLatencyMs',
  'tries',
  'inputTokens',
  'maxInputTokens',
  'maxOutputTokens',
  'expectedOutputTokens',
  'tenant',
  'exploit',
  'explain',
] as const satisfies readonly (keyof RouteOptions)[]

const AMOUNT_KEYS = [
  'maxCostUsd',
  'maxLatencyMs',
  'inputTokens',
  'maxInputTokens',
  'maxOutputTokens',
  'expectedOutputTokens',
] as const

/**
 * @returns a copy: the caller may change its object before it asks for the explanation
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION naming the field
 */
export function checkRouteOptions(value: unknown): RouteOptions {
  const record = readRecordOnce(checkRecord(value, 'options'), 'options')
  checkKeys(record, ROUTE_OPTION_KEYS, '')
  for (const key of ['candidates', 'exclude'] as const) {
    if (record[key] !== undefined) record[key] = checkStrings(record[key], key)
  }
  for (const key of AMOUNT_KEYS) {
    if (record[key] !== undefined) checkAmount(record[key], key)
  }
  const { inputTokens, maxInputTokens } = record as RouteOptions
  if (maxInputTokens !== undefined && maxInputTokens < (inputTokens ?? 0))
    throw expected(
      'INVALID_ARGUMENT',
      'maxInputTokens',
      `inputTokens (${inputTokens}) or more`,
      maxInputTokens,
    )
  if (record.tenant !== undefined) checkString(record.tenant, 'tenant')
  if (record.tries !== undefined) checkBoolean(record.tries, 'tries')
  if (record.exploit !== undefined) checkBoolean(record.exploit, 'exploit')
  if (record.explain !== undefined) checkBoolean(record.explain, 'explain')
  return record
}
