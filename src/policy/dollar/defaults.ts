/**
 * Defaults of options under policy `dollar`, tuned as the constants of tuning.ts are: `npm run sensitivity -- --only NAME`.
 * They stand apart because a router knows them before it loads the policy.
 */

/** Forgetting factor: this policy watches for drift and forgets when something has changed. */
export const FORGETTING_FACTOR = 0.9997
/** Requests after which fresh evidence outweighs a warm-up prior; with the factor above nEffective is 2,741. */
export const ADAPTATION_HORIZON_REQUESTS = 2000
/** Requests' worth of budget that is saved up at most. */
export const BURST_REQUESTS = 50
/** Requests that a model without a prior gets to be known when a router begins, as long as it may be worth its price, paced by its account. */
export const COLD_EXPLORATION_REQUESTS = 15
/** Expected reward that no dollar is paid for. */
export const INDIFFERENCE = 0.001
