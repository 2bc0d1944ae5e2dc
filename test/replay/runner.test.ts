import { describe, expect, it } from 'vitest'
import { confidence95, median, tQuantile975 } from '../../src/base/statistics.js'
import { policiesBeside } from '../../src/replay/beside.js'
import { bestMix } from '../../src/replay/hindsight.js'
import type { BaselineRow, PolicyRow, ReplayResult } from '../../src/replay/result.js'
import { runReplay } from '../../src/replay/runner.js'
import { coursesOf, type ScenarioName } from '../../src/replay/scenarios.js'
import { startsBeside } from '../../src/replay/starts.js'
import type { OutcomeTable } from '../../src/replay/table.js'
import { MODELS, makeTable } from './helpers.js'

const BUDGETS = [1e-4, 1e-3]

function replay(scenario: ScenarioName, data: OutcomeTable, more = {}): Promise<ReplayResult> {
  return runReplay({
    scenario,
    courses: coursesOf(scenario, MODELS),
    data,
    train: null,
    budgetsUsd: BUDGETS,
    policy: 'paper',
    seeds: 3,
    cold: false,
    kernel: 'js',
    ...more,
  })
}

const withoutSpeed = ({ report }: ReplayResult) => JSON.stringify({ ...report, requestsPerSecond: 0 })

