import type { RouterEvent } from '../../../events/events.js'
import type { StateView } from '../../../state/policy-state.js'
import type { ResolvedOptions } from '../../options.js'
import { type ModelStanding, plainStanding, type StandingKind } from '../../standing.js'
import type { DollarOptions } from '../settings.js'
import type { DollarState } from '../state.js'
import { dollarStandings } from './standings.js'

/** Requests between two looks, refused ones included; and after one was refused. */
const LOOK_REQUESTS = 256
const LOOK_REFUSED_REQUESTS = 16
const NOTHING: readonly RouterEvent[] = []
const NO_STANDINGS: ReadonlyMap<string, ModelStanding> = new Map()
/** What an operator or an outage holds back says nothing of what accounts can pay. */
const SILENT: ReadonlySet<StandingKind> = new Set<StandingKind>(['down', 'disabled', 'draining'])

/**
 * Tells once of a model that no account can ever reach, and once when that has ended: what `stats` says at that moment. It
 * looks every 256 requests, and before the next one where models, prices, budget or caps are others, or requests are
 * refused. Of this process, no part of the state.
 */
export class ReachWatch {
  private readonly options: ResolvedOptions<DollarOptions>
  /** Ids of models that are out of reach, as was told. */
  private readonly told = new Set<string>()
  /** Requests since the latest look, and whether one of them was refused. */
  private requests = 0
  private hasRefused = false
  /** What limited requests at the latest look. */
  private version = -1
  private usdPerRequest: number | null = null
  private caps: unknown = null

  constructor(options: ResolvedOptions<DollarOptions>) {
    this.options = options
  }

  /** The request under way was refused. */
  refused(): void {
    this.hasRefused = true
  }

  look(state: StateView<DollarState>, at: number): readonly RouterEvent[] {
    this.requests++
    if (!this.isDue(state)) return NOTHING
    const { told } = this
    const { registry } = state
    const standings = this.standingsNow(state, at)
    const notices: RouterEvent[] = []
    for (const model of registry.models) {
      const { id } = model
      const standing = standings.get(id) ?? plainStanding(model, state)
      const isReachable = standing?.kind !== 'out-of-reach'
      if (isReachable !== told.has(id) || (standing !== null && SILENT.has(standing.kind))) continue
      if (isReachable) told.delete(id)
      else told.add(id)
      const { kind = 'due', costUsd = null, mostUsd = null } = standing ?? {}
      notices.push({ type: 'reach', at, model: id, isReachable, standing: kind, costUsd, mostUsd })
    }
    for (const id of told) if (registry.get(id) === undefined) told.delete(id)
    return notices
  }

  private isDue({ registry, policy }: StateView<DollarState>): boolean {
    const { version } = registry
    const { caps, usdPerRequest } = policy.accounts.router
    const isOther = version !== this.version || caps !== this.caps || usdPerRequest !== this.usdPerRequest
    const every = this.hasRefused ? LOOK_REFUSED_REQUESTS : LOOK_REQUESTS
    if (!isOther && this.requests < every) return false
    this.version = version
    this.caps = caps
    this.usdPerRequest = usdPerRequest
    this.requests = 0
    this.hasRefused = false
    return true
  }

  /** Where nothing limits what is spent, nothing is out of reach. */
  private standingsNow(state: StateView<DollarState>, at: number): ReadonlyMap<string, ModelStanding> {
    return state.policy.accounts.router.isLimited ? dollarStandings(state, this.options, at) : NO_STANDINGS
  }
}
