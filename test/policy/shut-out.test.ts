import { describe, expect, it } from 'vitest'
import type { RouterOptions } from '../../src/policy/options.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import type { RouteOptions } from '../../src/policy/route-options.js'
import { codeOf } from '../support/errors.js'
import { Random } from '../support/random.js'
import { type Bench, digest, makeBench } from '../support/router.js'
import { withText } from '../support/snapshot-bytes.js'

const MODELS = [
  { id: 'plain', inputUsdPerMTok: 1, outputUsdPerMTok: 4 },
  { id: 'good', inputUsdPerMTok: 1.2, outputUsdPerMTok: 4.4 },
]
/** What a request costs at list price, 300 tokens in and 300 out. */
const LIST_USD = { plain: 0.0015, good: 0.00168 } as const
const REWARDS = { plain: 0.5, good: 0.9 } as const

const makeWorld = (options: RouterOptions): Promise<Bench> => makeBench({ models: MODELS, ...options })

/** One that knows both models well. */
async function makeKnowing(options: RouterOptions): Promise<Bench> {
  const world = await makeWorld(options)
  for (const { id } of MODELS) play(world, 40, { candidates: [id] }, HEALTHY, new Random(3))
  return world
}

/** What happens to a request on a model: cost over list cost, latency. */
type Outcome = (model: 'plain' | 'good') => { readonly ratio: number; readonly latencyMs: number }

const HEALTHY: Outcome = () => ({ ratio: 1, latencyMs: 800 })

/** @returns the models chosen (`-` where a request was refused), and those that were tried */
function play(
  { router, clock }: Bench,
  count: number,
  options: RouteOptions,
  outcome: Outcome,
  random: Random,
) {
  const models: string[] = []
  const tries: string[] = []
  for (let i = 0; i < count; i++) {
    clock.advance(1000)
    try {
      const decision = router.route([random.next() - 0.5, random.next() - 0.5, 1], options)
      const model = decision.model as 'plain' | 'good'
      const { ratio, latencyMs } = outcome(model)
      router.settle(decision.id, { costUsd: ratio * LIST_USD[model], latencyMs })
      router.reward(decision.id, Math.min(1, REWARDS[model] + 0.1 * (random.next() - 0.5)))
      models.push(model)
      if (decision.canary) tries.push(model)
    } catch (error) {
      if (codeOf(error) !== 'NO_ELIGIBLE_MODEL' && codeOf(error) !== 'BUDGET_EXHAUSTED') throw error
      models.push('-')
    }
  }
  return { models, tries }
}

const share = (models: readonly string[], id: string): number =>
  models.filter((model) => model === id).length / models.length

const SLOW: Outcome = (model) => ({ ratio: 1, latencyMs: model === 'good' ? 30_000 : 800 })
const DEAR: Outcome = (model) => ({ ratio: model === 'good' ? 3000 : 1, latencyMs: 800 })
const LIMITS = {
  maxLatencyMs: { options: { maxLatencyMs: 5000 }, bad: SLOW },
  maxCostUsd: { options: { maxCostUsd: 0.003 }, bad: DEAR },
} as const
const CASES = POLICY_NAMES.flatMap((policy) =>
  (['maxLatencyMs', 'maxCostUsd'] as const).map((limit) => [policy, limit] as const),
)

