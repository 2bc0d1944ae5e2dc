import { checkInRange, checkInteger, checkOneOf, checkRecord } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import type { PacerMode } from '../../policy/paper/settings.js'
import { POLICY_NAMES, type PolicyName } from '../../policy/policies.js'
import { EXPLORATION_WEIGHT_COLD } from '../../policy/tuning.js'
import { EPSILON_MAX } from '../../router/resolve-options.js'
import { keptMode } from './pacer-mode.js'

/** Options that every later command must make its router with, and the log's header does not hold or may not change. */
export interface Settings {
  readonly policy: PolicyName
  /** How the budget acts; null under a policy whose budget has no mode. */
  readonly mode: PacerMode | null
  readonly alpha: number
  readonly seed: number
  /** Share of requests left to chance; 0 where nothing says otherwise. */
  readonly epsilon: number
}

/** Name of the note in a log that holds them. */
export const SETTINGS_NOTE = 'cli'

/** @throws INVALID_ARGUMENT naming the place and the setting; SyntaxError for what is no JSON */
export function parseSettings(text: string, place: string): Settings {
  const record = checkRecord(JSON.parse(text), `${place}: settings`)
  // Files without a name for it were written when policy `paper` was the default.
  const policy = checkOneOf(record.policy ?? 'paper', POLICY_NAMES, `${place}: settings.policy`)
  return {
    policy,
    mode: keptMode(policy, record.mode, `${place}: settings.mode`),
    alpha: checkInRange(record.alpha, 0, 1e6, `${place}: settings.alpha`),
    seed: checkInteger(record.seed, 0, 0xffffffff, `${place}: settings.seed`),
    epsilon: checkInRange(record.epsilon ?? 0, 0, EPSILON_MAX, `${place}: settings.epsilon`),
  }
}

/** @param kept what a log says, or null where nothing was noted */
export function settingsOf(
  kept: string | null,
  policy: PolicyName,
  mode: PacerMode | null,
  place: string,
): Settings {
  if (kept === null) return { policy, mode, alpha: EXPLORATION_WEIGHT_COLD, seed: 0, epsilon: 0 }
  try {
    return { ...parseSettings(kept, place), policy }
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    const message = `its note '${SETTINGS_NOTE}' is not JSON`
    throw new ParetoBanditError('STORE_CORRUPT', place, message, { cause })
  }
}
