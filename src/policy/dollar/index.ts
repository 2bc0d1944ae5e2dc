import { ParetoBanditError } from '../../base/errors.js'
import type { RoutingState } from '../../state/routing-state.js'
import type { Policy } from '../policy.js'
import { AccountAdministration } from './accounts/administration.js'
import { DollarChooser } from './decide.js'
import { warmStart } from './exploration/warm-start.js'
import { DollarState } from './state.js'

export { DOLLAR_EVENTS } from './events.js'

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
