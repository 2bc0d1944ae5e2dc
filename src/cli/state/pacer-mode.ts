import { checkOneOf } from '../../base/check.js'
import { PACER_MODES, type PacerMode } from '../../policy/paper/settings.js'
import { POLICIES, POLICY_NAMES, type PolicyName } from '../../policy/policies.js'

/** Whether a policy's budget has a mode. */
export function takesMode(policy: PolicyName): boolean {
  return POLICIES[policy].settings.budgetKeys.includes('mode')
}

/** Of the policies whose budget has a mode, for messages. */
export const MODE_POLICIES = POLICY_NAMES.filter(takesMode).join(' or ')

/** The mode of a router that nobody gave one; null under a policy without. */
export function defaultMode(policy: PolicyName): PacerMode | null {
  return takesMode(policy) ? 'adaptive' : null
}

/** A mode as kept with a policy. @throws INVALID_ARGUMENT */
export function keptMode(policy: PolicyName, mode: unknown, field: string): PacerMode | null {
  return takesMode(policy) ? checkOneOf(mode, PACER_MODES, field) : null
}
