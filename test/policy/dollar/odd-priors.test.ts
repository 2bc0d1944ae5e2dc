import { describe, expect, it } from 'vitest'
import { checkPriors } from '../../../src/bandit/check-priors.js'
import { isRecord } from '../../../src/base/check.js'
import { mulberry32 } from '../../../src/base/random.js'
import { createRouter, fitPriors, ParetoBanditError, type Priors } from '../../../src/index.js'
import {
  fitPriorCostShrinkage,
  fitPriorShrinkage,
} from '../../../src/policy/dollar/estimate/prior-shrinkage.js'
import { digest } from '../../support/router.js'

const D = 3
const IDS = ['small', 'middle', 'large']

/** What a prompt may cost on a model, USD: what is usual, nothing, always the same, or as much and as little as there is. */
const COSTS: readonly ((random: () => number) => number | undefined)[] = [
  (random) => 1e-4 * Math.exp(random()),
  () => 0,
  () => undefined,
  () => 3e-5,
  () => 1e12,
  () => 5e-324,
  (random) => (random() < 0.5 ? 1e-300 : 1e12),
]

/** @param span of the rewards */
function oddPriors(seed: number, span = 1): Priors {
  const random = mulberry32(seed)
  const of = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]
  const count = of([1, 1, 2, 3, 60])
  const ids = IDS.slice(0, of([1, 2, 3]))
  const scale = of([1, 1, 0, 1e-8, 1e3])
  const reward = of([() => 1, () => 0, () => random(), () => 1e5 * (random() - 0.5)])
  const same = of([true, false])
  const costs = ids.map(() => of(COSTS))
  const rows = Array.from({ length: count }, () => ({
    context: [scale * (random() - 0.5), scale * random(), 1],
    outcomes: Object.fromEntries(
      ids.map((id, m) => [id, { reward: span * reward(), costUsd: costs[same ? 0 : m](random) }]),
    ),
  }))
  return fitPriors(rows)
}

/** As a file may be that somebody has edited: still numbers in their ranges. */
function damaged(priors: Priors, seed: number): unknown {
  const random = mulberry32(seed)
  const file = JSON.parse(JSON.stringify(priors))
  for (const model of Object.values<Record<string, unknown>>(file.models))
    for (const sums of [model, model.settled]) {
      if (!isRecord(sums)) continue
      const kind = Math.floor(random() * 8)
      if (kind === 0) sums.rows = 0
      if (kind === 1) sums.rows = 2 ** 48
      if (kind === 2) sums.rows = 1
      if (kind === 3) sums.squares = 0
      if (kind === 4) sums.squares = 1e24
      if (kind === 5) sums.response = [1e24, -1e24, 1e24]
      if (kind === 6) sums.precision = [1e-9, 0, 0, 1e24, 0, 1e-9]
    }
  return file
}

async function play(priors: Priors, kernel: 'js' | 'wasm', usdPerRequest: number | null, span = 1) {
  const random = mulberry32(7)
  const router = await createRouter({
    models: IDS.map((id, m) => ({ id, inputUsdPerMTok: 0.1 * m, outputUsdPerMTok: 2 * m })),
    budget: usdPerRequest === null ? null : { usdPerRequest },
    dimension: D,
    priors,
    ...(span === 1 ? {} : { rewardRange: [0, span] as const }),
    kernel,
    name: 'r',
    seed: 3,
    clock: () => 1.8e12,
  })
  const costs: number[] = []
  for (let i = 0; i < 40; i++) {
    const { id, expectedCostUsd } = router.route([random() - 0.5, random(), 1])
    costs.push(expectedCostUsd)
    router.settle(id, { costUsd: 1e-4 * random() })
    router.reward(id, span * random())
  }
  return { costs, digest: digest(router) }
}

/** What of the fits of rewards and costs is not finite. */
function oddIn(priors: Priors): number[] {
  return [fitPriorShrinkage(priors), fitPriorCostShrinkage(priors)].flatMap(({ common, of }) =>
    IDS.flatMap((id) => {
      const { ridges, target, variance, level } = of(id)
      return [...common, ...ridges, ...target, variance, level].filter((each) => !Number.isFinite(each))
    }),
  )
}

const budgetOf = (seed: number) => [null, 1e-4, 1e-9][seed % 3]

async function mustStart(priors: Priors, seed: number): Promise<void> {
  const js = await play(priors, 'js', budgetOf(seed))
  expect([seed, oddIn(priors), js.costs.filter((usd) => !(usd >= 0 && usd < Infinity))]).toEqual([
    seed,
    [],
    [],
  ])
  const again = checkPriors(JSON.parse(JSON.stringify(priors)))
  expect([seed, await play(again, 'wasm', budgetOf(seed))]).toEqual([seed, js])
}

describe('a warm start', () => {
  it('is finite whatever the rows cost and earn, and the same on every kernel', async () => {
    for (let seed = 1; seed <= 200; seed++) await mustStart(checkPriors(oddPriors(seed)), seed)
  })

  it('is the same in any range of rewards', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const plain = await play(oddPriors(seed), 'js', budgetOf(seed))
      const wide = await play(oddPriors(seed, 8), 'js', budgetOf(seed), 8)
      expect([seed, wide.costs]).toEqual([seed, plain.costs])
    }
  })

  it('has a snapshot that is read, also where its file says that rewards vary beyond all bounds', async () => {
    const models = IDS.map((id) => ({ id, inputUsdPerMTok: 1, outputUsdPerMTok: 2 }))
    let started = 0
    for (let seed = 1; seed <= 60; seed++) {
      const file = JSON.parse(JSON.stringify(oddPriors(seed)))
      if (seed % 2 === 0) for (const id of Object.keys(file.models)) file.models[id].squares = 1e24
      const options = { models, dimension: D, kernel: 'js', priors: checkPriors(file) } as const
      const router = await createRouter(options)
      for (let i = 0; i < 10; i++) router.reward(router.route([0.1 * i, -0.1, 1]).id, 0.1 * i)
      const other = await createRouter(options)
      other.restore(router.snapshot())
      expect(digest(other)).toBe(digest(router))
      started++
    }
    expect(started).toBe(60)
  })

  it('from a file that somebody has edited is refused by name or finite', async () => {
    const ends = { refused: 0, started: 0 }
    for (let seed = 1; seed <= 200; seed++) {
      const file = damaged(oddPriors(seed), seed)
      try {
        await mustStart(checkPriors(file), seed)
        ends.started++
      } catch (error) {
        if (!(error instanceof ParetoBanditError)) throw error
        expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringMatching(/^priors/)])
        ends.refused++
      }
    }
    expect(ends.refused).toBeGreaterThan(20)
    expect(ends.started).toBeGreaterThan(20)
  })
})
