import { describe, expect, it } from 'vitest'
import { createRouter, type RouterOptions } from '../../../src/index.js'
import type { Model } from '../../../src/models/registry.js'
import { SpendingLimits } from '../../../src/policy/dollar/accounts/spending-limits.js'
import { CandidateCosts } from '../../../src/policy/dollar/candidate-costs.js'
import { CostDoubts } from '../../../src/policy/dollar/exploration/cost-doubts.js'
import { CostRises } from '../../../src/policy/dollar/exploration/cost-rises.js'
import type { DollarState } from '../../../src/policy/dollar/state.js'
import type { Router } from '../../../src/router/router.js'
import type { StateView } from '../../../src/state/policy-state.js'
import { Random } from '../../support/random.js'
import { digest } from '../../support/router.js'

const D = 4
const MODELS = [
  { id: 'cheap', usdPerMTok: 0.25, reward: 0.6 },
  { id: 'middle', usdPerMTok: 1.3, reward: 0.8 },
  { id: 'dear', usdPerMTok: 9, reward: 0.9 },
]
const USUAL = { cheap: 1, middle: 1, dear: 1 }

/** Of mean 0 and variance 1, near enough: the sum of twelve. */
function normal(random: Random): number {
  let sum = -6
  for (let i = 0; i < 12; i++) sum += random.next()
  return sum
}

async function routerOf(
  seed: number,
  usdPerRequest: number,
  more: Partial<RouterOptions> = {},
): Promise<Router> {
  return await createRouter({
    models: MODELS.map(({ id, usdPerMTok }) => ({
      id,
      inputUsdPerMTok: usdPerMTok,
      outputUsdPerMTok: usdPerMTok,
    })),
    dimension: D,
    kernel: 'js',
    seed,
    name: 'r',
    clock: () => 1.8e12,
    budget: { usdPerRequest },
    ...more,
  })
}

/** Bills differ by a factor of about 1.7 from one request to the next. @param bills what they are, in parts of what is usual */
function play(router: Router, random: Random, requests: number, bills: Record<string, number>) {
  const models: string[] = []
  let spentUsd = 0
  let tries = 0
  for (let i = 0; i < requests; i++) {
    const decision = router.route(random.vector(D))
    const model = MODELS.find(({ id }) => id === decision.model) ?? MODELS[0]
    const costUsd =
      (600e-6 * model.usdPerMTok * bills[model.id] * Math.exp(0.5 * normal(random))) / Math.exp(0.125)
    router.settle(decision.id, { costUsd })
    router.reward(decision.id, Math.min(1, Math.max(0, model.reward + 0.15 * normal(random))))
    spentUsd += costUsd
    models.push(decision.model)
    if (decision.canary) tries++
  }
  const share = (id: string, from = 0): number =>
    models.slice(from).filter((model) => model === id).length / (requests - from)
  return { models, share, tries, spentUsd }
}

/** What the middle model costs, a little more, and so on: it, or the cheapest, gets most of the requests. */
const BUDGETS = { middle: 0.0009, cheap: 0.00025 }

