import { expect, it } from 'vitest'
import { replayTrades, replayVerdict } from '../../src/replay/report/verdict.js'
import type { BaselineRow, PolicyRow, ReplayResult } from '../../src/replay/result.js'

function row(budgetUsdPerRequest: number, reward: number, half: number, used = 1, worst = used): PolicyRow {
  return {
    ...{
      budgetUsdPerRequest,
      phase: null,
      variant: null,
      reward,
      rewardCi95: [reward - half, reward + half],
    },
    ...{ utilisation: used, utilisationCumulative: used, utilisationWorst: worst },
    ...{ shares: {}, lambdaMedian: 0, alarms: 0 },
  }
}

function fixed(model: string, costUsdPerRequest: number, reward: number, half: number): BaselineRow {
  return {
    ...{ baseline: 'fixed', model, budgetUsdPerRequest: null, phase: null, variant: null, utilisation: null },
    ...{ reward, rewardCi95: [reward - half, reward + half], costUsdPerRequest, shares: {} },
  }
}

const ALONE = [fixed('a/small', 0.0005, 0.7, 0.002), fixed('a/large', 0.01, 0.9, 0.002)]

function verdict(rows: readonly PolicyRow[], seeds = 20, baselines = ALONE, scenario = 'stationary') {
  return replayVerdict([{ report: { scenario, seeds, rows, baselines } } as unknown as ReplayResult])
}

it('says what could be saved beside the best model, by the cheapest budget of its quality', () => {
  const rows = [row(0.001, 0.85, 0.002), row(0.004, 0.901, 0.003, 0.9, 1), row(0.008, 0.905, 0.002)]
  expect(verdict(rows)).toBe(
    'Against large alone, the model that earns most, 64 % of the dollars (60 % in the worst of 20 seeds) could be saved at the same quality by the best of 3 budgets: the router spent $3.60 per 1,000 requests instead of $10.0, for a reward of .901 (.898 to .904) beside .900 (.898 to .902).',
  )
})

it('claims nothing that its interval does not bear', () => {
  const text = verdict([row(0.004, 0.899, 0.02), row(0.001, 0.85, 0.002)])
  expect(text).toBe(
    'Against large alone, the model that earns most, nothing shows that dollars could be saved at the same quality: the budget that came closest spent 60 % less, $4.00 per 1,000 requests instead of $10.0, for a reward of .899 (.879 to .919) beside .900 (.898 to .902).',
  )
  // The model's own interval counts as well.
  expect(verdict([row(0.004, 0.899, 0.002)])).toContain(
    'could be saved at the same quality by the one budget that was tried: the router',
  )
  const unsure = [ALONE[0], fixed('a/large', 0.01, 0.9, 0.02)]
  expect(verdict([row(0.004, 0.899, 0.002)], 20, unsure)).toContain('nothing shows')
})

it('has words for a budget that saves nothing, for one seed, and where there is nothing to say', () => {
  expect(verdict([row(0.01, 0.9, 0.001)])).toBe(
    'Against large alone, the model that earns most, nothing shows that dollars could be saved at the same quality: no budget spent less than its $10.0 per 1,000 requests.',
  )
  const alone = [fixed('a/large', 0.01, 0.9, 0)]
  expect(verdict([row(0.004, 0.9, 0)], 1, alone)).toBe(
    'Against large alone, the model that earns most, 60 % of the dollars could be saved at the same quality by the one budget that was tried: the router spent $4.00 per 1,000 requests instead of $10.0, for a reward of .900 beside .900. One seed does not say how sure that is.',
  )
  expect(verdict([row(0.004, 0.9, 0)], 1, [])).toBeNull()
  expect(verdict([row(0.004, 0.9, 0)], 1, alone, 'onboarding')).toBeNull()
})

it('does not say that all was saved where something was spent', () => {
  const dear = [ALONE[0], fixed('a/large', 10, 0.9, 0.002)]
  expect(verdict([row(0.004, 0.905, 0.002)], 20, dear)).toContain(
    'over 99 % of the dollars (over 99 % in the worst of 20 seeds) could be saved',
  )
})

function trades(rows: readonly PolicyRow[], baselines = ALONE, scenario = 'stationary', seeds = 20) {
  return replayTrades([{ report: { scenario, seeds, rows, baselines } } as unknown as ReplayResult])
}

it('says what less of its reward costs, by budgets that cost no more than half of the one before', () => {
  const rows = [row(0.0003, 0.82, 0.002), row(0.001, 0.86, 0.002), row(0.0014, 0.864, 0.002)]
  expect(trades([...rows, row(0.004, 0.873, 0.002), row(0.009, 0.905, 0.002)])).toBe(
    "At least 96 % of large's reward, at 95 % confidence, cost $4.00 per 1,000 requests (60 % saved), 95 % of it $1.00 (90 % saved), 90 % of it $0.30 (97 % saved).",
  )
  // What is of the same quality is told by the first sentence.
  expect(trades([...rows, row(0.004, 0.905, 0.002)])).toBe(
    "At least 95 % of large's reward, at 95 % confidence, cost $1.00 per 1,000 requests (90 % saved), 90 % of it $0.30 (97 % saved).",
  )
})

it('says no more of what is kept than its interval bears', () => {
  // Beside "nothing shows that dollars could be saved at the same quality", all of the reward for less than half would be a claim.
  const unsure = [row(0.004, 0.899, 0.02)]
  expect(verdict(unsure)).toContain('nothing shows')
  expect(trades(unsure)).toBe(
    "At least 97 % of large's reward, at 95 % confidence, cost $4.00 per 1,000 requests (60 % saved).",
  )
  expect(trades([row(0.004, 0.85, 0.08)])).toBeNull()
  const one = [fixed('a/large', 0.01, 0.9, 0)]
  expect(trades([row(0.004, 0.873, 0)], one, 'stationary', 1)).toBe(
    "97 % of large's reward cost $4.00 per 1,000 requests (60 % saved).",
  )
})

it('tells of no trade beside which a cheaper one keeps as much', () => {
  const rows = [row(0.0006, 0.861, 0.002), row(0.0017, 0.862, 0.002), row(0.0045, 0.873, 0.002)]
  expect(trades(rows)).toBe(
    "At least 96 % of large's reward, at 95 % confidence, cost $4.50 per 1,000 requests (55 % saved), 95 % of it $0.60 (94 % saved).",
  )
})

it('tells of no trade that gives up more than a tenth, and of none where no share can be kept', () => {
  expect(trades([row(0.004, 0.8, 0.002), row(0.009, 0.905, 0.002)])).toBeNull()
  expect(trades([row(0.006, 0.873, 0.002)])).toBeNull()
  expect(trades([row(0, 0.86, 0.002)], [fixed('a/free', 0, 0.9, 0.002)])).toBeNull()
  expect(trades([row(0.001, -0.1, 0.002)], [fixed('a/large', 0.01, -0.1, 0.002)])).toBeNull()
  expect(trades([row(0.001, 0.86, 0.002)], [])).toBeNull()
  expect(trades([row(0.001, 0.86, 0.002)], ALONE, 'onboarding')).toBeNull()
})
