import type { PolicySettings } from '../../../src/policy/settings.js'

export const ROUND_ROBIN_SETTINGS: PolicySettings<null> = {
  keys: [],
  budgetKeys: [],
  eventTypes: [],
  gamma: 1,
  adaptationHorizon: 500,
  bias: false,
  heads: 0,
  coldExploration: 0,
  resolve: () => null,
  header: () => ({}),
  folded: [],
  begin: () => [],
}
