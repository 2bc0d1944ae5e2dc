import type { ArmStatistics } from '../kernel/kernel.js'
import type { ModelSpec } from '../models/model.js'
import type { FoldedPolicy, PolicyState, StateView } from '../state/policy-state.js'
import type { Chooser } from './chooser.js'
import type { CommandHandlers, QueryHandlers } from './commands.js'
import type { OptionItem, SaidOptions } from './option-item.js'
import type { ResolvedOptions, RouterOptions } from './options.js'

/** What a new model's arm starts from. */
export interface ArmStart {
  readonly prior: ArmStatistics | null
  readonly settledPrior: ArmStatistics | null
  readonly costCorrection: number
  /** See `model-added`. Left out: what the prior says of features stays. */
  readonly shrinkage?: Float64Array
}

/**
 * A policy is a folder: this interface, its settings (`PolicySettings`, known before it is loaded) and one line in
 * `policies.ts`. What it is called follows it into stats, snapshots and logs.
 *
 * @typeParam S what it keeps in the fold
 * @typeParam O its own options, as its settings resolved them
 */
export interface Policy<S extends PolicyState = PolicyState, O = unknown> extends FoldedPolicy<S, O> {
  /** What it decides with: one a router. */
  chooser(options: ResolvedOptions<O>): Chooser<S>
  /** @param meanReward of all requests so far, or null before the first reward */
  armStart(options: ResolvedOptions<O>, spec: ModelSpec, meanReward: number | null): ArmStart
  /** What operators do and ask: those of `PolicyCommands` and `PolicyQueries` that it takes. */
  readonly commands: CommandHandlers<S, O>
  readonly queries: QueryHandlers<S, O>
  /**
   * For options that `begin` of its settings makes commands of: what they say beside what a log has. Loaded by routers
   * with a store.
   */
  readonly optionItems?: () => Promise<
    // A method's parameters, so that policies of all states stand in one list.
    { items(state: StateView<S>, options: RouterOptions, said: SaidOptions): OptionItem[] }['items']
  >
}
