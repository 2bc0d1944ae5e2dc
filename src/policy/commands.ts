import type { RouterEvent } from '../events/events.js'
import type { PolicyState, StateView } from '../state/policy-state.js'
import type { ResolvedOptions } from './options.js'
import type { PolicyReport } from './stats.js'

/**
 * What an operator may do, where policies differ: name and arguments. Policies add theirs by declaration merging in
 * their folders.
 */
export interface PolicyCommands {
  /** Taken by policies with payers besides the router; the router sets its own ceiling otherwise. */
  readonly setBudget: readonly [budget: { readonly usdPerRequest: number | null } | null, options?: unknown]
}

/** What may be asked of a policy, likewise: arguments and answer. */
export interface PolicyQueries {
  /** What `stats` shows of it. */
  readonly stats: { readonly args: readonly []; readonly answer: PolicyReport }
}

export type CommandName = keyof PolicyCommands
export type QueryName = keyof PolicyQueries

/** A command with its arguments. */
export type PolicyCommand = {
  [N in CommandName]: readonly [name: N, ...args: PolicyCommands[N]]
}[CommandName]

/** What commands and queries are answered from. */
export interface CommandContext<S extends PolicyState = PolicyState, O = unknown> {
  readonly state: StateView<S>
  readonly options: ResolvedOptions<O>
  /** Now, milliseconds since the epoch. */
  readonly at: number
  /** Refused requests of the router's account (null) or a tenant's that this process has counted and not recorded yet. */
  readonly unwritten: (account: string | null) => number
}

/** Arguments as callers may give them: nothing is known of their types yet. */
type Unchecked<A> = A extends readonly unknown[] ? { [I in keyof A]: unknown } : never
/** A method, so that handlers for one policy's state stand in a list of all policies. */
type Handler<C, A, R> = A extends readonly unknown[] ? { handle(context: C, ...args: A): R }['handle'] : never

/** For each command that a policy takes: checks the arguments and makes the events that carry it out. Changes nothing. */
export type CommandHandlers<S extends PolicyState = PolicyState, O = unknown> = {
  readonly [N in CommandName]?: Handler<
    CommandContext<S, O>,
    Unchecked<PolicyCommands[N]>,
    readonly RouterEvent[]
  >
}

export type QueryHandlers<S extends PolicyState = PolicyState, O = unknown> = {
  readonly [N in Exclude<QueryName, 'stats'>]?: Handler<
    CommandContext<S, O>,
    PolicyQueries[N]['args'],
    PolicyQueries[N]['answer']
  >
} & {
  readonly stats: Handler<CommandContext<S, O>, readonly [], PolicyReport>
}
