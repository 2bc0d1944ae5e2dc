import { priorOf, scalePrior } from '../../bandit/priors.js'
import type { Policy } from '../policy.js'
import { PaperChooser } from './decide.js'

/** The paper's policy: its state is the dual-ascent pacer, which every router has. */
export const PAPER: Policy = {
  startState: null,
  administration: null,
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