describe.each(CASES)('under policy %s a model that %s shuts out', (policy, limit) => {
  const { options, bad } = LIMITS[limit]

  it.each([1, 10])('for %i bad calls is back soon after it is what it was', async (calls) => {
    const world = await makeKnowing({ policy })
    const random = new Random(5)
    expect(share(play(world, 300, options, HEALTHY, random).models.slice(150), 'good')).toBeGreaterThan(0.9)
    // The calls under way that go wrong.
    play(world, calls, { candidates: ['good'] }, bad, random)
    const { models } = play(world, 600, options, HEALTHY, random)
    expect(share(models.slice(300), 'good')).toBeGreaterThan(0.9)
  })

  it('from its first call on is let in again', async () => {
    const world = await makeWorld({ policy, forcedExploration: 0 })
    const random = new Random(5)
    play(world, 1, { candidates: ['good'] }, bad, random)
    play(world, 300, { candidates: ['plain'] }, HEALTHY, random)
    expect(share(play(world, 600, options, HEALTHY, random).models.slice(300), 'good')).toBeGreaterThan(0.9)
  })

  /** `good` goes wrong in its next calls, whichever requests these are for. */
  const badFor = (calls: number) => {
    const made = { count: 0 }
    const outcome: Outcome = (model) =>
      model === 'good' && ++made.count <= calls ? bad(model) : HEALTHY(model)
    return { outcome, made }
  }

  it.each([1, 3, 10])(
    'for its next %i calls, tries among them, is back within some hundred requests',
    async (calls) => {
      const world = await makeKnowing({ policy })
      const random = new Random(5)
      play(world, 300, options, HEALTHY, random)
      const { outcome, made } = badFor(calls)
      const { models } = play(world, 700, options, outcome, random)
      expect(made.count).toBeGreaterThan(calls)
      expect(share(models.slice(500), 'good')).toBeGreaterThan(0.9)
    },
  )

  it.each([3, 10])(
    'for its first %i calls, tries among them, is back within some hundred requests',
    async (calls) => {
      const world = await makeWorld({ policy, forcedExploration: 0 })
      const random = new Random(5)
      const { outcome } = badFor(calls)
      play(world, 1, { candidates: ['good'] }, outcome, random)
      play(world, 40, { candidates: ['plain'] }, HEALTHY, random)
      const { models } = play(world, 1000, options, outcome, random)
      expect(share(models.slice(800), 'good')).toBeGreaterThan(0.9)
    },
  )

  it('for long is tried again after a bounded pause, and few requests are tries', async () => {
    const world = await makeKnowing({ policy })
    const random = new Random(5)
    const { models } = play(world, 10_000, options, bad, random)
    expect(models.filter((model) => model === 'good').length).toBeLessThan(30)
    const pause = limit === 'maxLatencyMs' ? 1000 : 2000
    const { models: after } = play(world, pause + 500, options, HEALTHY, random)
    expect(share(after.slice(pause + 200), 'good')).toBeGreaterThan(0.9)
  })

  it('for a few calls, of whose tries nobody says more, is tried as seldom as one that stays so', async () => {
    const world = await makeWorld({ policy, forcedExploration: 0 })
    const random = new Random(5)
    const { outcome } = badFor(4)
    play(world, 4, { candidates: ['good'] }, outcome, random)
    play(world, 40, { candidates: ['plain'] }, HEALTHY, random)
    let tries = 0
    for (let i = 0; i < 10_000; i++) {
      world.clock.advance(1000)
      const { id, model } = world.router.route([random.next() - 0.5, random.next() - 0.5, 1], options)
      if (model === 'good') tries++
      // The caller waits no longer than the limit, or its bill is lost.
      if (model === 'good' && limit === 'maxLatencyMs') world.router.cancel(id, { costUsd: LIST_USD.good })
      if (model === 'plain') world.router.settle(id, { costUsd: LIST_USD.plain, latencyMs: 800 })
    }
    expect(tries).toBeLessThan(30)
  })

  it('for good is tried ever more seldom, and each try is told', async () => {
    const world = await makeWorld({ policy })
    const random = new Random(5)
    play(world, 300, options, HEALTHY, random)
    play(world, 20, { candidates: ['good'] }, bad, random)
    const { models, tries } = play(world, 6000, options, bad, random)
    expect(models.filter((model) => model === 'good')).toEqual(tries)
    expect(tries.length).toBeGreaterThan(3)
    expect(tries.length).toBeLessThan(12)
    expect(models).not.toContain('-')
  })

  it('leaves the candidates checked, whatever is known of them', async () => {
    const world = await makeKnowing({ policy })
    const route = () => world.router.route([0, 0, 1], { ...options, candidates: ['good', 'plain', 'typo'] })
    expect(route).toThrow(expect.objectContaining({ code: 'UNKNOWN_MODEL', field: 'candidates[2]' }))
    play(world, 40, { candidates: ['good'] }, bad, new Random(5))
    expect(route).toThrow(expect.objectContaining({ code: 'UNKNOWN_MODEL', field: 'candidates[2]' }))
  })

  it('stays out of requests that allow no tries', async () => {
    const world = await makeWorld({ policy })
    const random = new Random(5)
    play(world, 300, options, HEALTHY, random)
    play(world, 20, { candidates: ['good'] }, bad, random)
    for (const more of [{ tries: false }, { exploit: true }])
      expect(play(world, 1000, { ...options, ...more }, HEALTHY, random).models).not.toContain('good')
  })

  it('is tried after a time where it is the only one, and no request could count', async () => {
    const world = await makeWorld({ policy, models: [MODELS[1]] })
    const random = new Random(5)
    play(world, 300, options, HEALTHY, random)
    play(world, 10, {}, bad, random)
    const down = play(world, 3600, options, bad, random)
    expect(share(down.models, '-')).toBeGreaterThan(0.99)
    expect(down.tries.length).toBeGreaterThan(3)
    const back = play(world, 3600, options, HEALTHY, random)
    expect(share(back.models.slice(-600), 'good')).toBe(1)
  })

  it('is tried by the same requests after a restart and in a fold of the events', async () => {
    const world = await makeWorld({ policy })
    const random = new Random(5)
    play(world, 200, options, HEALTHY, random)
    play(world, 10, { candidates: ['good'] }, bad, random)
    play(world, 60, options, bad, random)
    const restarted = await makeWorld({ policy, models: [] })
    restarted.router.restore(world.router.snapshot())
    restarted.clock.now = world.clock.now
    const folded = await makeWorld({ policy, models: [] })
    const log = [...world.log]
    // The models were added before anyone listened.
    const first = await makeWorld({ policy })
    folded.router.restore(first.router.snapshot())
    for (const event of log) folded.router.apply(event)
    expect(digest(folded.router)).toBe(digest(world.router))
    const [one, two] = [new Random(9), new Random(9)]
    expect(play(restarted, 500, options, HEALTHY, one)).toEqual(play(world, 500, options, HEALTHY, two))
    expect(digest(restarted.router)).toBe(digest(world.router))
  })

  it('never makes a decision that expects more than its maxCostUsd', async () => {
    const world = await makeWorld({ policy })
    const random = new Random(5)
    play(world, 300, options, HEALTHY, random)
    play(world, 10, { candidates: ['good'] }, bad, random)
    const over: unknown[] = []
    for (let i = 0; i < 1000; i++) {
      const maxCostUsd = [0.0005, 0.0016, 0.003][i % 3]
      try {
        const decision = world.router.route([random.next() - 0.5, 0, 1], {
          ...options,
          maxCostUsd,
          explain: true,
        })
        const shown = decision.explanation?.models.find(({ model }) => model === decision.model)
        if (decision.expectedCostUsd > maxCostUsd || shown?.expectedCostUsd !== decision.expectedCostUsd)
          over.push({ decision, maxCostUsd })
      } catch (error) {
        if (codeOf(error) !== 'NO_ELIGIBLE_MODEL') throw error
      }
    }
    expect(over).toEqual([])
  })
})

