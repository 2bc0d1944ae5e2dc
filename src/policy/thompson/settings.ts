import type { PolicySettings } from '../settings.js'
import { ADAPTATION_HORIZON_REQUESTS, FORGETTING_FACTOR } from '../tuning.js'

/**
 * Of a model that is there from the start and has no prior: estimates begin at a reward of 0, from where small draws alone
 * would not leave the first model that was tried.
 */
const COLD_EXPLORATION_REQUESTS = 15

/** It has no options of its own; `alpha` scales the posterior's standard deviation. Forgetting as in the paper. */
export const THOMPSON_SETTINGS: PolicySettings<null> = {
  keys: [],
  budgetKeys: [],
  eventTypes: [],
  gamma: FORGETTING_FACTOR,
  adaptationHorizon: ADAPTATION_HORIZON_REQUESTS,
  bias: false,
  heads: 0,
  coldExploration: COLD_EXPLORATION_REQUESTS,
  resolve: () => null,
  header: () => ({}),
  folded: [],
  begin: () => [],
}
