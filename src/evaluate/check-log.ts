import {
  CONTEXT_ENTRY_MAX,
  checkAmount,
  checkArray,
  checkBoolean,
  checkEach,
  checkInRange,
  checkInteger,
  checkRecord,
  checkVector,
  DIMENSION_MAX,
} from '../base/check.js'
import { expected } from '../base/errors.js'
import type { DecisionLog } from './log.js'
import { REWARD_MAX } from './log-line.js'

/**
 * Checks a log that code has made or changed: what is no number would go into every mean, and nobody would notice.
 * @throws INVALID_ARGUMENT naming the field
 */
export function checkLog(log: DecisionLog): void {
  checkRecord(log, 'log')
  checkNamed(log.name, 'log.name')
  const models = checkEach(log.models, 'log.models', (id, i) => checkNamed(id, `log.models[${i}]`))
  checkInteger(log.dimension, 1, DIMENSION_MAX, 'log.dimension')
  checkInteger(log.orphans, 0, Number.MAX_SAFE_INTEGER, 'log.orphans')
  const { length } = checkArray(log.decisions, 'log.decisions')
  for (let i = 0; i < length; i++)
    checkDecision(log.decisions[i], models.length, log.dimension, `log.decisions[${i}]`)
}

/** Ids of a log may be what no router can keep. */
function checkNamed(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw expected('INVALID_ARGUMENT', field, 'a non-empty string', value)
}

function checkDecision(decision: unknown, models: number, dimension: number, field: string): void {
  const { model, context, propensity, eligible, reward, costUsd, failed, forced } = checkRecord(
    decision,
    field,
  )
  const chosen = checkInteger(model, 0, models - 1, `${field}.model`)
  const entries = checkVector(context, `${field}.context`)
  if (entries.length !== dimension)
    throw expected('DIMENSION_MISMATCH', `${field}.context`, `${dimension} numbers`, entries.length)
  for (let k = 0; k < dimension; k++) {
    if (Math.abs(entries[k]) <= CONTEXT_ENTRY_MAX) continue
    throw expected(
      'INVALID_ARGUMENT',
      `${field}.context[${k}]`,
      `a number within +-${CONTEXT_ENTRY_MAX}`,
      entries[k],
    )
  }
  if (propensity !== null) {
    const chance = checkInRange(propensity, 0, 1, `${field}.propensity`)
    if (chance === 0) throw expected('INVALID_ARGUMENT', `${field}.propensity`, 'a number in (0, 1]', chance)
  }
  if (eligible !== null) {
    const indices = checkArray(eligible, `${field}.eligible`)
    for (let k = 0; k < indices.length; k++)
      checkInteger(indices[k], 0, models - 1, `${field}.eligible[${k}]`)
    if (!indices.includes(chosen) || new Set(indices).size < indices.length)
      throw expected(
        'INVALID_ARGUMENT',
        `${field}.eligible`,
        `every model once, and ${chosen} among them`,
        eligible,
      )
  }
  if (reward !== null) checkInRange(reward, -REWARD_MAX, REWARD_MAX, `${field}.reward`)
  if (costUsd !== null) checkAmount(costUsd, `${field}.costUsd`)
  checkBoolean(failed, `${field}.failed`)
  checkBoolean(forced, `${field}.forced`)
}
