import { beforeAll, describe, expect, it } from 'vitest'
import { BEST, type EstimateGaps, estimateGaps } from '../../scripts/datasets/estimates.js'
import { estimatesText } from '../../scripts/datasets/estimates-text.js'
import { leastRegret } from '../../scripts/datasets/least-regret.js'
import { type Bench, setBench } from '../../src/replay/bench.js'
import { coursesOf } from '../../src/replay/scenarios.js'
import { trainedBaselines } from '../../src/replay/trained-baselines.js'
import { MODELS, makeTable } from '../replay/helpers.js'

const DATA = makeTable(150)
const BUDGETS_USD = [2e-3, 0.1]

function benchOf(): Bench {
  const courses = coursesOf('stationary', DATA.models)
  const settings = { scenario: 'stationary', courses, data: DATA, train: null, budgetsUsd: [] } as const
  return setBench(
    courses[0],
    { ...settings, policy: 'dollar', seeds: 2, cold: false, kernel: 'js' },
    new Map(),
  )
}

describe('estimateGaps', () => {
  let bench: Bench
  let found: EstimateGaps[]
  beforeAll(() => {
    bench = benchOf()
    found = estimateGaps(bench, BUDGETS_USD)
  })
  const gapsOf = (name: string) => found.find((each) => each.name === name)?.gaps ?? []

  it('has the mix and the linear policy of a replay, and their better one is the bound', () => {
    const rows = trainedBaselines(bench, BUDGETS_USD)
    const of = (name: string) => rows.filter(({ baseline }) => baseline === name).map(({ reward }) => reward)
    const bound = of('bound')
    BUDGETS_USD.forEach((_, b) => {
      expect(gapsOf('mix, 60 % of the rows')[b]).toBeCloseTo(of('trained-mix')[b] - bound[b], 12)
      expect(gapsOf('linear policy, 60 %')[b]).toBeCloseTo(of('linear')[b] - bound[b], 12)
    })
  })

  it('has a number for each estimate at each budget, and the best of those from the rows of the priors', () => {
    expect(found).toHaveLength(11)
    for (const { gaps } of found) for (const gap of gaps) expect(Math.abs(gap)).toBeLessThan(1)
    BUDGETS_USD.forEach((_, b) => {
      const ofPriors = found.slice(3, -1).map(({ gaps }) => gaps[b])
      expect(gapsOf(BEST)[b]).toBe(Math.max(...ofPriors))
    })
  })

  it('loses nothing where money is plenty and one model is the best for all prompts', () => {
    expect(gapsOf('mean rewards alone, these costs')[1]).toBeCloseTo(gapsOf('mix, 60 % of the rows')[1], 12)
  })
})

describe('leastRegret of a bandit that knows the line over costs', () => {
  it('misses less where dearer models are better', () => {
    const { first } = leastRegret(DATA, 50, 40)
    expect(leastRegret(DATA, 50, 40, 'line').first).toBeGreaterThan(first)
  })

  it('is that of one that knows how they are spread where all cost the same', () => {
    const costsUsd = new Float64Array(DATA.costsUsd.length).fill(1e-3)
    const alike = { ...DATA, costsUsd }
    expect(leastRegret(alike, 50, 10, 'line')).toEqual(leastRegret(alike, 50, 10))
    expect(MODELS.length).toBeGreaterThan(1)
  })
})

describe('estimatesText', () => {
  it('has the mean and each budget of every estimate, and a row for each bandit', () => {
    const spread = { weight: 1.5, measured: -0.01, first: -0.04 }
    const line = { weight: 1, measured: -0.009, first: -0.02 }
    const estimates = [{ name: 'a mix', gaps: [-0.01, -0.03] }]
    const text = estimatesText([{ set: 'a set', budgetsUsd: [1e-4, 1e-3], estimates, spread, line }])
    expect(text).toContain('| a mix | -.0200 | -.0100 | -.0300 |')
    expect(text).toContain('| a set | how they are spread | -.0100 | -.0400 | 1.5 |')
    expect(text).toContain('| a set | and how they rise with the cost | -.0090 | -.0200 | 1 |')
  })
})
