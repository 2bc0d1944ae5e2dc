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
 * Answers that a model without forced requests and without a prior is owed where its first calls failed. Beside models that had theirs
 * meanwhile one unlucky answer keeps it out: where rewards stray by 0.4 either way and it is better by 0.2, policy `paper` did not come
 * back to it within 300 requests in 13 of 40 runs with one answer, 2 with three and none with five (`test/router/availability.test.ts`).
 */
export const FIRST_ANSWERS = 5
