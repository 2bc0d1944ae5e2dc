import { describe, expect, it } from 'vitest'
import { targetsText } from '../../src/cli/view/targets.js'
import { CHECK_NAMES } from '../../src/replay/check.js'
import { CHECK_TEXTS, LIMITS } from '../../src/replay/check-limits.js'
import { type CheckInput, checksOf } from '../../src/replay/checks.js'
import type { BaselineRow, PolicyRow } from '../../src/replay/result.js'

const BUDGET = 1e-3
const cell = { phase: null, variant: null } as const

function row(more: Partial<PolicyRow> = {}): PolicyRow {
  return {
    budgetUsdPerRequest: BUDGET,
    ...cell,
    reward: 0.9,
    rewardCi95: [0.9, 0.9],
    utilisation: 0.99,
    utilisationCumulative: 0.99,
    utilisationWorst: 1.02,
    shares: {},
    lambdaMedian: 0,
    alarms: 0,
    ...more,
  }
}

function baseline(name: BaselineRow['baseline'], more: Partial<BaselineRow> = {}): BaselineRow {
  const budgetUsdPerRequest = name === 'fixed' ? null : BUDGET
  return {
    baseline: name,
    model: null,
    budgetUsdPerRequest,
    ...cell,
    reward: 0.9,
    rewardCi95: [0.9, 0.9],
    costUsdPerRequest: 1e-3,
    utilisation: 1,
    shares: {},
    ...more,
  }
}

const FIXED = [baseline('fixed', { costUsdPerRequest: 1e-5 }), baseline('fixed', { costUsdPerRequest: 1e-1 })]
const BASELINES = [...FIXED, baseline('mix'), baseline('paper')]

function failing(input: Partial<CheckInput>): string[] {
  const whole = {
    scenario: 'stationary' as const,
    cold: false,
    rows: [row()],
    baselines: BASELINES,
    learningCurve: [],
    firstDay: [],
  }
  return checksOf({ ...whole, ...input })
    .filter(({ ok }) => !ok)
    .map(({ name }) => name)
}

const names = (input: CheckInput) => checksOf(input).map(({ name }) => name)

