import { describe, expect, it } from 'vitest'
import {
  bestAffordable,
  firstDay,
  firstDayEnd,
  firstDayRequests,
  fromFirstRequest,
} from '../../src/replay/first-day.js'
import { newRunRecord } from '../../src/replay/play.js'
import type { OutcomeTable } from '../../src/replay/table.js'
import { MODELS } from './helpers.js'

/** Four rows: the cheap model costs 1 and is right on the first two, the dear one costs 3 and is always right. */
const TABLE: OutcomeTable = {
  models: [MODELS[0], MODELS[2]],
  size: 4,
  dimension: 1,
  contexts: [0, 1, 2, 3].map(() => Float64Array.of(1)),
  rewards: Float64Array.of(1, 1, 1, 1, 0, 1, 0, 1),
  costsUsd: Float64Array.of(1, 3, 1, 3, 1, 3, 1, 3),
}

describe('firstDay', () => {
  it('adds up from the first request on, beside what hindsight would have done on the same rows', () => {
    const plans = [
      { fit: [], burnIn: [0, 1, 2], phases: [[3]] },
      { fit: [], burnIn: [3, 2, 1], phases: [[0]] },
    ]
    // All dear with the first seed, all cheap with the second.
    const runs = [
      { rewards: Float64Array.of(1, 1, 1, 1), costsUsd: Float64Array.of(3, 3, 3, 3) },
      { rewards: Float64Array.of(0, 0, 1, 1), costsUsd: Float64Array.of(1, 1, 1, 1) },
    ]
    const looks = [2, 4]
    const { points, budgetUsdPerRequest } = firstDay({
      ...{ data: TABLE, plans, budgetUsd: 2, runs, looks },
      beside: { paper: [runs[1], runs[1]] },
    })
    expect(budgetUsdPerRequest).toBe(2)
    const [two, four] = points
    expect(two.requests).toBe(2)
    expect(two.policy).toEqual({ reward: 0.5, utilisation: 1, utilisationWorst: 1.5 })
    // Cheap is right on both of the first two rows with one seed, on none with the other.
    expect(two.fixed).toEqual({ model: 'cheap', reward: 0.5, utilisation: 0.5, utilisationWorst: 0.5 })
    // Half of the traffic each.
    expect(two.mix).toEqual({ reward: 0.75, utilisation: 1, utilisationWorst: 1 })
    expect(two.beside.paper).toEqual({ reward: 0, utilisation: 0.5, utilisationWorst: 0.5 })
    expect(four.policy.reward).toBe(0.75)
    expect(four.fixed.reward).toBe(0.5)
    expect(four.mix.reward).toBe(0.75)
  })

  it('compares with the cheapest model where none is within the budget, with the best where all are', () => {
    const points = [
      { reward: 0.5, costUsd: 1 },
      { reward: 0.9, costUsd: 3 },
      { reward: 0.7, costUsd: 2 },
    ]
    expect([0.5, 1, 2.5, 9].map((budgetUsd) => bestAffordable(points, budgetUsd))).toEqual([0, 0, 2, 1])
  })

  it('looks at what a set has room for', () => {
    expect(firstDayRequests(6000)).toEqual([100, 300, 1000, 3000])
    expect(firstDayRequests(1785)).toEqual([100, 300, 1000])
    expect(firstDayRequests(800)).toEqual([100, 300, 600])
    expect(firstDayRequests(120)).toEqual([100])
    expect(firstDayRequests(40)).toEqual([40])
    expect([6000, 1785, 800, 400, 40].map(firstDayEnd)).toEqual([1000, 1000, 600, 300, 40])
  })

  it('joins burn-in and evaluation', () => {
    const record = newRunRecord({ fit: [], burnIn: [0, 1], phases: [[2]] })
    record.burnInRewards.set([0.1, 0.2])
    record.burnInCostsUsd.set([1, 2])
    record.rewards[0] = 0.3
    record.costsUsd[0] = 3
    record.length = 1
    expect(fromFirstRequest(record)).toEqual({
      rewards: Float64Array.of(0.1, 0.2, 0.3),
      costsUsd: Float64Array.of(1, 2, 3),
    })
  })
})
