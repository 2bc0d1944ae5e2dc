import { ParetoBanditError } from '../base/errors.js'
import { reading } from '../base/read-once.js'
import { checkLog } from './check-log.js'
import type { DecisionLog, LoggedDecision } from './log.js'

/** The share of logs in which a fair split is refused by mistake. */
const FALSE_ALARM = 1e-3
/** Requests of a model, and of all others, from which on a difference is looked for. */
const ROWS_MIN = 30
/** A standard deviation at most this part of the largest magnitude is rounding: the entry is the same in all contexts. */
const ROUNDING = 1e-9

/**
 * The log with propensities for the decisions that have none: the share that their model has of those decisions, as if each
 * model had been drawn by chance with the same probability throughout, whatever the prompt (an A/B test with a fixed split).
 * Whether that was so no log can prove, but it can show that it was not: where the contexts of a model's requests, or the times at
 * which they came, differ on average from the others' by more than chance allows, it is refused. What differs otherwise is not
 * found: rules that keep the averages, eligibility, who the user was.
 * @throws LOG_UNSUPPORTED when the log shows that models were not drawn so, or has one model alone
 */
export function assumeRandom(log: DecisionLog): DecisionLog {
  return reading('log', () => assumed(log))
}

function assumed(log: DecisionLog): DecisionLog {
  checkLog(log)
  const unknown = log.decisions.filter(({ propensity }) => propensity === null)
  if (unknown.length === 0) return log
  const counts = new Map<number, number>()
  for (const { model } of unknown) counts.set(model, (counts.get(model) ?? 0) + 1)
  if (counts.size < 2) throw unsupported(log, 'every decision without a propensity is of one model')
  checkSplit(log, unknown, [...counts.keys()])
  const drawn = [...counts.keys()]
  const decisions = log.decisions.map((decision): LoggedDecision => {
    if (decision.propensity !== null) return decision
    const propensity = (counts.get(decision.model) ?? 0) / unknown.length
    return { ...decision, propensity, eligible: decision.eligible ?? drawn }
  })
  return { ...log, decisions, assumedPropensities: unknown.length }
}

/** Compares each model's requests with the others', entry by entry of the context, and by when they came. */
function checkSplit(log: DecisionLog, rows: readonly LoggedDecision[], models: readonly number[]): void {
  const entries = log.dimension + 1
  // Gaussian tails: P(|z| > t) <= 2 exp(-t^2 / 2), shared among all comparisons.
  const limit = Math.sqrt(2 * Math.log((2 * entries * models.length) / FALSE_ALARM))
  for (const model of models) {
    for (let entry = 0; entry < entries; entry++) {
      const isTime = entry === log.dimension
      const z = difference(rows, model, (row, i) => (isTime ? i : row.context[entry]))
      if (Math.abs(z) <= limit) continue
      const what = isTime ? 'came at other times' : 'have other prompts'
      throw unsupported(log, `requests of '${log.models[model]}' ${what} than those of other models`)
    }
  }
}

/** How many standard errors the mean over a model's rows is off that over the others'. */
function difference(
  rows: readonly LoggedDecision[],
  model: number,
  valueIn: (row: LoggedDecision, index: number) => number,
): number {
  const own = { count: 0, sum: 0, squares: 0 }
  const others = { count: 0, sum: 0, squares: 0 }
  let magnitude = 0
  const origin = valueIn(rows[0], 0)
  rows.forEach((row, i) => {
    const value = valueIn(row, i) - origin
    const sums = row.model === model ? own : others
    sums.count++
    sums.sum += value
    sums.squares += value * value
    magnitude = Math.max(magnitude, Math.abs(value))
  })
  if (own.count < ROWS_MIN || others.count < ROWS_MIN) return 0
  const varianceOfMean = ({ count, sum, squares }: typeof own) =>
    Math.max(0, squares - (sum * sum) / count) / (count - 1) / count
  const error = Math.sqrt(varianceOfMean(own) + varianceOfMean(others))
  const apart = own.sum / own.count - others.sum / others.count
  if (error <= ROUNDING * magnitude)
    return Math.abs(apart) <= ROUNDING * magnitude ? 0 : Number.POSITIVE_INFINITY
  return apart / error
}

function unsupported(log: DecisionLog, why: string): ParetoBanditError {
  const message = `${why}, so they were not drawn by chance alone, as was to be assumed`
  return new ParetoBanditError('LOG_UNSUPPORTED', log.name, message)
}
