import { checkBoolean, checkKeys, checkOneOf, checkRecord } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { readOnce } from '../base/read-once.js'
import { checkGivenPrice, logNormalisedCost, type ModelPrice, type ModelSpec } from '../models/model.js'
import { type Model, SWITCHES, type Switch } from '../models/registry.js'
import { checkNewCeiling } from '../policy/budget.js'
import type {
  CommandContext,
  CommandName,
  PolicyCommand,
  PolicyCommands,
  PolicyQueries,
  QueryName,
} from '../policy/commands.js'
import type { ResolvedOptions } from '../policy/options.js'
import { POLICY_BUDGET_KEYS } from '../policy/policies.js'
import type { Policy } from '../policy/policy.js'
import { findModel } from '../state/find-model.js'
import type { RoutingState } from '../state/routing-state.js'
import type { Committer } from './committer.js'
import { modelAddedEvent } from './model-added.js'
import { readStats } from './read-stats.js'
import type { RouterStats } from './stats.js'

/** Whose switch of a model it is: an operator's, the default, or that of options, files and configs that list models. */
export interface SwitchOptions {
  /** Default `operator`. */
  readonly by?: Switch | undefined
}

/** What operators do to a router while it runs: models and prices; and what its policy takes, by name. */
export class Admin {
  private readonly options: ResolvedOptions
  private readonly policy: Policy
  private readonly committer: Committer
  private readonly unwritten: (state: RoutingState, account: string | null) => number

  /** @param unwritten refused requests of an account that are counted and not recorded yet */
  constructor(
    options: ResolvedOptions,
    policy: Policy,
    committer: Committer,
    unwritten: (state: RoutingState, account: string | null) => number,
  ) {
    this.options = options
    this.policy = policy
    this.committer = committer
    this.unwritten = unwritten
  }

  // In all of these what may run the caller's code (getters, the clock) comes before anything is looked up.

  addModel(model: ModelSpec, options: { readonly forcedExploration?: number | undefined }): void {
    const given = readOnce(model, 'model')
    const givenOptions = readOnce(options, 'options')
    const at = this.committer.now()
    const { state } = this.committer
    this.committer.commit(modelAddedEvent(state, this.options, this.policy, given, givenOptions, at))
  }

  removeModel(id: string, options: { readonly drain?: boolean | undefined } | undefined): void {
    const { drain, ...rest } = checkRecord(readOnce(options ?? {}, 'options'), 'options')
    checkKeys(rest, [], 'options')
    const isDrained = drain === undefined ? false : checkBoolean(drain, 'options.drain')
    const at = this.committer.now()
    const model = this.model(id)
    if (isDrained && this.committer.state.registry.draining.has(model)) return
    this.committer.commit({ type: 'model-removed', at, model: model.id, drain: isDrained })
  }

  disable(id: string, options?: SwitchOptions): void {
    const by = switchOf(options)
    const at = this.committer.now()
    const model = this.model(id)
    if (!model.disabledBy.includes(by))
      this.committer.commit({ type: 'model-disabled', at, model: model.id, by })
  }

  enable(id: string, options?: SwitchOptions): void {
    const by = switchOf(options)
    const at = this.committer.now()
    const model = this.model(id)
    const isOff = by === 'operator' ? !model.enabled : model.disabledBy.includes(by)
    if (isOff) this.committer.commit({ type: 'model-enabled', at, model: model.id, by })
  }

  reprice(id: string, price: ModelPrice): void {
    const given = readOnce(price, 'price')
    const at = this.committer.now()
    const model = this.model(id).id
    const checked = checkGivenPrice(given, 'price')
    const logCost = logNormalisedCost(checked)
    const { expectedInputTokens, expectedOutputTokens } = this.options
    const usualTokens = Float64Array.of(expectedInputTokens, expectedOutputTokens)
    this.committer.commit({ type: 'model-repriced', at, model, price: checked, logCost, usualTokens })
  }

  setBudget(budget: { readonly usdPerRequest: number | null } | null, options: unknown): void {
    if (this.policy.commands.setBudget !== undefined) {
      this.run('setBudget', 'budget', budget, options)
      return
    }
    refusePayers(readOnce(options, 'options'), this.policy.name)
    const usdPerRequest = checkNewCeiling(readOnce(budget, 'budget'), 'budget', POLICY_BUDGET_KEYS)
    const at = this.committer.now()
    this.committer.commit({ type: 'budget-set', at, tenant: null, usdPerRequest })
  }

  /**
   * Carries out a command of the policy.
   * @param field of the caller's that errors name
   * @throws INVALID_ARGUMENT where it takes none such, and what it throws
   */
  run<N extends CommandName>(name: N, field: string, ...args: PolicyCommands[N]): void {
    const handler = this.policy.commands[name] as
      | ((context: CommandContext, ...args: readonly unknown[]) => Parameters<Committer['commitAll']>[0])
      | undefined
    if (handler === undefined) throw this.notTaken(name, field)
    const given = args.map((arg, i) => readOnce<unknown>(arg, i === 0 ? field : 'options'))
    this.committer.commitAll(handler(this.context(), ...given))
  }

  /** `run` of a command that options ask for. */
  carryOut([name, ...args]: PolicyCommand): void {
    this.run(name, name, ...(args as PolicyCommands[CommandName]))
  }

  /** What the policy answers; undefined where it has no answer to that. */
  ask<N extends QueryName>(
    name: N,
    ...args: PolicyQueries[N]['args']
  ): PolicyQueries[N]['answer'] | undefined {
    const handler = this.policy.queries[name] as
      | ((context: CommandContext, ...args: readonly unknown[]) => PolicyQueries[N]['answer'])
      | undefined
    return handler?.(this.context(), ...args)
  }

  /** @throws INVALID_ARGUMENT where the policy has no answer to that */
  answer<N extends QueryName>(
    name: N,
    field: string,
    ...args: PolicyQueries[N]['args']
  ): PolicyQueries[N]['answer'] {
    const answer = this.ask(name, ...args)
    if (answer === undefined) throw this.notTaken(name, field)
    return answer
  }

  stats(): RouterStats {
    const report = this.answer('stats', '')
    const { state, journal, pendingTtlMs } = this.committer
    return readStats(state, report, journal?.stats() ?? null, pendingTtlMs)
  }

  private model(id: string): Model {
    return findModel(this.committer.state, id, 'id')
  }

  private context(): CommandContext {
    const at = this.committer.now()
    const { state } = this.committer
    return { state, options: this.options, at, unwritten: (account) => this.unwritten(state, account) }
  }

  private notTaken(name: string, field: string): ParetoBanditError {
    const message = `policy '${this.policy.name}' takes none: it has no ${name}`
    return new ParetoBanditError('INVALID_ARGUMENT', field, message)
  }
}

function switchOf(options: SwitchOptions | undefined): Switch {
  const { by = 'operator', ...rest } = checkRecord(readOnce(options ?? {}, 'options'), 'options')
  checkKeys(rest, ['by'], 'options')
  return checkOneOf(by, SWITCHES, 'options.by')
}

/** Where the router is the only payer. @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
function refusePayers(options: unknown, policy: string): void {
  if (options === undefined) return
  const { tenant, ...rest } = checkRecord(options, 'options')
  checkKeys(rest, ['tenant'], 'options')
  if (tenant !== undefined)
    throw new ParetoBanditError('INVALID_ARGUMENT', 'options.tenant', `policy '${policy}' knows no tenants`)
}
