import { ParetoBanditError } from '../base/errors.js'
import type { DecisionLog, LoggedDecision } from './log.js'

/** A decision that counts, and where it stands in the log. */
export interface Row extends LoggedDecision {
  readonly index: number
  /** The models it was drawn from: all of the log's where the log does not say. */
  readonly eligible: readonly number[]
}

/** The decisions that estimates are about, and why others are not. */
export interface Population {
  readonly rows: readonly Row[]
  /** Decisions left out: forced explorations and canaries; others with propensity 1; without a propensity. */
  readonly forced: number
  readonly certain: number
  readonly unknown: number
  /** Rows whose line does not say which models were eligible. */
  readonly assumedEligible: number
}

/**
 * The decisions that were left to chance. A decision with propensity 1 (forced, exploited, one model to choose from, a
 * time without epsilon) says nothing of what another model would have done, so it is left out for every policy alike,
 * the logged one too: all are compared on the same requests.
 * @throws LOG_UNSUPPORTED when chance decided nothing
 */
export function randomised(log: DecisionLog): Population {
  const all = log.models.map((_, i) => i)
  const rows: Row[] = []
  const left = { forced: 0, certain: 0, unknown: 0 }
  let assumedEligible = 0
  log.decisions.forEach((decision, index) => {
    if (decision.propensity === null) left.unknown++
    else if (decision.propensity < 1) {
      if (decision.eligible === null) assumedEligible++
      rows.push({ ...decision, index, eligible: decision.eligible ?? all })
    } else if (decision.forced) left.forced++
    else left.certain++
  })
  if (rows.length > 0) return { rows, ...left, assumedEligible }
  const isUntold = left.unknown === log.decisions.length
  const why = isUntold ? 'no decision has a propensity' : 'every decision was certain (propensity 1)'
  const split = isUntold
    ? ', or, if chance drew the models whatever the prompt, assume that (--assume-random)'
    : ''
  throw new ParetoBanditError(
    'LOG_UNSUPPORTED',
    log.name,
    `${why}, so the log says nothing of another policy; run the router with epsilon: 0.02 and log its events${split}`,
  )
}

/** Every decision of the log: what the logged policy earned needs no chance. */
export function everyDecision(log: DecisionLog): Population {
  const rows = log.decisions.map((decision, index) => ({
    ...decision,
    index,
    eligible: decision.eligible ?? [decision.model],
  }))
  return { rows, forced: 0, certain: 0, unknown: 0, assumedEligible: 0 }
}
