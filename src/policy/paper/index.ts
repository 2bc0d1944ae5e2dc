import { priorOf, scalePrior } from '../../bandit/priors.js'
import type { Policy } from '../policy.js'
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
      return { shadowPrice: state.rewards?.differenceToUser(shadowPrice) ?? shadowPrice, mode }
    },
  },
  start: (view, { budgetUsdPerRequest, own }) =>
    new PaperState(view, budgetUsdPerRequest, (own as PaperOptions).pacerMode),
  chooser: (options) => new PaperChooser(options),
  armStart({ priors, dimension, nEffective, lambda0 }, { id }) {
    const prior = priorOf(priors, id)
    return {
      prior: prior === null ? null : scalePrior(prior, dimension, nEffective, lambda0),
      settledPrior: null,
      costCorrection: 1,
    }
  },
}