describe('checksOf', () => {
  it('holds a warm stationary cell against five targets, and passes a good one', () => {
    const checks = checksOf({
      scenario: 'stationary',
      cold: false,
      rows: [row()],
      baselines: BASELINES,
      learningCurve: [],
      firstDay: [],
    })
    expect(checks.map(({ name, limit, bound, ok }) => [name, limit, bound, ok])).toEqual([
      ['reward-vs-mix', -0.0005, 'at-least', true],
      ['reward-vs-paper', 0, 'at-least', true],
      ['utilisation', 1, 'at-most', true],
      ['utilisation-worst', 1.03, 'at-most', true],
      ['budget-unspent', 0.95, 'at-least', true],
    ])
    expect(checks[0]).toMatchObject({ budgetUsdPerRequest: BUDGET, ...cell, measured: 0 })
  })

  it.each([
    ['reward-vs-mix', { reward: 0.8994 }, [...FIXED, baseline('mix')]],
    ['reward-vs-paper', { reward: 0.9 }, [...FIXED, baseline('paper', { reward: 0.9001 })]],
    ['utilisation', { utilisation: 1.001 }, BASELINES],
    ['utilisation-worst', { utilisationWorst: 1.031 }, BASELINES],
    ['budget-unspent', { utilisation: 0.94, reward: 0.8975 }, [...FIXED, baseline('mix')]],
  ] as const)('fails %s', (name, more, baselines) => {
    expect(failing({ rows: [row(more)], baselines })).toContain(name)
  })

  it('allows unspent budget that could have bought nothing', () => {
    expect(failing({ rows: [row({ utilisation: 0.5 })] })).toEqual([])
    const dearer = [...FIXED, baseline('mix', { reward: 0.9021 })]
    expect(failing({ rows: [row({ utilisation: 0.5 })], baselines: dearer, cold: true })).toEqual([
      'budget-unspent',
    ])
  })

  it('asks less of cold starts, and nothing of the mix', () => {
    const worse = row({ reward: 0.89, utilisationWorst: 1.049 })
    expect(failing({ rows: [worse], cold: true, baselines: [...FIXED, baseline('mix')] })).toEqual([])
    expect(failing({ rows: [row({ utilisationWorst: 1.051 })], cold: true })).toEqual(['utilisation-worst'])
  })

  it('holds phases against cumulative and phase spend, and a laxer comparison with paper', () => {
    const phased = (more: Partial<PolicyRow>) => ({
      scenario: 'price-drop' as const,
      rows: [row({ phase: 2, ...more })],
      baselines: BASELINES.map((each) => ({ ...each, phase: 2 as const })),
    })
    expect(failing(phased({ reward: 0.8971, utilisation: 1.06, utilisationWorst: 2 }))).toEqual([])
    expect(failing(phased({ reward: 0.8969 }))).toEqual(['reward-vs-paper'])
    expect(failing(phased({ utilisation: 1.061, utilisationCumulative: 1.011 }))).toEqual([
      'utilisation-cumulative',
      'utilisation-phase',
    ])
  })

  it('asks nothing of spend where the cheapest model takes the budget, and skips what was not played', () => {
    const tight = [baseline('fixed', { costUsdPerRequest: 0.96e-3 }), baseline('mix')]
    const input = {
      scenario: 'stationary',
      cold: false,
      rows: [row()],
      learningCurve: [],
      firstDay: [],
    } as const
    expect(names({ ...input, baselines: tight })).toEqual(['reward-vs-mix'])
    expect(names({ ...input, baselines: [] })).toEqual([])
  })

  it('compares cold and warm over requests 300 to 600', () => {
    const blocks = (ahead: number, count: number) =>
      Array.from({ length: count }, (_, b) => {
        const inside = b >= 3 && b < 6
        const use = { coldUtilisation: 1, warmUtilisation: 1 }
        return { from: 100 * b, to: 100 * (b + 1), cold: 0.9 + (inside ? ahead : -0.5), warm: 0.9, ...use }
      })
    const curve = (ahead: number, count = 7, budgetUsdPerRequest = BUDGET) => ({
      cold: true,
      learningCurve: [{ budgetUsdPerRequest, blocks: blocks(ahead, count) }],
    })
    expect(failing(curve(-0.0099))).toEqual([])
    expect(failing(curve(-0.0101))).toEqual(['cold-vs-warm'])
    // Too short a burn-in, and budgets that leave no choice.
    expect(failing(curve(-0.2, 5))).toEqual([])
    expect(failing(curve(-0.2, 7, 1e-5))).toEqual([])
    expect(failing(curve(-0.2, 7, 1e-1))).toEqual([])
  })

  it('compares the first thousand requests from nothing with the best model within the budget', () => {
    const so = { reward: 0.9, utilisation: 1, utilisationWorst: 1 }
    const day = (rewards: readonly number[], budgetUsdPerRequest = BUDGET) => ({
      cold: true,
      firstDay: [
        {
          budgetUsdPerRequest,
          points: [600, 1000, 3000].map((requests, i) => ({
            ...{ requests, policy: { ...so, reward: rewards[i] }, fixed: { ...so, model: 'cheap' }, mix: so },
            beside: {},
          })),
        },
      ],
    })
    expect(failing(day([0.1, 0.881, 0.1]))).toEqual([])
    expect(failing(day([0.9, 0.879, 0.9]))).toEqual(['first-requests'])
    // Budgets that leave no choice.
    expect(failing(day([0, 0, 0], 1e-5))).toEqual([])
    expect(failing(day([0, 0, 0], 1e-1))).toEqual([])
  })

  it('has a sentence for every check', () => {
    expect(Object.keys(CHECK_TEXTS)).toEqual([...CHECK_NAMES])
    expect(LIMITS.learningTo % 100).toBe(0)
  })
})

describe('targetsText', () => {
  it('counts, and names what was missed', () => {
    const input = { scenario: 'stationary', cold: false, learningCurve: [], firstDay: [] } as const
    const rows = [row(), row({ utilisation: 1.02, utilisationWorst: 1.2 })]
    const text = targetsText({ checks: checksOf({ ...input, rows, baselines: BASELINES }) })
    expect(text).toBe(
      'targets: passed 8 of 10\n  utilisation: 1 of 2; missed $1.00 (1.020)\n' +
        '  utilisation-worst: 1 of 2; missed $1.00 (1.200)\n',
    )
    const many = checksOf({ ...input, rows: Array(7).fill(rows[1]), baselines: BASELINES })
    expect(targetsText({ checks: many })).toContain('and 2 more')
  })
})
