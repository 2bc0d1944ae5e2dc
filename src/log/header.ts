import { ParetoBanditError, show } from '../base/errors.js'
import type { ResolvedOptions } from '../policy/options.js'
import { policyNamed } from '../policy/policies.js'
import type { LogHeader } from './store.js'

export const LOG_VERSION = 1

/** Options of all policies that the fold depends on. The ceiling is only what it began with: a log may change it. */
const FOLD_SETTINGS = [
  'name',
  'policy',
  'dimension',
  'gamma',
  'lambda0',
  'rewardLow',
  'rewardHigh',
  'pendingCapacity',
] as const satisfies readonly (keyof ResolvedOptions)[]

export function headerOf(options: ResolvedOptions): LogHeader {
  return {
    version: LOG_VERSION,
    settings: {
      ...Object.fromEntries(FOLD_SETTINGS.map((name) => [name, options[name]])),
      ...policyNamed(options.policy).settings.header(options.policyOptions),
      encoder: options.encoder?.name ?? null,
      budgetUsdPerRequest: options.budgetUsdPerRequest,
      pendingTtlMs: options.pendingTtlMs,
    },
  }
}

/**
 * Options as the log began with them.
 * @throws STORE_MISMATCH naming the option in which this router and the log differ
 */
export function agreeWith(
  { version, settings }: LogHeader,
  options: ResolvedOptions,
  store: string,
): ResolvedOptions {
  if (version > LOG_VERSION) {
    const message = `is a log of version ${version}, this release reads up to ${LOG_VERSION}`
    throw new ParetoBanditError('STORE_MISMATCH', store, message)
  }
  const own = headerOf(options).settings
  for (const name of [...FOLD_SETTINGS, ...policyNamed(options.policy).settings.folded, 'encoder']) {
    if (settings[name] === own[name]) continue
    const message = `its log was begun with ${name} ${show(settings[name])}, this router has ${show(own[name])}`
    throw new ParetoBanditError('STORE_MISMATCH', store, message)
  }
  const { budgetUsdPerRequest } = settings
  if (budgetUsdPerRequest !== null && typeof budgetUsdPerRequest !== 'number')
    throw new ParetoBanditError('STORE_MISMATCH', store, 'its log has no budget to begin with')
  return { ...options, budgetUsdPerRequest }
}
