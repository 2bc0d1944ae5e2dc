import { describe, expect, test } from 'vitest'
import { mulberry32 } from '../../src/base/random.js'
import { mean } from '../../src/base/statistics.js'
import { type Evaluation, evaluatePolicies, parseDecisionLog } from '../../src/evaluate/index.js'
import {
  drawContext,
  drawRows,
  greedyOf,
  type LogSettings,
  MEAN_COST_FACTOR,
  toLog,
  truthOf,
  WORLD,
} from './world.js'

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

describe.each([
  ['few wrong answers', [0.98, 0.97, 0.99], 1],
  ['some wrong answers', [0.93, 0.9, 0.95], 1],
  ['answers worth nothing or 100, few of them wrong', [0.98, 0.97, 0.99], 100],
])('on logs of answers that are right or wrong, with %s', (_, rights, worth) => {
  const evaluations = Array.from({ length: LOGS }, (_, seed) => {
    const random = mulberry32(seed + 1)
    const rows = drawRows({ requests: 1500, epsilon: 0.2, seed: seed + 1 }).map((row) => ({
      ...row,
      reward: random() < rights[WORLD.findIndex(({ id }) => id === row.model)] ? worth : 0,
    }))
    return evaluatePolicies(parseDecisionLog(toLog(rows), 'log'), POLICIES)
  })
  const truth: Record<string, number> = {
    uniform: worth * mean(rights),
    'model:large': worth * rights[2],
    'model:small': worth * rights[0],
  }

  test('intervals hold the true reward, also where none of the wrong ones was drawn', () => {
    for (const [what, share] of Object.entries(coverage(evaluations, truth, 'reward')))
      expect(share, what).toBeGreaterThanOrEqual(0.9)
  })

  test('and so does the interval of the gain over the logged policy', () => {
    const random = mulberry32(99)
    let greedy = 0
    for (let i = 0; i < 100_000; i++) greedy += (worth * rights[greedyOf(drawContext(random))]) / 100_000
    const logged = 0.8 * greedy + 0.2 * truth.uniform
    for (const [policy, value] of Object.entries(truth)) {
      const held = evaluations.filter(({ policies }) => {
        const ci = policies.find((each) => each.policy === policy)?.rewardOverLogged?.ci95
        return ci !== undefined && ci[0] <= value - logged && value - logged <= ci[1]
      })
      expect(held.length / LOGS, policy).toBeGreaterThanOrEqual(0.9)
    }
  })
})

test('one answer that is far dearer than all others of its model does not widen the interval of another', () => {
  const rows = drawRows({ requests: 2000, epsilon: 0.4, seed: 1 })
  const widthOf = (log: readonly object[], policy: string) => {
    const found = evaluatePolicies(parseDecisionLog(toLog(log), 'log'), [policy]).policies[1].costUsd
    return (found?.ips.ci95[1] ?? 0) - (found?.ips.ci95[0] ?? 0)
  }
  const first = rows.findIndex(({ model }) => model === 'small')
  const outlier = rows.map((row, i) => (i === first ? { ...row, costUsd: 1 } : row))
  expect(widthOf(outlier, 'model:large')).toBeCloseTo(widthOf(rows, 'model:large'), 12)
  expect(widthOf(outlier, 'model:small')).toBeGreaterThan(10 * widthOf(rows, 'model:small'))
})