describe('runReplay', () => {
  const data = makeTable(250)

  it('gives the same report for the same seeds', async () => {
    for (const scenario of ['stationary', 'onboarding'] as const) {
      expect(withoutSpeed(await replay(scenario, data))).toBe(withoutSpeed(await replay(scenario, data)))
    }
  })

  it('gives rows in the documented shape', async () => {
    const { report } = await replay('price-drop', data)
    expect(Object.keys(report)).toEqual([
      'scenario',
      'policy',
      'seeds',
      'cold',
      'feedback',
      'rows',
      'baselines',
      'checks',
      'calibration',
      'learningCurve',
      'fromStart',
      'firstDay',
      'requestsPerSecond',
    ])
    expect(Object.keys(report.checks[0])).toEqual([
      ...['name', 'budgetUsdPerRequest', 'phase', 'variant', 'measured', 'limit', 'bound', 'ok'],
    ])
    expect(report.learningCurve).toEqual([])
    expect(report.rows.map((row) => [row.budgetUsdPerRequest, row.phase])).toEqual(
      BUDGETS.flatMap((budget) => [1, 2, 3].map((phase) => [budget, phase])),
    )
    for (const row of report.rows) {
      expect(Object.keys(row)).toEqual([
        ...['budgetUsdPerRequest', 'phase', 'variant', 'reward', 'rewardCi95', 'utilisation'],
        ...['utilisationCumulative', 'utilisationWorst', 'shares', 'lambdaMedian', 'alarms'],
      ])
      expect(row.variant).toBeNull()
      expect(Object.keys(row.shares)).toEqual(['cheap', 'middle', 'dear'])
      expect(Object.values(row.shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
      expect(row.rewardCi95[0]).toBeLessThanOrEqual(row.reward)
      expect(row.utilisationWorst).toBeGreaterThanOrEqual(row.utilisation)
    }
    expect(report.requestsPerSecond).toBeGreaterThan(0)
  })

  it('adds phases up to the cumulative utilisation', async () => {
    const { report } = await replay('quality-regression', data)
    const [first, second, third] = report.rows.filter((row) => row.budgetUsdPerRequest === BUDGETS[0])
    expect(first.utilisationCumulative).toBeCloseTo(first.utilisation, 12)
    expect(second.utilisationCumulative).toBeCloseTo((first.utilisation + second.utilisation) / 2, 12)
    const total = first.utilisation + second.utilisation + third.utilisation
    expect(third.utilisationCumulative).toBeCloseTo(total / 3, 12)
  })

  it('keeps the newcomer out until it joins, then forces 20 requests on it', async () => {
    const { traces, report } = await replay('onboarding', data)
    expect(report.rows.map((row) => row.variant)).toEqual(
      ['good-cheap', 'good-expensive', 'bad-cheap'].flatMap((variant) => [variant, variant]),
    )
    for (const { trace } of traces) {
      expect([...trace.shares[2].subarray(0, 20)].every((share) => Math.abs(share - 1) < 1e-9)).toBe(true)
    }
  })

  it('takes priors from a training table and evaluates all of the data', async () => {
    const result = await replay('stationary', makeTable(60, 3), { train: data })
    expect(result.rowCounts).toEqual({ fit: 125, burnIn: 125, evaluation: 60 })
    const cold = await replay('stationary', data, { cold: true })
    expect(cold.rowCounts).toEqual({ fit: 0, burnIn: 150, evaluation: 100 })
  })

  it('plays js and wasm to the same rows', async () => {
    const js = await replay('stationary', data)
    const wasm = await replay('stationary', data, { kernel: 'wasm' })
    expect(withoutSpeed(wasm)).toBe(withoutSpeed(js))
  })

  it('plays prompt, complete and exact feedback as no timing at all, bit for bit', async () => {
    for (const scenario of ['stationary', 'price-drop'] as const) {
      const timing = { rewardRate: 1, delay: 0, settleDelay: 0, noise: 0 }
      expect(withoutSpeed(await replay(scenario, data, { timing }))).toBe(
        withoutSpeed(await replay(scenario, data)),
      )
    }
  })

  it('takes feedback that comes late, noisy, seldom, and after phases and the run have ended', async () => {
    const timing = { rewardRate: 0.3, delay: 60, settleDelay: 70, noise: 0.2 }
    const late = await replay('price-drop', data, { timing })
    expect(withoutSpeed(await replay('price-drop', data, { timing }))).toBe(withoutSpeed(late))
    expect(withoutSpeed(late)).not.toBe(withoutSpeed(await replay('price-drop', data)))
    const never = { ...timing, delay: 1_000_000, settleDelay: 1_000_000 }
    expect((await replay('onboarding', data, { timing: never })).report.rows).toHaveLength(6)
  })

  it('measures baselines that do not learn alike under any timing', async () => {
    const timing = { rewardRate: 0.3, delay: 60, settleDelay: 70, noise: 0.2 }
    const [late, prompt] = [
      await replay('stationary', data, { timing, beside: [] }),
      await replay('stationary', data, { beside: [] }),
    ]
    const steady = (result: ReplayResult) =>
      result.report.baselines.filter(({ baseline }) => !['linucb', 'forgetting'].includes(baseline))
    expect(steady(late)).toEqual(steady(prompt))
  })

  it('plays policy paper beside another one, on the same shuffles, and compares', async () => {
    // The same policy under other knobs stands for another policy.
    const alone = await replay('price-drop', data)
    expect(alone.paperTraces).toEqual([])
    const { report, ...rest } = await replay('price-drop', data, {
      knobs: { nEffective: 1, alpha: 5 },
      beside: ['paper'],
    })
    const paper = report.baselines.filter(({ baseline }) => baseline === 'paper')
    expect(
      paper.map(({ budgetUsdPerRequest, phase, reward, utilisation, shares }) => [
        ...[budgetUsdPerRequest, phase, reward, utilisation, shares],
      ]),
    ).toEqual(
      alone.report.rows.map(({ budgetUsdPerRequest, phase, reward, utilisation, shares }) => [
        ...[budgetUsdPerRequest, phase, reward, utilisation, shares],
      ]),
    )
    expect(rest.paperTraces).toEqual(alone.traces)
    expect(rest.traces).not.toEqual(alone.traces)
    const compared = report.checks.filter(({ name }) => name === 'reward-vs-paper')
    expect(compared).toHaveLength(6)
    for (const [i, check] of compared.entries()) {
      expect(check.measured).toBeCloseTo(report.rows[i].reward - paper[i].reward, 12)
    }
  })

  it('plays a policy beside itself to no difference', async () => {
    const { report } = await replay('stationary', data, { beside: ['paper'] })
    const compared = report.checks.filter(({ name }) => name === 'reward-vs-paper')
    expect(compared.map(({ measured, ok }) => [measured, ok])).toEqual([
      [0, true],
      [0, true],
    ])
  })

  it('plays policies paper and thompson beside another one, each as it plays alone', async () => {
    const rowsOf = ({ report }: ReplayResult, name: string) =>
      report.baselines.filter(({ baseline }) => baseline === name)
    const measured = (rows: readonly (PolicyRow | BaselineRow)[]) =>
      rows.map(({ budgetUsdPerRequest, phase, variant, reward, utilisation, shares }) => ({
        ...{ budgetUsdPerRequest, phase, variant, reward, utilisation, shares },
      }))
    const [dollar, paper, thompson] = [
      await replay('onboarding', data, { policy: 'dollar' }),
      await replay('onboarding', data),
      await replay('onboarding', data, { policy: 'thompson' }),
    ]
    const perCourse = (result: ReplayResult, name: string) =>
      ['good-cheap', 'good-expensive', 'bad-cheap'].flatMap((variant) =>
        rowsOf(result, name).filter((row) => row.variant === variant),
      )
    for (const [name, alone] of [
      ['paper', paper],
      ['thompson', thompson],
    ] as const) {
      expect(measured(perCourse(dollar, name))).toEqual(measured(alone.report.rows))
      expect(rowsOf(alone, name)).toEqual([])
    }
    expect(rowsOf(paper, 'thompson')).toEqual(rowsOf(dollar, 'thompson'))
    expect(rowsOf(thompson, 'paper')).toEqual(rowsOf(dollar, 'paper'))
    expect([dollar, paper, thompson].map(({ paperTraces }) => paperTraces.length)).toEqual([6, 0, 6])
    expect(policiesBeside(dollar.report.baselines)).toEqual(['paper', 'thompson'])
  })

  it('plays nobody beside where none is asked for', async () => {
    const { report } = await replay('stationary', data, { beside: [] })
    expect(policiesBeside(report.baselines)).toEqual([])
    expect(report.checks.some(({ name }) => name === 'reward-vs-paper')).toBe(false)
  })

  it('draws the learning curve of a cold start beside a warm router', async () => {
    const big = makeTable(1100)
    const { report } = await replay('stationary', big, { cold: true })
    expect(report.learningCurve.map(({ budgetUsdPerRequest }) => budgetUsdPerRequest)).toEqual(BUDGETS)
    for (const { blocks } of report.learningCurve) {
      expect(blocks.map(({ from, to }) => [from, to])).toEqual(
        [0, 1, 2, 3, 4, 5].map((b) => [100 * b, 100 * b + 100]),
      )
    }
    // At the start the warm router knows what the cold one has yet to learn.
    const { blocks } = report.learningCurve[1]
    expect(blocks[0].warm).toBeGreaterThan(blocks[0].cold + 0.01)
    expect(report.checks.filter(({ name }) => name === 'cold-vs-warm')).toHaveLength(2)
    expect((await replay('onboarding', data, { cold: true })).report.learningCurve).toHaveLength(2)
  })

  it('measures a cold start from its first request on: the same run, nothing burnt in', async () => {
    const cold = await replay('stationary', data, { cold: true, beside: ['thompson'] })
    const whole = await replay('stationary', data, { cold: true, fromStart: true, beside: ['thompson'] })
    expect(whole.rowCounts).toEqual({ fit: 0, burnIn: 0, evaluation: 250 })
    expect(whole.report).toMatchObject({ fromStart: true, learningCurve: [] })
    expect(whole.report.firstDay).toEqual(cold.report.firstDay)
    expect(whole.firstDayCurves).toEqual(cold.firstDayCurves)
    for (const [b, { points }] of whole.report.firstDay.entries()) {
      expect(points.map(({ requests }) => requests)).toEqual([100])
      const { trace } = whole.traces[b]
      const sum = (values: Float64Array) => values.subarray(0, 100).reduce((total, each) => total + each, 0)
      expect(points[0].policy.reward).toBeCloseTo(sum(trace.rewards) / 100, 12)
      expect(points[0].policy.utilisation).toBeCloseTo(sum(trace.costsUsd) / 100 / BUDGETS[b], 9)
      expect(Object.keys(points[0].beside)).toEqual(['thompson'])
    }
    // What the last of the rows were worth is the same, since they were routed the same.
    const end = ({ traces: [{ trace }] }: ReplayResult) => [...trace.rewards.subarray(-100)]
    expect(end(whole)).toEqual(end(cold))
    // Nothing was learned before, so nothing can be fitted to it.
    expect(whole.report.baselines.some(({ baseline }) => baseline === 'bound')).toBe(false)
    expect(whole.report.checks.some(({ name }) => name === 'first-requests')).toBe(true)
  })

  it('knows no first day of a warm start, a scenario, or rows that are routed after others', async () => {
    expect((await replay('stationary', data)).report.firstDay).toEqual([])
    expect((await replay('price-drop', data, { cold: true })).report.firstDay).toEqual([])
    const trained = await replay('stationary', data, { cold: true, train: makeTable(50) })
    expect(trained.report.firstDay).toEqual([])
  })

  it.each([
    ['stationary', {}, 'expected a cold replay'],
    ['price-drop', { cold: true }, "expected scenario stationary, got 'price-drop'"],
    ['stationary', { cold: true, train: makeTable(50) }, 'expected no training table'],
  ] as const)('refuses to measure %s from the start where %j', async (scenario, more, message) => {
    const refused = replay(scenario, data, { ...more, fromStart: true })
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', field: 'fromStart' })
    await expect(refused).rejects.toThrow(message)
  })

  it('pairs a warm and a cold start, budget by budget', async () => {
    const [warm, cold] = [await replay('stationary', data), await replay('stationary', data, { cold: true })]
    const rows = startsBeside([warm.report, cold.report])
    expect(rows.map(({ budgetUsdPerRequest }) => budgetUsdPerRequest)).toEqual(BUDGETS)
    const [{ points }] = cold.report.firstDay
    expect(rows[0]).toEqual({
      budgetUsdPerRequest: BUDGETS[0],
      warm: warm.report.rows[0].reward,
      cold: cold.report.rows[0].reward,
      warmUtilisation: warm.report.rows[0].utilisation,
      coldUtilisation: cold.report.rows[0].utilisation,
      first: { requests: 100, reward: points[0].policy.reward, fixed: points[0].fixed.reward },
    })
    expect(startsBeside([warm.report])).toEqual([])
    const fromStart = await replay('stationary', data, { cold: true, fromStart: true })
    // Other rows are measured.
    expect(startsBeside([warm.report, fromStart.report])).toEqual([])
  })

  it('records the predicted dollars of every request', async () => {
    const { report } = await replay('stationary', data)
    const [all, ...models] = report.calibration
    expect(all.requests).toBe(2 * 3 * 100)
    expect(models.every(({ ratio }) => ratio !== null && ratio > 0.5 && ratio < 2)).toBe(true)
  })

  it('refuses a timing out of range', async () => {
    const timing = { rewardRate: 0, delay: 0, settleDelay: 0, noise: 0 }
    await expect(replay('stationary', data, { timing })).rejects.toThrow('rewardRate')
  })

  it('refuses too few rows to split', async () => {
    await expect(replay('price-drop', makeTable(2))).rejects.toThrow('too few rows to split')
  })

  it('reports progress up to the end', async () => {
    const fractions: number[] = []
    await runReplay(
      {
        scenario: 'stationary',
        courses: coursesOf('stationary', MODELS),
        data,
        train: null,
        budgetsUsd: BUDGETS,
        policy: 'paper',
        seeds: 2,
        cold: false,
        kernel: 'js',
      },
      { turnMs: () => 0, onProgress: ({ fraction }) => void fractions.push(fraction) },
    )
    expect(fractions.length).toBeGreaterThan(5)
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions)
    expect(fractions[fractions.length - 1]).toBeLessThanOrEqual(1)
  })
})

describe('baselines', () => {
  it('bounds everything by the oracle, and affordable fixed models by the mix', async () => {
    const data = makeTable(250)
    for (const scenario of ['stationary', 'price-drop', 'onboarding'] as const) {
      const { report } = await replay(scenario, data)
      const alike = (a: { phase: unknown; variant: unknown }) => (b: { phase: unknown; variant: unknown }) =>
        a.phase === b.phase && a.variant === b.variant
      for (const oracle of report.baselines.filter((row) => row.baseline === 'oracle')) {
        for (const row of [...report.rows, ...report.baselines].filter(alike(oracle))) {
          expect(row.reward).toBeLessThanOrEqual(oracle.reward + 1e-12)
        }
      }
      for (const mix of report.baselines.filter((row) => row.baseline === 'mix')) {
        const fixed = report.baselines.filter(alike(mix)).filter((row) => row.baseline === 'fixed')
        const budget = mix.budgetUsdPerRequest ?? 0
        for (const row of fixed.filter((candidate) => candidate.costUsdPerRequest <= 0.9 * budget)) {
          expect(mix.reward).toBeGreaterThanOrEqual(row.reward - 1e-12)
        }
        expect(mix.costUsdPerRequest).toBeLessThanOrEqual(budget + 1e-12)
      }
    }
  })

  it('mixes two models to spend exactly the budget', () => {
    const points = [
      { costUsd: 1, reward: 0.5 },
      { costUsd: 3, reward: 0.9 },
      { costUsd: 9, reward: 0.6 },
    ]
    expect(bestMix(points, 2)).toEqual({ reward: 0.7, costUsd: 2, first: 0, second: 1, share: 0.5 })
    expect(bestMix(points, 5)).toMatchObject({ reward: 0.9, costUsd: 3, first: 1, second: 1 })
    expect(bestMix(points, 0.5)).toMatchObject({ reward: 0.5, costUsd: 1 })
  })
})

describe('statistics', () => {
  it('gives t intervals', () => {
    expect(confidence95([0.4])).toEqual([0.4, 0.4])
    const [low, high] = confidence95([1, 2, 3, 4])
    // s = 1.29099, t(0.975, 3) = 3.1824: half a width of 2.0543.
    expect(low).toBeCloseTo(2.5 - 2.0543, 3)
    expect(high).toBeCloseTo(2.5 + 2.0543, 3)
    expect(tQuantile975(19)).toBe(2.093)
    expect(tQuantile975(60)).toBeCloseTo(2.0003, 2)
    expect(median(Float64Array.of(3, 1, 2))).toBe(2)
    expect(median(Float64Array.of(4, 1, 2, 3))).toBe(2.5)
  })
})
