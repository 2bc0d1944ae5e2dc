/**
 * Tuned constants that policies share: defaults of options that every policy has, and what `thompson` takes over from the
 * published method (ParetoBandit, arXiv 2604.00136), so that it differs from policy `paper` in what it explores by alone.
 * Each has its source; `npm run sensitivity -- --policy NAME --only CONSTANT` shows what half and twice of it do.
 */

// Every policy

/** Weight of the exploration bonus without warm-up priors, and with them. Source: the paper's defaults. */
export const EXPLORATION_WEIGHT_COLD = 0.05
export const EXPLORATION_WEIGHT_WARM = 0.01
/** Regularization of the ridge estimate, lambda0. Source: the paper's defaults. */
export const RIDGE = 1
/** Requests that a newcomer gets for certain. Source: the paper's onboarding of models. */
export const FORCED_EXPLORATION_REQUESTS = 20

// Policies `paper` and `thompson`

/** Forgetting factor gamma. Source: the paper's geometric forgetting. */
export const FORGETTING_FACTOR = 0.997
/** Requests after which fresh evidence outweighs a warm-up prior; nEffective is 1,164. Source: the paper's warm-up priors. */
export const ADAPTATION_HORIZON_REQUESTS = 500
/**
 * Step of the shadow price for costs that are one budget above the budget: of `paper` in lambda, of `thompson` as a share
 * of it. Source: the paper's primal-dual pacer.
 */
export const DUAL_STEP = 0.05
/**
 * Answers that a model without forced requests and without a prior is owed where its first calls failed: an estimate of fewer is
 * mostly lambda0, and would keep it out beside a model that had its first answers meanwhile.
 */
export const FIRST_ANSWERS = 5
