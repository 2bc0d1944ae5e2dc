import type { PolicySettings } from '../settings.js'

/** It has no options of its own; `alpha` scales the posterior's standard deviation. Forgetting as in the paper. */
export const THOMPSON_SETTINGS: PolicySettings<null> = {
  keys: [],
  budgetKeys: [],
  eventTypes: [],
  gamma: 0.997,
  adaptationHorizon: 500,
  heads: 0,
  coldExploration: 0,
  resolve: () => null,
  header: () => ({}),
  folded: [],
  begin: () => [],
}
