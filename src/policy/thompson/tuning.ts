/**
 * The constants of policy `thompson` that it alone uses; those that it shares with other policies are in
 * src/policy/tuning.ts. None is from a paper:
 *
 *     npm run sensitivity -- --policy thompson --only NAME
 *
 * shows what half and twice of a value do to replays.
 */

/**
 * Least shadow price, in rewards that a budget's worth of dollars must buy: too small to change a choice. From a lower end
 * it would take longer to rise when dollars are short again: with 1e-4 up to 42 % too much is spent after a price has come
 * back on the simulated workload, with 1e-3 up to 23 %.
 */
export const PRICE_MIN = 1e-3
/** Highest shadow price: a model that costs a hundredth of the budget more must be better by the whole range of rewards. */
export const PRICE_MAX = 100
/** Where the shadow price starts: near the least, since nothing says yet that dollars are short. */
export const PRICE_START = 0.01
/** The running mean of costs counts as this many budgets at most, so that one request raises the price 2.8-fold at most. */
export const OVERSPEND_MAX = 20
