import { expect, it } from 'vitest'
import { Prospects } from '../../../src/policy/dollar/exploration/prospects.js'

it.each([
  [
    [Number.NaN, 1, 2],
    [0.5, 0.6, 0.7],
  ],
  [
    [1, Number.NaN, 2],
    [0.5, 0.6, 0.7],
  ],
  [
    [1, 2, 3],
    [0.5, Number.NaN, 0.7],
  ],
  [
    [Number.NaN, Number.NaN, Number.NaN],
    [Number.NaN, 0.1, 0.2],
  ],
])('finds an end of the ladder whatever is no number: costs %j, values %j', (expectedUsd, values) => {
  const costs = { expectedUsd, values, list: { count: 3 }, slots: [0, 1, 2] }
  const levels = {
    expected: Float64Array.from(values),
    errors: new Float64Array(3).fill(0.03),
    read: () => undefined,
  }
  const uses = { penaltyAt: () => 0, price: 0 }
  const prospects = new Prospects(costs as never, uses as never, levels)
  const policy = {
    rewardEvidence: () => 100,
    rewardVariance: () => 0.1,
    objectives: { quality: { meanReward: null } },
  }
  const state = { policy, arms: { lambda0: 1 } }
  const unlimited = { ceilingUsd: 1.5, paceUsd: 1.5, capUsd: Number.POSITIVE_INFINITY }
  // A cap alone: what is predicted for the prompt judges.
  for (const limits of [unlimited, { ...unlimited, ceilingUsd: Number.POSITIVE_INFINITY, capUsd: 10 }]) {
    prospects.readNewcomers(state as never, limits as never, 1.5)
    expect(prospects.byLevels).toBe(limits === unlimited)
    expect(typeof prospects.isInMix(0)).toBe('boolean')
    prospects.readTried(state as never, limits as never)
    expect(typeof prospects.mayWin(0)).toBe('boolean')
  }
})

it('forgets what the best one costs where the next request may go to no model that is known', () => {
  const costs = { expectedUsd: [2, 1], values: [0.9, 0.5], list: { count: 2 }, slots: [0, 1] }
  let evidence = 100
  const policy = {
    rewardEvidence: () => evidence,
    rewardVariance: () => 0.1,
    objectives: { quality: { meanReward: 0.5 } },
  }
  const state = { policy, arms: { lambda0: 1 } } as never
  const limits = { ceilingUsd: 3, paceUsd: 3, capUsd: Number.POSITIVE_INFINITY } as never
  const prospects = new Prospects(costs as never, { penaltyAt: () => 0, price: 0 } as never)
  prospects.readTried(state, limits)
  expect(prospects.isCheaper(1)).toBe(true)
  evidence = 0
  prospects.readTried(state, limits)
  expect(prospects.isCheaper(1)).toBe(false)
})