describe('under policy dollar, with no limits of the requests themselves', () => {
  /** `good` goes wrong in its calls of these numbers, from 0. */
  const wrongAt = (calls: readonly number[], ratio: number, latencyMs = 800): Outcome => {
    let count = -1
    return (model) => {
      if (model === 'good') count++
      return model === 'good' && calls.includes(count) ? { ratio, latencyMs } : HEALTHY(model)
    }
  }
  const TEN = Array.from({ length: 10 }, (_, i) => 100 + i)

  it.each([
    ['the second bill of a newcomer', [1], 50],
    ['ten bills one after the other', TEN, 20],
  ] as const)('a budget gets a model back after %s was far too much', async (_, calls, ratio) => {
    for (const more of [{}, { strict: true }]) {
      const world = await makeWorld({ budget: { usdPerRequest: 0.0018 }, ...more })
      const { models } = play(world, 3000, {}, wrongAt(calls, ratio), new Random(5))
      expect(share(models.slice(2000), 'good')).toBeGreaterThan(0.9)
      expect(world.router.stats().pacer.utilisation).toBeLessThan(1.1)
    }
  })

  it('so does a strict budget whose only model it is, and it refuses what it must', async () => {
    const world = await makeWorld({ models: [MODELS[1]], budget: { usdPerRequest: 0.0018 }, strict: true })
    const { models } = play(world, 3000, {}, wrongAt([1, 2, 3], 50), new Random(5))
    expect(share(models.slice(1000), 'good')).toBe(1)
  })

  it('a cap that is less than a model seems to cost gets it back in the next period', async () => {
    const caps = [{ usd: 0.15, per: 'hour' }] as const
    const world = await makeWorld({ models: [MODELS[1]], caps })
    const random = new Random(5)
    play(world, 5, {}, wrongAt([0, 1, 2, 3, 4], 400), random)
    for (let hour = 0; hour < 4; hour++) {
      world.clock.advance(3_600_000)
      const { models } = play(world, 60, {}, HEALTHY, random)
      if (hour > 0) expect(share(models, 'good')).toBeGreaterThan(0.9)
    }
  })

  it('a cap is not exceeded by tries of a model that really costs many times its list price', async () => {
    const caps = [{ usd: 0.5, per: 'hour' }] as const
    const world = await makeWorld({ models: [MODELS[1]], caps })
    const dear: Outcome = () => ({ ratio: 20, latencyMs: 800 })
    const random = new Random(5)
    for (let hour = 0; hour < 5; hour++) {
      const { models, tries } = play(world, 600, {}, dear, random)
      const spentUsd = models.filter((model) => model === 'good').length * 20 * LIST_USD.good
      // Before the first bills the list price speaks.
      if (hour > 0) expect(spentUsd).toBeLessThanOrEqual(0.5)
      if (hour > 0) expect(tries).toEqual([])
      world.clock.advance(3_000_000)
    }
  })

  it('an objective of latency gets a model back that was slow in its first calls only', async () => {
    for (const calls of [1, 10]) {
      const world = await makeWorld({ latency: { meanMs: 1500 } })
      const slow = Array.from({ length: calls }, (_, i) => i)
      const { models } = play(world, 2000, {}, wrongAt(slow, 1, 30_000), new Random(5))
      expect(share(models.slice(1000), 'good')).toBeGreaterThan(0.9)
    }
  })
})

describe('the latest calls of a model', () => {
  const edited = (snapshot: Uint8Array, latest: unknown): Uint8Array =>
    withText(snapshot, (text) => ({
      ...text,
      models: (text.models as readonly object[]).map((model) => ({ ...model, latest })),
    }))

  it('are missing in older snapshots, and what cannot be such is refused', async () => {
    const world = await makeKnowing({})
    const snapshot = world.router.snapshot()
    world.router.restore(edited(snapshot, undefined))
    const { models } = play(world, 100, LIMITS.maxLatencyMs.options, HEALTHY, new Random(5))
    expect(share(models, 'good')).toBeGreaterThan(0.9)
    const most = Array.from({ length: 20 }, () => 800)
    world.router.restore(edited(snapshot, { latenciesMs: most, billsUsd: [] }))
    for (const wrong of [
      null,
      [],
      {},
      { latenciesMs: most },
      { latenciesMs: [...most, 800], billsUsd: [] },
      { latenciesMs: [-1], billsUsd: [] },
      { latenciesMs: ['1'], billsUsd: [] },
      { latenciesMs: [], billsUsd: [1e300] },
    ]) {
      const restore = () => world.router.restore(edited(snapshot, wrong))
      expect(restore).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }))
    }
  })
})
