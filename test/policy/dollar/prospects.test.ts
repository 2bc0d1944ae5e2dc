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
  const costs = { expectedUsd, values, list: { count: 3 }, slots: [0, 1, 2], worth: () => 0 }
  const prospects = new Prospects(costs as never, { penaltyAt: () => 0 } as never)
  const state = { policy: { rewardEvidence: () => 100, rewardVariance: () => 0.1 }, arms: { lambda0: 1 } }
  prospects.read(state as never, Number.POSITIVE_INFINITY)
  expect(typeof prospects.mayWin(state as never, 0)).toBe('boolean')
})
