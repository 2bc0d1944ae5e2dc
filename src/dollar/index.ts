import { ParetoBanditError } from '../errors.js'
import type { Policy } from '../policy-state.js'
import type { RoutingState } from '../state.js'
import { AccountAdministration } from './administration.js'
import { DollarChooser } from './dollar-chooser.js'
import { DollarState } from './dollar-state.js'
import { warmStart } from './warm-start.js'

/** Dollar pacing: docs/PACING.md. */
export const DOLLAR: Policy = {
  startState: (arms, options, ledger) => new DollarState(arms, options, ledger),
  chooser: (options) => new DollarChooser(options, dollarState),
  armStart: warmStart,
  administration: new AccountAdministration((state) => dollarState(state).accounts),
}

function dollarState({ dollar }: RoutingState): DollarState {
  if (dollar instanceof DollarState) return dollar
  throw new ParetoBanditError('INVALID_ARGUMENT', 'policy', 'expected the state of policy dollar')
}
