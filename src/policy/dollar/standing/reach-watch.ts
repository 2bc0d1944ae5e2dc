import type { RouterEvent } from '../../../events/events.js'
import type { StateView } from '../../../state/policy-state.js'
import type { ResolvedOptions } from '../../options.js'
import type { ModelStanding } from '../../standing.js'
import type { DollarOptions } from '../settings.js'
import type { DollarState } from '../state.js'
import { dollarStandings, mayBeUnreached } from './standings.js'

/** Requests between two looks. */
const LOOK_REQUESTS = 256
const NOTHING: readonly RouterEvent[] = []
const NO_STANDINGS: ReadonlyMap<string, ModelStanding> = new Map()

/** Tells once of a model that no account can ever reach, and once when that has ended. Of this process, no part of the state. */
export class ReachWatch {
  private readonly options: ResolvedOptions<DollarOptions>
  /** Ids of models that are out of reach, as was told. */
  private readonly told = new Set<string>()
  private looked = 0

  constructor(options: ResolvedOptions<DollarOptions>) {
    this.options = options
  }

  look(state: StateView<DollarState>, at: number): readonly RouterEvent[] {
    // A state that took another's place may have had fewer.
    if (Math.abs(state.requests - this.looked) < LOOK_REQUESTS) return NOTHING
    this.looked = state.requests
    const { options } = this
    const standings = mayBeUnreached(state, options) ? dollarStandings(state, options, at) : NO_STANDINGS
    const notices: RouterEvent[] = []
    for (const [model, { kind, costUsd, mostUsd }] of standings) {
      if (kind !== 'out-of-reach' || this.told.has(model)) continue
      this.told.add(model)
      notices.push({ type: 'reach', at, model, isReachable: false, costUsd, mostUsd })
    }
    for (const model of this.told) {
      const standing = standings.get(model)
      if (standing?.kind === 'out-of-reach') continue
      this.told.delete(model)
      if (state.registry.get(model) === undefined) continue
      const { costUsd = null, mostUsd = null } = standing ?? {}
      notices.push({ type: 'reach', at, model, isReachable: true, costUsd, mostUsd })
    }
    return notices
  }
}
