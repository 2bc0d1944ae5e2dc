import type { RouterEventType } from '../events/event-map.js'
import type { CheckedBudget } from './budget.js'
import type { PolicyCommand } from './commands.js'
import type { RouterOptions } from './options.js'

/** What is known of a policy before its code is loaded: its options and its defaults. Part of the core, so it is small. */
export interface PolicySettings<O = unknown> {
  /** Options of `createRouter` that go with this policy alone. */
  readonly keys: readonly (keyof RouterOptions)[]
  /** What it adds to `budget`. */
  readonly budgetKeys: readonly string[]
  /** Types of the events and notices that it defines: a misspelt subscription is told without loading the policy. */
  readonly eventTypes: readonly RouterEventType[]
  /** Defaults of the forgetting factor and of the horizon that priors are scaled for. */
  readonly gamma: number
  readonly adaptationHorizon: number
  /** Default of the option `bias`. */
  readonly bias: boolean
  /** Quantities that arms learn of settled requests: cost and latency, or none. */
  readonly heads: 0 | 2
  /** Forced explorations of a model that is there from the start and has no prior; 0: its bonus alone speaks for it. */
  readonly coldExploration: number
  /** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
  resolve(options: RouterOptions, budget: CheckedBudget | null): O
  /** Of these, what the header of a log holds; and by name those that the fold depends on, so that they must agree. */
  header(own: O): Readonly<Record<string, unknown>>
  readonly folded: readonly string[]
  /** What the options ask of a new router, in order. */
  begin(options: RouterOptions): readonly PolicyCommand[]
}
