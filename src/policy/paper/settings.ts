import { checkInRange, checkOneOf } from '../../base/check.js'
import type { PolicySettings } from '../settings.js'
import { ADAPTATION_HORIZON_REQUESTS, FORGETTING_FACTOR } from '../tuning.js'

/** soft: penalise cost; hard: exclude models above a price ceiling; adaptive: both. */
export const PACER_MODES = ['soft', 'hard', 'adaptive'] as const
export type PacerMode = (typeof PACER_MODES)[number]

declare module '../options.js' {
  interface RouterOptions {
    /**
     * Policy `paper`: static weight of log-normalised cost, >= 0, in parts of the range of rewards. Default 0 with a
     * budget, 0.3 without.
     */
    readonly costWeight?: number | undefined
  }
  interface BudgetOptions {
    /** Policy `paper`: soft: a shadow price; hard: only models under a price ceiling; adaptive (default): both. */
    readonly mode?: PacerMode | undefined
  }
}

/** Options of policy `paper`. */
export interface PaperOptions {
  readonly pacerMode: PacerMode
  readonly costWeight: number | null
}

/** The paper forgets always. */
export const PAPER_SETTINGS: PolicySettings<PaperOptions> = {
  keys: ['costWeight'],
  budgetKeys: ['mode'],
  eventTypes: [],
  gamma: FORGETTING_FACTOR,
  adaptationHorizon: ADAPTATION_HORIZON_REQUESTS,
  bias: false,
  heads: 0,
  coldExploration: 0,
  resolve: ({ costWeight }, budget) => ({
    pacerMode: budget?.mode === undefined ? 'adaptive' : checkOneOf(budget.mode, PACER_MODES, 'budget.mode'),
    costWeight: costWeight === undefined ? null : checkInRange(costWeight, 0, 1e6, 'costWeight'),
  }),
  header: ({ pacerMode }) => ({ pacerMode }),
  folded: [],
  begin: () => [],
}
