import { checkKeys, checkRecord } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { checkModelPrice, logNormalisedCost, type ModelPrice, type ModelSpec } from '../models/model.js'
import type { Model } from '../models/registry.js'
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
import type { Committer } from './committer.js'
import { modelAddedEvent } from './model-added.js'
import { readStats } from './read-stats.js'
import type { RouterStats } from './stats.js'

/** What operators do to a router while it runs: models and prices; and what its policy takes, by name. */
export class Admin {
  private readonly options: ResolvedOptions
  private readonly policy: Policy
  private readonly committer: Committer

  constructor(options: ResolvedOptions, policy: Policy, committer: Committer) {
    this.options = options
    this.policy = policy
    this.committer = committer
  }

  addModel(model: ModelSpec, options: { readonly forcedExploration?: number }): void {
    const { state } = this.committer
    const event = modelAddedEvent(state, this.options, this.policy, model, options, this.committer.now())
    this.committer.commit(event)
  }

  removeModel(id: string): void {
    const model = this.model(id).id
    this.committer.commit({ type: 'model-removed', at: this.committer.now(), model })
  }

  disable(id: string): void {
    if (this.model(id).enabled)
      this.committer.commit({ type: 'model-disabled', at: this.committer.now(), model: id })
  }

  enable(id: string): void {
    if (!this.model(id).enabled)
      this.committer.commit({ type: 'model-enabled', at: this.committer.now(), model: id })
  }

  reprice(id: string, price: ModelPrice): void {
    const model = this.model(id)
    const checked = checkModelPrice(price, 'price')
    const logCost = logNormalisedCost(checked)
    const at = this.committer.now()
    this.committer.commit({ type: 'model-repriced', at, model: model.id, price: checked, logCost })
  }

  setBudget(budget: { readonly usdPerRequest: number } | null, options: unknown): void {
    if (this.policy.commands.setBudget !== undefined) {
      this.run('setBudget', 'budget', budget, options)
      return
    }
    refusePayers(options, this.policy.name)
    const usdPerRequest = checkNewCeiling(budget, 'budget', POLICY_BUDGET_KEYS)
    this.committer.commit({ type: 'budget-set', at: this.committer.now(), tenant: null, usdPerRequest })
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
    this.committer.commitAll(handler(this.context(), ...args))
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
    const { state, journal } = this.committer
    return readStats(state, this.answer('stats', ''), journal?.stats() ?? null)
  }

  private model(id: string): Model {
    return findModel(this.committer.state, id, 'id')
  }

  private context(): CommandContext {
    return { state: this.committer.state, options: this.options, at: this.committer.now() }
  }

  private notTaken(name: string, field: string): ParetoBanditError {
    const message = `policy '${this.policy.name}' takes none: it has no ${name}`
    return new ParetoBanditError('INVALID_ARGUMENT', field, message)
  }
}

/** Where the router is the only payer. @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
function refusePayers(options: unknown, policy: string): void {
  if (options === undefined) return
  const { tenant, ...rest } = checkRecord(options, 'options')
  checkKeys(rest, ['tenant'], 'options')
  if (tenant !== undefined)
    throw new ParetoBanditError('INVALID_ARGUMENT', 'options.tenant', `policy '${policy}' knows no tenants`)
}
