import { ParetoBanditError } from '../errors.js'
import type { Policy } from '../policy-state.js'
import type { RoutingState } from '../state.js'
import { DollarChooser } from './dollar-chooser.js'
import { DollarState } from './dollar-state.js'
import { warmStart } from './warm-start.js'

/** Dollar pacing: docs/PACING.md. */
export const DOLLAR: Policy = {
  startState: (arms, options) => new DollarState(arms, options.budgetUsdPerRequest, options.burst),
  chooser: (options) => new DollarChooser(options, dollarState),
  armStart: warmStart,
}

function dollarState({ dollar }: RoutingState): DollarState {
  if (dollar instanceof DollarState) return dollar
  throw new ParetoBanditError('INVALID_ARGUMENT', 'policy', 'expected the state of policy dollar')
}
