/** Forgetting and the horizon that priors are scaled for: the paper's, so that the two differ in what they explore by. */
export const FORGETTING_FACTOR = 0.997
export const ADAPTATION_HORIZON_REQUESTS = 500

/** Share by which the shadow price moves when costs are a budget above or below the budget. Source: the paper's 0.05. */
export const PRICE_STEP = 0.05
/**
 * Ends of the shadow price, in rewards that a budget's worth of dollars must buy, and where it starts. The lower one is
 * where no reward minds it, and no lower, so that it is soon back when dollars are short again: with 1e-4 up to 42 %
 * too much is spent after a price has come back on the simulated workload, with 1e-3 up to 23 %.
 */
export const PRICE_MIN = 1e-3
export const PRICE_MAX = 100
export const PRICE_START = 0.01
/** Costs are counted up to this many times the budget: one dear request must not end all buying. */
export const OVERSPEND_MAX = 20
