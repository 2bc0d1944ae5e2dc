import { checkKeys, checkOneOf, isRecord } from '../base/check.js'

export const ON_DIFFERENCE = ['apply', 'warn', 'throw'] as const
/** What becomes of an option that differs from the log. */
export type OnDifference = (typeof ON_DIFFERENCE)[number]

const DIFFERING = [
  'models',
  'budget',
  'caps',
  'tenants',
  'latency',
  'quality',
  'estimator',
  'pendingTtlMs',
] as const
/** Options that a log has a say in. Others are of the process, as given; or the fold depends on them, and they must agree. */
export type DifferingOption = (typeof DIFFERING)[number]
/** A choice for each option; left out: `apply`. */
export type OnDifferences = { readonly [O in DifferingOption]?: OnDifference | undefined }

/** @returns the choice for an option @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
export function resolveOnDifference(value: unknown): (option: string) => OnDifference {
  if (value === undefined) return () => 'apply'
  if (!isRecord(value)) {
    const choice = checkOneOf(value, ON_DIFFERENCE, 'onDifference')
    return () => choice
  }
  checkKeys(value, DIFFERING, 'onDifference')
  const choices = new Map<string, OnDifference>()
  for (const option of DIFFERING) {
    const choice = value[option]
    if (choice !== undefined) choices.set(option, checkOneOf(choice, ON_DIFFERENCE, `onDifference.${option}`))
  }
  return (option) => choices.get(option) ?? 'apply'
}
