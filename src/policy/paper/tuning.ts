/**
 * The constants of the published method (ParetoBandit, arXiv 2604.00136) that it alone uses, each from the part of the
 * paper that its line names. Those that it shares with other policies are in src/policy/tuning.ts, those of the estimator
 * in src/kernel/layout.ts, and that of the running mean of costs in src/state/running-cost.ts. The paper's rewards are in
 * [0, 1]: in here they are parts of their range, whatever it is. `npm run sensitivity -- --policy paper --only NAME` shows
 * what half and twice do.
 */

/** Static weight of log-normalised cost where no budget sets a shadow price. Source: the paper's static baseline. */
export const COST_WEIGHT_WITHOUT_BUDGET = 0.3
/** Highest shadow price. Source: the paper's primal-dual pacer. */
export const SHADOW_PRICE_MAX = 5
