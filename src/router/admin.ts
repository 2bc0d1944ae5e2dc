import { checkEach, checkKeys, checkRecord } from '../base/check.js'
import { readClock } from '../base/clock.js'
import { ParetoBanditError } from '../base/errors.js'
import type { EventEmitter } from '../events/emitter.js'
import type { RouterEvent } from '../events/events.js'
import { checkModelPrice, logNormalisedCost, type ModelPrice, type ModelSpec } from '../models/model.js'
import { checkBudget, refuseFixed } from '../policy/check-budget.js'
import type { CapOptions } from '../policy/dollar/accounts/cap-period.js'
import type { LatencyOptions } from '../policy/dollar/latency/latency-limit.js'
import type { Policy } from '../policy/policy.js'
import type { AccountStats, RouterStats } from '../policy/stats.js'
import { administrationOf } from '../state/check-event.js'
import { findModel } from '../state/find-model.js'
import type { RoutingState } from '../state/routing-state.js'
import type { Committer } from './committer.js'
import { modelAddedEvent } from './model-added.js'
import type { QualityOptions, ResolvedOptions, TenantOptions } from './options/options.js'
import { readStats } from './read-stats.js'

/** Whose budget or caps: a tenant's; the router's own without it. */
interface ForTenant {
  readonly tenant?: string
}

/** What operators do to a router while it runs: models, prices, budgets, caps, tenants. */
export abstract class Operations {
  protected readonly options: ResolvedOptions
  protected readonly policy: Policy
  protected readonly emitter: EventEmitter
  protected readonly committer: Committer

  protected constructor(
    options: ResolvedOptions,
    policy: Policy,
    emitter: EventEmitter,
    committer: Committer,
  ) {
    this.options = options
    this.policy = policy
    this.emitter = emitter
    this.committer = committer
  }

  /**
   * Registers a model. It takes part at once: a newcomer starts cold (or from the router's priors, if they know it)
   * and gets `forcedExploration` requests for certain.
   * @throws DUPLICATE_MODEL, INVALID_ARGUMENT, UNKNOWN_OPTION, OUT_OF_MEMORY
   */
  addModel(model: ModelSpec, options: { readonly forcedExploration?: number } = {}): void {
    this.committer.commit(modelAddedEvent(this.state, this.options, this.policy, model, options, this.now()))
  }

  /**
   * Forgets a model. What is reserved for its requests in flight counts as spent, and feedback for them is refused: to
   * hear of true costs, `disable` it first.
   * @throws UNKNOWN_MODEL
   */
  removeModel(id: string): void {
    this.committer.commit({
      type: 'model-removed',
      at: this.now(),
      model: findModel(this.state, id, 'id').id,
    })
  }

  /** Takes a model out of the choice and keeps what was learned of it. Its feedback still counts. */
  disable(id: string): void {
    const { enabled } = findModel(this.state, id, 'id')
    if (enabled) this.committer.commit({ type: 'model-disabled', at: this.now(), model: id })
  }

  /** Puts a disabled model back with what it had learned. */
  enable(id: string): void {
    const { enabled } = findModel(this.state, id, 'id')
    if (!enabled) this.committer.commit({ type: 'model-enabled', at: this.now(), model: id })
  }

  /** New list prices, in force from the next request on. They replace all four: one left out takes its default. */
  reprice(id: string, price: ModelPrice): void {
    const model = findModel(this.state, id, 'id')
    const checked = checkModelPrice(price, 'price')
    const logCost = logNormalisedCost(checked)
    this.committer.commit({
      type: 'model-repriced',
      at: this.now(),
      model: model.id,
      price: checked,
      logCost,
    })
  }

  /** A new ceiling of the mean spend per request, or null for none, of the router or of a tenant. Its mode stays. */
  setBudget(budget: { readonly usdPerRequest: number } | null, options: ForTenant = {}): void {
    const tenant = this.tenantIn(options)
    const checked = checkBudget(budget, 'budget')
    refuseFixed(checked, 'budget')
    const usdPerRequest = checked?.usdPerRequest ?? null
    this.committer.commit({ type: 'budget-set', at: this.now(), tenant, usdPerRequest })
  }

  /** All caps from now on, of the router or of a tenant. One of a kind that was there keeps what it has counted. */
  setCaps(caps: readonly CapOptions[], options: ForTenant = {}): void {
    const administration = administrationOf(this.policy, 'caps')
    this.committer.commit(administration.capsSet(this.state, caps, this.tenantIn(options), this.now()))
  }

  /** A limit on the latency of all requests from now on, or null for none. @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
  setLatency(latency: LatencyOptions | null): void {
    this.committer.commit(administrationOf(this.policy, 'latency').latencySet(latency, this.now()))
  }

  /** A floor under the mean reward of all requests from now on, or null for none. @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
  setQuality(quality: QualityOptions | null): void {
    const administration = administrationOf(this.policy, 'quality')
    this.committer.commit(administration.qualitySet(quality, this.options, this.now()))
  }

  /** @throws DUPLICATE_TENANT, INVALID_ARGUMENT, UNKNOWN_OPTION */
  addTenant(tenant: TenantOptions): void {
    const administration = administrationOf(this.policy, 'tenant')
    this.commitAll(administration.tenantAdded(this.state, tenant, this.now(), 'tenant'))
  }

  /** `addTenant` for each; all are checked before the first is registered. */
  addTenants(tenants: readonly TenantOptions[]): void {
    const administration = administrationOf(this.policy, 'tenants')
    const at = this.now()
    const seen = new Set<string>()
    const events = checkEach(tenants, 'tenants', (tenant, i) => {
      const field = `tenants[${i}]`
      const added = administration.tenantAdded(this.state, tenant, at, field)
      for (const event of added) {
        if (event.type !== 'tenant-added') continue
        if (seen.has(event.tenant))
          throw new ParetoBanditError('DUPLICATE_TENANT', `${field}.id`, `'${event.tenant}' is listed twice`)
        seen.add(event.tenant)
      }
      return added
    })
    this.commitAll(events.flat())
  }

  /** Its requests in flight still settle on the router's account. @throws UNKNOWN_TENANT */
  removeTenant(id: string): void {
    const tenant = administrationOf(this.policy, 'id').findTenant(this.state, id, 'id')
    this.committer.commit({ type: 'tenant-removed', at: this.now(), tenant })
  }

  /** @throws UNKNOWN_TENANT */
  tenantStats(id: string): AccountStats {
    const tenant = administrationOf(this.policy, 'id').findTenant(this.state, id, 'id')
    const stats = this.state.dollar?.readAccount(tenant, this.now())
    if (stats === undefined) throw new ParetoBanditError('UNKNOWN_TENANT', 'id', 'this router has no tenants')
    return this.options.rewards?.account(stats) ?? stats
  }

  stats(): RouterStats {
    const stats = readStats(this.state, this.now(), this.committer.journal?.stats() ?? null)
    return this.options.rewards?.stats(stats) ?? stats
  }

  protected get state(): RoutingState {
    return this.committer.state
  }

  private tenantIn(options: ForTenant): string | null {
    const { tenant, ...rest } = checkRecord(options, 'options')
    checkKeys(rest, ['tenant'], 'options')
    if (tenant === undefined) return null
    return administrationOf(this.policy, 'options.tenant').findTenant(this.state, tenant, 'options.tenant')
  }

  /** All were checked: all or nothing. */
  protected commitAll(events: readonly RouterEvent[]): void {
    this.committer.journal?.checkRoom()
    for (const event of events) this.committer.record(event)
    this.emitter.deliver()
  }

  protected now(): number {
    return readClock(this.options.clock)
  }
}
