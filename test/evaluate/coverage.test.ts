import { describe, expect, test } from 'vitest'
import { mean } from '../../src/base/statistics.js'
import { type Evaluation, evaluatePolicies, parseDecisionLog } from '../../src/evaluate/index.js'
import { drawRows, greedyOf, type LogSettings, MEAN_COST_FACTOR, toLog, truthOf, WORLD } from './world.js'

const LOGS = 200
const ESTIMATORS = ['ips', 'snips', 'doublyRobust'] as const
const POLICIES = ['logged', 'uniform', 'model:large', 'model:small']
const REWARDS = WORLD.map(({ base }) => base)
const COSTS = WORLD.map(({ priceUsd }) => priceUsd * MEAN_COST_FACTOR)
/** What each policy earns, by name; the logged one's from its greedy choice and epsilon. */
function truths(epsilon: number): Record<string, number> {
  return {
    logged: (1 - epsilon) * truthOf(greedyOf) + epsilon * mean(REWARDS),
    uniform: mean(REWARDS),
    'model:large': REWARDS[2],
    'model:small': REWARDS[0],
  }
}
const COST_TRUTHS: Record<string, number> = {
  uniform: mean(COSTS),
  'model:large': COSTS[2],
  'model:small': COSTS[0],
}

function evaluateMany(settings: Omit<LogSettings, 'seed'>, policies: readonly string[]): Evaluation[] {
  return Array.from({ length: LOGS }, (_, seed) => {
    const log = parseDecisionLog(toLog(drawRows({ ...settings, seed: seed + 1 })), 'log')
    return evaluatePolicies(log, policies)
  })
}

/** Share of logs whose interval holds the truth, for every policy and estimator. */
function coverage(
  evaluations: readonly Evaluation[],
  truth: Record<string, number>,
  metric: 'reward' | 'costUsd',
): Record<string, number> {
  const shares: Record<string, number> = {}
  for (const [policy, value] of Object.entries(truth)) {
    for (const estimator of ESTIMATORS) {
      const held = evaluations.filter(({ policies }) => {
        const found = policies.find((each) => each.policy === policy)?.[metric]?.[estimator].ci95
        return found !== undefined && found[0] <= value && value <= found[1]
      })
      shares[`${policy} ${estimator} ${metric}`] = held.length / evaluations.length
    }
  }
  return shares
}

function expectNominal(shares: Record<string, number>): void {
  for (const [what, share] of Object.entries(shares)) {
    expect(share, what).toBeGreaterThanOrEqual(0.9)
    expect(share, what).toBeLessThanOrEqual(0.99)
  }
}

describe.each([
  ['much of it left to chance', { requests: 500, epsilon: 0.6 }],
  ['little left to chance', { requests: 1200, epsilon: 0.2 }],
  // Rewards come more often for some models than for others.
  ['rewards seldom and unevenly', { requests: 900, epsilon: 0.7, rewardRates: [0.4, 0.9, 0.5] }],
])('on logs with %s', (_, settings) => {
  const evaluations = evaluateMany(settings, POLICIES)
  const truth = truths(settings.epsilon)

  test('95 % intervals hold the true reward and cost about 95 times in 100', () => {
    expectNominal(coverage(evaluations, truth, 'reward'))
    expectNominal(coverage(evaluations, COST_TRUTHS, 'costUsd'))
  })

  test.each(ESTIMATORS)('%s is unbiased', (estimator) => {
    for (const policy of POLICIES) {
      const found = evaluations.map(
        ({ policies }) =>
          policies.find((each) => each.policy === policy)?.reward?.[estimator].mean ?? Number.NaN,
      )
      const centre = mean(found)
      const deviation = Math.sqrt(mean(found.map((value) => (value - centre) ** 2)))
      // SNIPS has a bias of the order 1 / n, far below this.
      expect(Math.abs(centre - truth[policy]), policy).toBeLessThan((4 * deviation) / Math.sqrt(LOGS))
    }
  })

  test('doubly robust varies less than IPS, and says so', () => {
    for (const policy of POLICIES.slice(1)) {
      const of = (estimator: 'ips' | 'doublyRobust') =>
        evaluations.map(
          ({ policies }) => policies.find((each) => each.policy === policy)?.reward?.[estimator],
        )
      const variance = (values: readonly number[]) => mean(values.map((value) => (value - mean(values)) ** 2))
      const [ips, robust] = [of('ips'), of('doublyRobust')].map((estimates) =>
        variance(estimates.map((each) => each?.mean ?? Number.NaN)),
      )
      expect(robust, policy).toBeLessThan(0.5 * ips)
      const widths = [of('ips'), of('doublyRobust')].map((estimates) =>
        mean(estimates.map((each) => each?.standardError ?? Number.NaN)),
      )
      expect(widths[1], policy).toBeLessThan(widths[0])
    }
  })

  test('the interval of the gain over the logged policy holds the true gain', () => {
    for (const policy of POLICIES.slice(1)) {
      const gain = truth[policy] - truth.logged
      const held = evaluations.filter(({ policies }) => {
        const ci = policies.find((each) => each.policy === policy)?.rewardOverLogged?.ci95
        return ci !== undefined && ci[0] <= gain && gain <= ci[1]
      })
      expectNominal({ [policy]: held.length / LOGS })
    }
  })
})
