import { checkInRange, checkStrings } from '../base/check.js'
import { expected } from '../base/errors.js'
import { CONSTRAINTS } from './constraint.js'
import { CURVE_POINT_NUMBERS, checkCurvePointForm } from './curve-point.js'
import { added, column, type DefinedEvent, defineEvent } from './definition.js'
import {
  amount,
  amountOr,
  boolean,
  context,
  finite,
  nullable,
  number,
  numbers,
  rate,
  requestId,
  someOf,
  text,
  texts,
} from './fields.js'

/** Those of the first release. */
const FIRST_CONSTRAINTS = ['budget', 'cap', 'latency', 'quality'] as const

/** 1 / (1 - percentile) is no more. */
const USE_LIMIT = 1e5

/** A request was given to a model. */
export const routed = defineEvent('routed', 1, {
  id: requestId(),
  model: column('model', text()),
  /** The context vector the decision was made on. */
  context: context(),
  /** Dollars set aside until the request settles or expires. */
  reservedUsd: column('usd', amount()),
  /** Dollars of the request at list price for the tokens that were assumed. */
  listCostUsd: amount(),
  /** Score of the chosen model; NaN-free; 0 for a forced exploration. */
  score: finite(),
  /** What one unit of log-normalised cost weighed in this decision. */
  penaltyWeight: rate(),
  /** True for a newcomer's forced exploration. */
  forced: boolean(),
  /** Input tokens that were estimated from the text; null where they were given, or nothing was known of them. */
  inputTokens: added(nullable(amount()), null),
  /** True for a try of a model that nobody had chosen for long. */
  canary: boolean(),
  /** True for a try of a model that its costs, or its latencies, had shut out of the request. */
  triesCost: added(boolean(), false),
  triesLatency: added(boolean(), false),
  /** True where the model had no rewards, others had, and none of these could take the request. Policy `dollar`. */
  alone: added(boolean(), false),
  /** The limits that such a try is to be within; null for what is not tried. */
  triedLimitUsd: added(nullable(amount()), null),
  triedLimitMs: added(nullable(amount()), null),
  /** Dollars of the request as its prompt says, before they are corrected by what costs have been; list cost in policy `paper`. */
  predictedUsd: amount(),
  /** Dollars moved into the fund of forced explorations; -1: the fund goes back. Policy `dollar`; else 0. */
  savedUsd: amountOr(-1),
  /**
   * What the shadow price is found from: slot, value and expected cost in USD of the few models that could win at some
   * price, one after the other. Policy `dollar`; else empty.
   */
  contenders: numbers(checkCurvePointForm),
  /** What a limit's worth of latency cost in this decision, in reward; 0 without a latency objective. */
  latencyPrice: rate(),
  /** Use of the latency limit that is predicted of the chosen model, over the limit; -1 without an objective. */
  latencyUse: amountOr(-1),
  /** The same of each contender, corrected by what came of such predictions; empty without an objective. */
  uses: numbers(checkUses),
  /** Whose request it is; null for the router's own. */
  tenant: column('tenant', nullable(text())),
  /** Constraints that no eligible model could meet. */
  infeasible: someOf(CONSTRAINTS, FIRST_CONSTRAINTS),
  /** Probability of this choice, given all that happened before: 1 unless it was left to chance (`epsilon`, `thompson`). */
  propensity: number(checkPropensity),
  /** The models it was drawn from, the chosen one among them; empty where nothing was left to chance. */
  eligible: texts(checkEligible),
})
export type RoutedEvent = DefinedEvent<typeof routed>

declare module './event-map.js' {
  interface EventMap {
    routed: RoutedEvent
  }
}

export const ROUTED_EVENTS = [routed] as const

function checkUses(
  uses: Float64Array,
  path: string,
  { contenders }: Readonly<Record<string, unknown>>,
): void {
  const { length } = contenders as Float64Array
  if (uses.length > 0 && uses.length * CURVE_POINT_NUMBERS !== length)
    throw expected('INVALID_ARGUMENT', path, 'one a contender, or none', uses)
  for (let i = 0; i < uses.length; i++) checkInRange(uses[i], 0, USE_LIMIT, `${path}[${i}]`)
}

function checkPropensity(value: unknown, path: string): number {
  const propensity = checkInRange(value, 0, 1, path)
  if (propensity === 0) throw expected('INVALID_ARGUMENT', path, 'a number in (0, 1]', 0)
  return propensity
}

function checkEligible(
  value: unknown,
  path: string,
  { model }: Readonly<Record<string, unknown>>,
): readonly string[] {
  const eligible = checkStrings(value, path)
  if (eligible.length > 0 && !eligible.includes(model as string))
    throw expected('INVALID_ARGUMENT', path, 'models, the chosen one among them', eligible)
  return Object.freeze(eligible)
}
