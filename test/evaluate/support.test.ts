import { describe, expect, test } from 'vitest'
import { evaluatePolicies, parseDecisionLog } from '../../src/evaluate/index.js'
import { expectCode } from '../support/errors.js'
import { drawRows, type FlatRow, type LogSettings, toLog } from './world.js'

const SETTINGS = { requests: 1000, epsilon: 0.4, seed: 11 }

function evaluate(rows: readonly object[], ...policies: readonly string[]) {
  return evaluatePolicies(parseDecisionLog(toLog(rows), 'log'), policies)
}

function refusal(rows: readonly object[], policy: string): string {
  return expectCode(() => evaluate(rows, policy), 'LOG_UNSUPPORTED').message
}

function draw(settings: Partial<LogSettings> = {}): FlatRow[] {
  return drawRows({ ...SETTINGS, ...settings })
}

describe('a log is refused', () => {
  test('when nothing was left to chance', () => {
    const certain = draw().map((row) => ({ ...row, propensity: 1 }))
    expect(refusal(certain, 'uniform')).toMatch(/every decision was certain.*epsilon: 0\.02/)
    const silent = draw().map((row) => ({ ...row, propensity: null }))
    expect(refusal(silent, 'model:large')).toMatch(
      /no decision has a propensity.*epsilon: 0\.02.*--assume-random/,
    )
  })

  test('when too few requests are rewarded', () => {
    expect(refusal(draw({ requests: 90 }), 'uniform')).toMatch(
      /expected at least 100 rewarded requests, got 90.*log the events of more/,
    )
    const seldom = draw().map((row, i) => (i < 950 ? { ...row, reward: null } : row))
    expect(refusal(seldom, 'uniform')).toMatch(/got 50/)
  })

  test('when the policy would do what could not be done', () => {
    // 'large', the last, is not eligible for one request in a hundred.
    const rows = draw({ eligibleOf: (i) => (i % 100 === 7 ? [0, 1] : [0, 1, 2]) })
    expect(refusal(rows, 'model:large')).toMatch(/says nothing of 1\.0 % of.*not eligible.*at most 0\.5 %/)
    expect(evaluate(rows, 'model:small', 'uniform').policies).toHaveLength(3)
    const rare = draw({ eligibleOf: (i) => (i % 500 === 7 ? [0, 1] : [0, 1, 2]) })
    expect(evaluate(rare, 'model:large').policies[1]).toMatchObject({ unsupportedShare: 0.002 })
  })

  test('when a model is never rewarded', () => {
    const rows = draw().map((row) => (row.model === 'large' ? { ...row, reward: null } : row))
    expect(refusal(rows, 'model:large')).toMatch(/never rewarded/)
    const { policies } = evaluate(rows, 'model:small')
    // What the logged policy earned cannot be known either, which does not stand in the way of others.
    expect(policies[0]).toMatchObject({ policy: 'logged', reward: null })
    expect(policies[0].rewardLack).toMatch(/never rewarded/)
    expect(policies[1].rewardOverLogged).toBeNull()
    expectCode(() => evaluate(rows), 'LOG_UNSUPPORTED', 'logged')
  })

  test('when a few heavy rows decide, with the number of requests that would do', () => {
    const message = refusal(draw({ requests: 600, epsilon: 0.05 }), 'model:small')
    const [, size, more] = message.match(/at least 50, got ([\d.]+) of 600.*about ([\d,]+) requests/) ?? []
    expect(Number(size)).toBeLessThan(50)
    const enough = draw({ requests: Number(more.replace(',', '')), epsilon: 0.05, seed: 12 })
    expect(evaluate(enough, 'model:small').policies[1].effectiveSampleSize).toBeGreaterThan(50)
  })

  test.each([1e-100, 1e-160, 1e-300, 5e-324])('when propensities are as small as %d', (propensity) => {
    const one = draw().map((row, i) => (i === 0 ? { ...row, propensity } : row))
    expect(refusal(one, 'uniform')).toMatch(/effective sample size of at least 50, got 1\.0 of 1000/)
    const few = draw().map((row, i) => (i < 7 ? { ...row, propensity } : row))
    expect(refusal(few, 'uniform')).toMatch(/effective sample size of at least 50, got 7\.0 of 1000/)
    const all = draw().map((row) => ({ ...row, propensity }))
    expect(refusal(all, 'uniform')).toMatch(/weights average (\d\S+|Infinity) where 1 is expected/)
    expect(refusal(all, 'ridge@1')).toMatch(/where 1 is expected/)
  })

  test('when the propensities are not true', () => {
    const halved = draw().map((row) => ({ ...row, propensity: (row.propensity ?? 0) / 2 }))
    expect(refusal(halved, 'uniform')).toMatch(/weights average (1\.9|2\.0)\d+ where 1 is expected/)
    // Where a log does not say that a model was not eligible, the weights do.
    const two = draw({ eligibleOf: (i) => (i % 2 === 0 ? [0, 1] : [0, 1, 2]) })
    const silent = two.map((row) => ({ ...row, eligible: null }))
    expect(refusal(silent, 'model:large')).toMatch(/weights average 0\.\d+ where 1/)
  })

  test('when it holds no costs to fit a policy on, or the price is too low', () => {
    const free = draw().map((row) => ({ ...row, costUsd: null }))
    expect(refusal(free, 'ridge@0.001')).toMatch(/expected costs/)
    expect(refusal(draw(), 'ridge@0.00001')).toMatch(/at least 0\.000\d+, got 0\.00001/)
    // Rewards need no costs.
    expect(evaluate(free, 'uniform').policies[1]).toMatchObject({ costUsd: null })
  })
})

describe('a policy', () => {
  test.each(['', 'best', 'ridge@', 'ridge@0', 'ridge@-1', 'ridge@x', 'Uniform'])('%j is refused', (name) => {
    expectCode(() => evaluate(draw(), name), 'INVALID_ARGUMENT', 'policy')
  })

  test('that names no model of the log is refused with the nearest', () => {
    const { message } = expectCode(() => evaluate(draw(), 'model:larg'), 'UNKNOWN_MODEL', 'policy')
    expect(message).toContain("did you mean 'large'?")
  })

  test('named twice counts once, and the logged one comes first', () => {
    const { policies } = evaluate(draw(), 'uniform', 'logged', 'uniform')
    expect(policies.map(({ policy }) => policy)).toEqual(['logged', 'uniform'])
  })
})

test('decisions that were certain are left out for every policy, and counted', () => {
  const rows = draw()
  const forced = draw({ requests: 40, seed: 5 }).map((row, i) => ({
    ...row,
    id: `f.${i}`,
    propensity: 1,
    reward: 99,
    forced: i < 30,
  }))
  const clean = evaluate(rows, 'uniform')
  const mixed = evaluate([...rows, ...forced], 'uniform')
  expect(mixed).toMatchObject({
    requests: 1040,
    evaluated: 1000,
    leftOut: { forced: 30, certain: 10, unknown: 0 },
  })
  for (const i of [0, 1]) {
    // The regressions see all rows; IPS does not.
    expect(mixed.policies[i].reward?.ips).toEqual(clean.policies[i].reward?.ips)
  }
})
