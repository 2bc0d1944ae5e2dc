import { beforeAll, describe, expect, it } from 'vitest'
import { Causes, type StartCauses, VARIANTS } from '../../scripts/datasets/causes.js'
import { causesText } from '../../scripts/datasets/causes-text.js'
import type { Start } from '../../scripts/datasets/figures.js'
import { leastRegret } from '../../scripts/datasets/least-regret.js'
import { OracleSwitch } from '../../scripts/datasets/oracles.js'
import { mean } from '../../src/base/statistics.js'
import { createRouter } from '../../src/index.js'
import { type Bench, setBench } from '../../src/replay/bench.js'
import { playBudgeted } from '../../src/replay/budgeted.js'
import { ProgressClock } from '../../src/replay/progress.js'
import { coursesOf } from '../../src/replay/scenarios.js'
import type { OutcomeTable } from '../../src/replay/table.js'
import { MODELS, makeTable } from '../replay/helpers.js'

const SEEDS = 2
const BUDGET_USD = 2e-3
const DATA = makeTable(150)
/** Of the dearest model for every request. */
const RICH_USD = 0.1

function benchOf(start: Start, data: OutcomeTable = DATA): Bench {
  const courses = coursesOf('stationary', data.models)
  const settings = { scenario: 'stationary', courses, data, train: null, budgetsUsd: [] } as const
  const more = { policy: 'dollar', seeds: SEEDS, cold: start === 'cold', kernel: 'js' } as const
  return setBench(courses[0], { ...settings, ...more }, new Map())
}

async function played(bench: Bench, budgetUsdPerRequest: number) {
  const clock = new ProgressClock({ scenario: 'stationary', seeds: SEEDS, cold: true }, {}, SEEDS)
  const run = { policy: 'dollar', budgetUsdPerRequest, knobs: {}, leading: true } as const
  const tally = await playBudgeted(bench, run, clock)
  return bench.seeds.map((_, s) => tally.point(s, 0))
}

/** Mean reward and cost of a model on the rows that a seed measures. */
function always(bench: Bench, s: number, m: number) {
  const rows = bench.plans[s].phases.flat()
  const at = (row: number) => row * MODELS.length + m
  return {
    reward: mean(rows.map((row) => bench.data.rewards[at(row)])),
    costUsd: mean(rows.map((row) => bench.data.costsUsd[at(row)])),
  }
}

describe('Causes', () => {
  let cold: Bench
  let causes: Causes
  beforeAll(() => {
    cold = benchOf('cold')
    causes = new Causes(cold)
  })

  it('plays what a replay does without oracles, also after some were in force', async () => {
    const expected = (await played(cold, BUDGET_USD)).map(({ reward }) => reward)
    await causes.play(BUDGET_USD, ['means', 'costs', 'price', 'exploit', 'rewards'])
    expect((await played(cold, BUDGET_USD)).map(({ reward }) => reward)).toEqual(expected)
    expect((await causes.play(BUDGET_USD, [])).rewards).toEqual(expected)
  })

  it('routes by what is known where it is known: always to the best model when money is plenty', async () => {
    const { rewards, utilisations } = await causes.play(RICH_USD, ['means', 'exploit'])
    const dear = cold.seeds.map((_, s) => always(cold, s, 2))
    dear.forEach(({ reward, costUsd }, s) => {
      expect(rewards[s]).toBeCloseTo(reward, 12)
      expect(utilisations[s]).toBeCloseTo(costUsd / RICH_USD, 12)
    })
  })

  it('learns of models that were not chosen', async () => {
    // Right where the policy cannot look: the budget never affords the dear one, whose outcomes it is told.
    const worse: OutcomeTable = { ...DATA, rewards: DATA.rewards.slice() }
    for (let row = 0; row < worse.size; row++) worse.rewards[row * MODELS.length] = row % 2
    const told = new Causes(benchOf('cold', worse))
    const as = mean((await told.play(BUDGET_USD, [])).rewards)
    expect(mean((await told.play(BUDGET_USD, ['rewards'])).rewards)).toBeGreaterThan(as)
  })

  it('spends within the budget at the price of hindsight, and more than half of it', async () => {
    const { utilisations } = await causes.play(BUDGET_USD, ['linear', 'costs', 'exploit', 'price'])
    for (const used of utilisations) {
      expect(used).toBeLessThanOrEqual(1)
      expect(used).toBeGreaterThan(0.5)
    }
  })

  it('has a gap of each variant at each budget, and of a warm start what the rows of its priors allow', async () => {
    const variants = VARIANTS.filter(({ parts }) => !parts.includes('price'))
    const found = await causes.gaps('cold', [BUDGET_USD, RICH_USD], variants)
    expect(found.gaps.map((row) => row.length)).toEqual(variants.map(() => 2))
    expect(found.priorsBound).toBeNull()
    const [as] = found.gaps
    const full = variants.findIndex(({ parts }) => parts[0] === 'rewards')
    expect(mean(found.gaps[full])).toBeGreaterThanOrEqual(mean(as))
    const warm = await new Causes(benchOf('warm')).gaps('warm', [RICH_USD], variants.slice(0, 1))
    expect(warm.priorsBound).toHaveLength(1)
  })
})

describe('OracleSwitch', () => {
  it('sets the price whatever the account holds, until it is cleared', async () => {
    const oracles = new OracleSwitch()
    const budget = { usdPerRequest: BUDGET_USD }
    const router = await createRouter({ models: MODELS, dimension: 3, kernel: 'js', budget })
    const price = () => router.route([0, 0, 1]).shadowPrice
    oracles.now = { price: 7 / BUDGET_USD }
    expect(price()).toBeCloseTo(7, 12)
    oracles.clear()
    expect(price()).toBeLessThan(1)
  })
})

describe('leastRegret', () => {
  it('is what outcomes seen one a row leave a bandit to miss', () => {
    const { weight, measured, first } = leastRegret(DATA, 50, 20)
    expect(weight).toBeGreaterThanOrEqual(0)
    expect(measured).toBeLessThanOrEqual(0)
    expect(first).toBeLessThan(measured)
    expect(first).toBeGreaterThan(-0.24)
  })

  it('is nothing with a single model', () => {
    const [models] = [DATA.models.slice(0, 1)]
    const rewards = Float64Array.from({ length: DATA.size }, (_, row) => DATA.rewards[row * MODELS.length])
    const found = leastRegret({ ...DATA, models, rewards }, 50, 2)
    expect([found.measured, found.first]).toEqual([0, 0])
  })
})

describe('causesText', () => {
  const start: StartCauses = {
    start: 'warm',
    names: ['as it is', 'knows more'],
    gaps: [
      [-0.02, -0.04],
      [-0.01, -0.01],
    ],
    priorsBound: [-0.01, 0],
  }

  it('tells the gap as it is, and of every other variant what it gains', () => {
    const bandit = { weight: 1, measured: -0.01, first: -0.04 }
    const text = causesText({ set: 'a set', budgetsUsd: [1e-4, 1e-3], starts: [start], bandit })
    expect(text).toContain('| gap of as it is | -.0300 | -.0200 | -.0400 |')
    expect(text).toContain('| knows more | +.0200 | +.0100 | +.0300 |')
    expect(text).toContain('| gap of a bound fitted on the rows of the priors alone | -.0050 | -.0100 | 0 |')
    expect(text).toContain('-.0400 on the first day')
  })
})
