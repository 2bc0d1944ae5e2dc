import type { DashboardData } from '../../src/gateway/dashboard/shape.js'

/** What the shadow price is, in words: the same number wherever the page has it, and in `paretobandit stats`. */
export function priceUnit({ stats }: DashboardData, verb: 'must' | 'had'): string {
  const buys = verb === 'must' ? 'must buy' : 'had to buy'
  return stats.pacer.penaltyUnit === 'usd'
    ? `the reward that a budget's worth of dollars ${buys}`
    : `the reward that 1 on the scale of logarithmic prices ${buys}`
}
