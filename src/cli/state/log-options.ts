import { checkOneOf, checkString } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import { defaultEncoder } from '../../features/default-encoder.js'
import type { Encoder } from '../../features/encoder.js'
import type { LogHeader } from '../../log/store.js'
import type { RouterOptions } from '../../policy/options.js'
import { POLICIES, POLICY_NAMES } from '../../policy/policies.js'
import { keptMode } from './pacer-mode.js'
import { type Settings, settingsOf } from './settings.js'

/**
 * The options that a router must have to go on with a log, whoever began it.
 * @param place names the log in errors
 * @param kept what else it is to go on with
 * @throws INVALID_ARGUMENT for a header that lacks one
 */
export function optionsOf({ settings }: LogHeader, place: string, kept: Settings): RouterOptions {
  const field = (name: string): string => `${place}: header.${name}`
  const number = (name: string): number => {
    const value = settings[name]
    if (typeof value === 'number') return value
    throw new ParetoBanditError('INVALID_ARGUMENT', field(name), 'expected a number in the log')
  }
  // The log brings the ceiling in force; an object is needed for what else a budget has.
  const { budgetUsdPerRequest } = settings
  const usdPerRequest = typeof budgetUsdPerRequest === 'number' ? budgetUsdPerRequest : 1
  const { policy, mode, alpha, seed, epsilon } = kept
  return {
    policy,
    alpha,
    seed,
    epsilon,
    name: checkString(settings.name, field('name')),
    ...contextsOf(settings.encoder, number('dimension')),
    // Those of the log have been taken already.
    bias: false,
    gamma: number('gamma'),
    lambda0: number('lambda0'),
    rewardRange: [number('rewardLow'), number('rewardHigh')],
    pendingCapacity: number('pendingCapacity'),
    pendingTtlMs: number('pendingTtlMs'),
    budget: {
      usdPerRequest,
      ...(mode === null ? {} : { mode }),
      ...(POLICIES[policy].settings.budgetKeys.includes('burst') ? { burst: number('burst') } : {}),
    },
  }
}

/** Options of where contexts come from. @param encoder its name, or null */
export function contextsOf(
  encoder: unknown,
  dimension: number,
): Pick<RouterOptions, 'encoder' | 'dimension'> {
  if (typeof encoder !== 'string') return { dimension }
  return {
    encoder: encoder === defaultEncoder().name ? defaultEncoder() : new AbsentEncoder(encoder, dimension),
  }
}

/** Stands for an encoder that the command line does not have: its log can be read and taught, not routed texts by. */
class AbsentEncoder implements Encoder {
  readonly name: string
  readonly dimension: number

  constructor(name: string, dimension: number) {
    this.name = name
    this.dimension = dimension
  }

  encodeInto(): void {
    throw new ParetoBanditError('NO_ENCODER', '', `the log is of encoder '${this.name}', which is not here`)
  }
}

/** Options as kept, of a log with that header. @param note what `SETTINGS_NOTE` holds */
export function keptSettings({ settings }: LogHeader, note: string | null, place: string): Settings {
  const policy = checkOneOf(settings.policy, POLICY_NAMES, `${place}: header.policy`)
  const mode = keptMode(policy, settings.pacerMode, `${place}: header.pacerMode`)
  return settingsOf(note, policy, mode, place)
}
