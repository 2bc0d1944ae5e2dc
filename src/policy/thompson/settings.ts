import type { PolicySettings } from '../settings.js'
import { ADAPTATION_HORIZON_REQUESTS, FORGETTING_FACTOR } from './tuning.js'

/** It has no options of its own; `alpha` scales the posterior's standard deviation. Forgetting as in the paper. */
export const THOMPSON_SETTINGS: PolicySettings<null> = {
  keys: [],
  budgetKeys: [],
  eventTypes: [],
  gamma: FORGETTING_FACTOR,
  adaptationHorizon: ADAPTATION_HORIZON_REQUESTS,
  heads: 0,
  coldExploration: 0,
  resolve: () => null,
  header: () => ({}),
  folded: [],
  begin: () => [],
}
