/**
 * The constants of the published method (ParetoBandit, arXiv 2604.00136), each from the part of the paper that its line
 * names; those of the estimator itself are in src/kernel/layout.ts, and that
 * of the running mean of costs in src/state/running-cost.ts. The paper's rewards are in [0, 1]: in here they are
 * parts of their range, whatever it is. `npm run sensitivity -- --policy paper --only NAME` shows what half and twice do.
 */

/** Weight of the exploration bonus without warm-up priors, and with them. Source: the paper's defaults; both policies. */
export const EXPLORATION_WEIGHT_COLD = 0.05
export const EXPLORATION_WEIGHT_WARM = 0.01
/** Regularization of the ridge estimate, lambda0. Source: the paper's defaults; both policies. */
export const RIDGE = 1
/** Requests that a newcomer gets for certain. Source: the paper's onboarding of models; both policies. */
export const FORCED_EXPLORATION_REQUESTS = 20
/** Forgetting factor gamma. Source: the paper's geometric forgetting. */
export const FORGETTING_FACTOR = 0.997
/** Requests after which fresh evidence outweighs a warm-up prior; nEffective is 1,164. Source: the paper's warm-up priors. */
export const ADAPTATION_HORIZON_REQUESTS = 500
/** Static weight of log-normalised cost where no budget sets a shadow price. Source: the paper's static baseline. */
export const COST_WEIGHT_WITHOUT_BUDGET = 0.3
/** Step of the dual ascent on the shadow price lambda. Source: the paper's primal-dual pacer. */
export const DUAL_STEP = 0.05
/** Highest shadow price. Source: the paper's primal-dual pacer. */
export const SHADOW_PRICE_MAX = 5
