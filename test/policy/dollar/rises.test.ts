import { describe, expect, it } from 'vitest'
import type { Arms } from '../../../src/bandit/arms.js'
import { Rises } from '../../../src/policy/dollar/exploration/rises.js'
import type { Router } from '../../../src/router/router.js'
import { Random } from '../../support/random.js'
import { digest, makeBench } from '../../support/router.js'

const WORTH: Readonly<Record<string, number>> = { small: 0.5, middle: 0.75, large: 0.95 }
/** A request costs $0.00012 on the small model, $0.0015 on the middle one and $0.009 on the large one. */
const OPTIONS = { policy: 'dollar', budget: { usdPerRequest: 0.004 } } as const

type Judge = (worth: number) => number
const strict: Judge = (worth) => 0.5 * worth
const mild: Judge = (worth) => 0.5 + 0.5 * worth

interface Play {
  readonly judge?: Judge
  readonly worth?: Readonly<Record<string, number>>
  /** Rewards are right or wrong, not scores. */
  readonly isBinary?: boolean
}

/** @returns shares of the models, what answers were worth on average, and what was spent, in budgets */
function play(router: Router, random: Random, count: number, { judge, worth = WORTH, isBinary }: Play = {}) {
  const shares: Record<string, number> = { small: 0, middle: 0, large: 0 }
  let [mean, spent] = [0, 0]
  for (let i = 0; i < count; i++) {
    const { id, model, expectedCostUsd } = router.route([random.next() - 0.5, random.next() - 0.5, 1])
    router.settle(id, { costUsd: expectedCostUsd })
    const noisy = Math.min(1, Math.max(0, worth[model] + 0.2 * (random.next() - 0.5)))
    const answer = isBinary ? Number(random.next() < worth[model]) : noisy
    router.reward(id, judge === undefined ? answer : judge(answer))
    shares[model] += 1 / count
    mean += worth[model] / count
    spent += expectedCostUsd / OPTIONS.budget.usdPerRequest / count
  }
  return { shares, mean, spent }
}

describe('a judge that scores higher than before', () => {
  it('does not leave the router with the model that it asked at that time', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const { router } = await makeBench({ ...OPTIONS, seed })
      const random = new Random(seed)
      const before = play(router, random, 1500, { judge: strict })
      play(router, random, 500, { judge: mild })
      const after = play(router, random, 1500, { judge: mild })
      expect(after.spent).toBeGreaterThan(0.9)
      expect(after.mean).toBeGreaterThan(before.mean - 0.02)
    }
  })

  it('does not either where it knew nothing but bad answers', async () => {
    let [mean, late] = [0, 0]
    const seeds = 10
    for (let seed = 1; seed <= seeds; seed++) {
      const { router } = await makeBench({ ...OPTIONS, seed })
      const random = new Random(seed)
      play(router, random, 1000, { judge: () => 0 })
      mean += play(router, random, 2000, { isBinary: true }).mean / seeds
      late += play(router, random, 1000, { isBinary: true }).mean / seeds
    }
    expect(mean).toBeGreaterThan(0.76)
    expect(late).toBeGreaterThan(0.78)
  })

  it('does not in worlds of all kinds: its scale, models, budgets', async () => {
    let [before, after] = [0, 0]
    const worlds = 12
    for (let world = 1; world <= worlds; world++) {
      const random = new Random(100 + world)
      const usdPerRequest = 0.002 + 0.006 * random.next()
      const worth = { small: 0.3 + 0.3 * random.next(), middle: 0.6 + 0.15 * random.next(), large: 0.9 }
      const low = 0.1 + 0.2 * random.next()
      const high = 0.5 + 0.3 * random.next()
      const { router } = await makeBench({ ...OPTIONS, budget: { usdPerRequest }, seed: world })
      play(router, random, 1000, { worth, judge: (answer) => low * answer })
      before += play(router, random, 500, { worth, judge: (answer) => low * answer }).mean / worlds
      const judge: Judge = (answer) => high + (1 - high) * answer
      play(router, random, 500, { worth, judge })
      after += play(router, random, 1000, { worth, judge }).mean / worlds
    }
    expect(after).toBeGreaterThan(before - 0.02)
  })

  it('is remembered by a snapshot', async () => {
    const { router, clock } = await makeBench(OPTIONS)
    const random = new Random(2)
    play(router, random, 1000, { judge: strict })
    play(router, random, 15, { judge: mild })
    const other = await makeBench(OPTIONS)
    other.router.restore(router.snapshot())
    other.clock.now = clock.now
    expect(digest(other.router)).toBe(digest(router))
    const [one, two] = [new Random(9), new Random(9)]
    expect(play(other.router, one, 600, { judge: mild })).toEqual(play(router, two, 600, { judge: mild }))
    expect(digest(other.router)).toBe(digest(router))
    router.removeModel('large')
    other.router.restore(router.snapshot())
    expect(digest(other.router)).toBe(digest(router))
  })
})

describe('a model that alone has got better', () => {
  it('is left for tries of the others a few times only', async () => {
    let others = 0
    const seeds = 6
    for (let seed = 1; seed <= seeds; seed++) {
      const { router } = await makeBench({ ...OPTIONS, seed })
      const random = new Random(seed)
      play(router, random, 1500)
      const { shares } = play(router, random, 1500, { worth: { ...WORTH, middle: 0.97 } })
      others += (1 - shares.middle) / seeds
    }
    expect(others).toBeLessThan(0.03)
  })
})

describe('what a snapshot says of models that may have risen', () => {
  /** One rise, at request 5: slots 0 and 1, 3 rewards of the former since; slot 1 is suspected. Two weights each. */
  const numbers = [1, 5, 2, 0, 3, 0.1, 0.2, 1, 0, 0.3, 0.4, 1, 0, 0.5, 4]
  const load = (entries: readonly number[]) => {
    const rises = new Rises()
    return { isTaken: rises.load(Float64Array.from(entries), 2, [0, 1]), rises }
  }

  it('is taken over', () => {
    const { isTaken, rises } = load(numbers)
    expect(isTaken).toBe(true)
    expect(rises.save()).toEqual(numbers)
    expect(load([]).isTaken).toBe(true)
  })

  it('leaves out weights of priors that are too large for it', () => {
    const weights = [new Float64Array(2), Float64Array.of(0, 2e9)]
    const arms = {
      kernel: { layout: { dimension: 2 } },
      theta: (slot: number) => weights[slot],
    } as unknown as Arms
    const { rises } = load([])
    rises.rose([0, 1], arms, 5)
    expect(rises.save()).toEqual([1, 5, 1, 0, 0, 0, 0, 0, 0, 0, 20])
    expect(load(rises.save()).isTaken).toBe(true)
  })

  it('is refused where no router wrote it', () => {
    for (let length = 1; length < numbers.length; length++)
      expect(load(numbers.slice(0, length)).isTaken, `${length} numbers`).toBe(false)
    // How many rises, models and rewards, slots, weights, and what is left of a test.
    for (const [at, value] of [
      [0, 2],
      [0, 0],
      [1, -1],
      [2, 3],
      [3, 7],
      [4, -1],
      [5, Number.NaN],
      [6, -1e10],
      [7, 0],
      [11, 2],
      [12, 1],
      [13, 3],
      [14, 0],
      [14, 21],
    ] as const)
      expect(load(numbers.with(at, value)).isTaken, `${value} at ${at}`).toBe(false)
  })
})
