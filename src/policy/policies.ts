import { expected } from '../base/errors.js'
import { CORE_EVENTS } from '../events/core-events.js'
import type { RouterEventType } from '../events/event-map.js'
import { DOLLAR_SETTINGS } from './dollar/settings.js'
import { PAPER_SETTINGS } from './paper/settings.js'
import type { Policy } from './policy.js'
import type { PolicySettings } from './settings.js'
import { THOMPSON_SETTINGS } from './thompson/settings.js'

interface Listed {
  readonly settings: PolicySettings
  /** A router carries the code of one policy. */
  load(): Promise<Policy>
}

/** All policies; the first is the default. */
const LISTED = {
  dollar: { settings: DOLLAR_SETTINGS, load: async () => (await import('./dollar/index.js')).DOLLAR },
  paper: { settings: PAPER_SETTINGS, load: async () => (await import('./paper/index.js')).PAPER },
  thompson: { settings: THOMPSON_SETTINGS, load: async () => (await import('./thompson/index.js')).THOMPSON },
} as const satisfies Readonly<Record<string, Listed>>

export type PolicyName = keyof typeof LISTED

export const POLICIES: Readonly<Record<PolicyName, Listed>> = LISTED
/** What `policy` may be, the default first. */
export const POLICY_NAMES = Object.keys(LISTED) as readonly PolicyName[]
export const DEFAULT_POLICY = POLICY_NAMES[0]

declare module './options.js' {
  interface RouterOptions {
    /**
     * dollar (default): what this prompt is predicted to cost on each model, at a shadow price per dollar, out of an
     * account (docs/PACING.md). paper: the published method, list prices at a logarithmic penalty (docs/MATH.md).
     * thompson: posterior sampling with a plain pacer in dollars, a baseline.
     */
    readonly policy?: PolicyName | undefined
  }
}

/** Options that go with one policy alone, of all policies. */
export const POLICY_OPTION_KEYS = POLICY_NAMES.flatMap((name) => POLICIES[name].settings.keys)
/** What policies add to `budget`, all of them. */
export const POLICY_BUDGET_KEYS = POLICY_NAMES.flatMap((name) => POLICIES[name].settings.budgetKeys)

/** Whether there is a policy of that name. */
export function isPolicyName(name: string): name is PolicyName {
  return Object.hasOwn(LISTED, name)
}

/** A policy by the name that resolved options, logs and snapshots have of it. @throws INVALID_ARGUMENT */
export function policyNamed(name: string): Listed {
  if (isPolicyName(name)) return POLICIES[name]
  throw expected('INVALID_ARGUMENT', 'policy', POLICY_NAMES.join(' or '), name)
}

/** All that can be subscribed to by name, whatever the policy. */
export const EVENT_TYPES: readonly RouterEventType[] = [
  ...CORE_EVENTS.map(({ type }) => type),
  ...POLICY_NAMES.flatMap((name) => POLICIES[name].settings.eventTypes),
]
