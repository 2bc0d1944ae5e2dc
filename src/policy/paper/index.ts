import type { Policy } from '../policy.js'
import { priorStart } from '../prior-start.js'
import { PaperChooser } from './decide.js'
import type { PaperOptions } from './settings.js'
import { PaperState } from './state.js'
import './stats.js'

/** The published method: docs/MATH.md. */
export const PAPER: Policy<PaperState, PaperOptions> = {
  name: 'paper',
  pendingColumns: [],
  events: [],
  commands: {},
  queries: {
    stats: ({ state }) => {
      const { shadowPrice, mode } = state.policy.pacer
      return {
        shadowPrice: state.rewards?.differenceToUser(shadowPrice) ?? shadowPrice,
        mode,
        penaltyUnit: 'log-price',
      }
    },
  },
  start: (view, { budgetUsdPerRequest, policyOptions }) =>
    new PaperState(view, budgetUsdPerRequest, policyOptions.pacerMode),
  chooser: (options) => new PaperChooser(options),
  armStart: priorStart,
}