describe('a model whose bills were too high for a while', () => {
  for (const [id, times, requests] of [
    ['middle', 3, 600],
    ['middle', 10, 600],
    ['cheap', 10, 600],
  ] as const)
    it(`has its requests again soon after ${id} cost ${times} times as much`, async () => {
      for (let seed = 0; seed < 6; seed++) {
        const router = await routerOf(seed, BUDGETS[id])
        const random = new Random(seed)
        play(router, random, 1500, USUAL)
        const before = play(router, random, 500, USUAL).share(id)
        play(router, random, requests, { ...USUAL, [id]: times })
        const after = play(router, random, 1000, USUAL)
        expect(before, `seed ${seed}`).toBeGreaterThan(0.5)
        expect(after.share(id, 400), `seed ${seed}`).toBeGreaterThan(0.8 * before)
        expect(after.spentUsd, `seed ${seed}`).toBeLessThan(1.1 * 1000 * BUDGETS[id])
      }
    })

  it('is tried seldom while it stays so dear, and the budget is held', async () => {
    for (const times of [3, 10, 30])
      for (let seed = 0; seed < 2; seed++) {
        const router = await routerOf(seed, BUDGETS.middle)
        const random = new Random(seed)
        play(router, random, 1500, USUAL)
        const dearer = play(router, random, 4000, { ...USUAL, middle: times })
        expect(dearer.tries, `x ${times}, seed ${seed}`).toBeLessThan(60)
        expect(dearer.spentUsd, `x ${times}, seed ${seed}`).toBeLessThan(1.03 * 4000 * BUDGETS.middle)
      }
  })

  for (const delay of [0, 12])
    it(`is expected to cost what it does once it is taken back, its bills ${delay} requests late`, async () => {
      let returned = 0
      for (const id of ['middle', 'cheap'] as const)
        for (let seed = 0; seed < 4; seed++) {
          const router = await routerOf(seed, BUDGETS[id])
          const random = new Random(seed)
          play(router, random, 2000, USUAL)
          play(router, random, 600, { ...USUAL, [id]: 10 })
          let left = -1
          router.on('drift', ({ model, signal, direction }) => {
            if (model === id && signal === 'cost' && direction === 'down' && left < 0) left = 20
          })
          const bills: (() => void)[] = []
          const ratios: number[] = []
          for (let i = 0; i < 1500 && left !== 0; i++) {
            const decision = router.route(random.vector(D), { explain: true })
            if (left > 0) {
              left--
              const { expectedCostUsd = 0 } =
                decision.explanation?.models.find(({ model }) => model === id) ?? {}
              ratios.push(expectedCostUsd / (600e-6 * (id === 'middle' ? 1.3 : 0.25)))
            }
            const model = MODELS.find((known) => known.id === decision.model) ?? MODELS[0]
            const costUsd = (600e-6 * model.usdPerMTok * Math.exp(0.5 * normal(random))) / Math.exp(0.125)
            bills.push(() => {
              router.settle(decision.id, { costUsd })
              router.reward(decision.id, Math.min(1, Math.max(0, model.reward + 0.15 * normal(random))))
            })
            if (i >= delay) bills.shift()?.()
          }
          // A router may also find its level again without an alarm.
          if (ratios.length === 0) continue
          returned++
          const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
          for (const [ratio, times] of [
            [mean, 1.5],
            [Math.min(...ratios), 2],
            [Math.max(...ratios), 2],
          ])
            expect(Math.abs(Math.log(ratio)), `${id}, seed ${seed}: ${ratio}`).toBeLessThan(Math.log(times))
        }
      expect(returned).toBeGreaterThan(5)
    })

  it('has scores that are worth something, whatever rewards are and however little the account holds', async () => {
    const scores: number[] = []
    let tries = 0
    for (let seed = 0; seed < 3; seed++) {
      const router = await routerOf(seed, BUDGETS.middle, { rewardRange: [-1000, 1000] })
      const random = new Random(seed)
      router.on('routed', ({ score }) => scores.push(score))
      for (const bills of [USUAL, { ...USUAL, middle: 10 }, { cheap: 10, middle: 10, dear: 10 }])
        tries += play(router, random, 1500, bills).tries
    }
    expect(tries).toBeGreaterThan(20)
    expect(Math.max(...scores.map(Math.abs))).toBeLessThan(1e5)
  })

  it('is remembered by a snapshot', async () => {
    const router = await routerOf(1, BUDGETS.middle)
    const random = new Random(1)
    play(router, random, 2000, USUAL)
    play(router, random, 600, { ...USUAL, middle: 10 })
    const other = await routerOf(1, BUDGETS.middle)
    other.restore(router.snapshot())
    expect(digest(other)).toBe(digest(router))
    const [one, two] = [new Random(9), new Random(9)]
    for (const bills of [{ ...USUAL, middle: 10 }, USUAL])
      expect(play(other, one, 400, bills).models).toEqual(play(router, two, 400, bills).models)
    expect(digest(other)).toBe(digest(router))
  })
})

describe('a try of a model that cost a tenth before', () => {
  /** Expected to cost $0.01 and due; the cheapest of the list costs $0.0005. */
  function due(change: (costs: CandidateCosts, limits: SpendingLimits) => void): boolean[] {
    const costs = new CandidateCosts()
    const limits = new SpendingLimits()
    costs.list.models.push(...[0, 1].map((slot) => ({ slot }) as unknown as Model))
    costs.list.count = 2
    costs.values.set([0.5, 0.9])
    for (const column of [costs.expectedUsd, costs.predictedUsd, costs.neededUsd]) column.set([0.0005, 0.01])
    Object.assign(limits, { price: 100, ceilingUsd: 0.002, limitUsd: 0.002, capUsd: 1 })
    change(costs, limits)
    const costRises = new CostRises()
    costRises.rose(1, -Math.log(10), 100)
    const state = {
      requests: 2000,
      arms: { level: () => 0, idleAge: () => 1000 },
      policy: { costLevels: { rises: costRises } },
    } as unknown as StateView<DollarState>
    const isTaken = new CostDoubts(costs, limits).takeReturn(1, 1000, state)
    // Where none is affordable, and the other is expected to cost twice what this one did.
    costs.expectedUsd.set([0.002, 0.01])
    return [isTaken, new CostDoubts(costs, limits).takeReturnLastResort(1, limits.capUsd, state)]
  }

  it('has to afford what it cost then', () => {
    expect(due(() => {})).toEqual([true, true])
    expect(due((_, limits) => Object.assign(limits, { limitUsd: 0.0009 }))).toEqual([false, true])
  })

  it('takes nothing that caps keep for the cheapest, and no more than a twentieth of what they leave', () => {
    expect(due(({ neededUsd }) => neededUsd.set([0.0005, Number.POSITIVE_INFINITY]))).toEqual([false, false])
    expect(due((_, limits) => Object.assign(limits, { capUsd: 0.19 }))).toEqual([false, false])
  })

  it('is held by caps to the most that it can cost, where that is set aside', () => {
    for (const [worstUsd, isTried] of [
      [0.0019, true],
      [0.06, false],
    ] as const)
      expect(
        due((costs, limits) => {
          costs.drawnUsd = Float64Array.of(0.0005, worstUsd)
          Object.assign(limits, { limitUsd: 0.1 })
        }),
      ).toEqual([isTried, isTried])
  })
})
