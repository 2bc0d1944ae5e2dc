import { describe, expect, it } from 'vitest'
import type { RouterOptions } from '../../src/policy/options.js'
import { makeBench, X } from '../support/router.js'

const ONE = { candidates: ['middle'], inputTokens: 100 } as const
/** What most answers cost, and what a long one does, USD. */
const USUAL_USD = 0.0003
const LONG_USD = 0.04

const OPTIONS: readonly (readonly [name: string, options: RouterOptions])[] = [
  ['dollar, a cap', { caps: [{ usd: 20, per: 'day' }] }],
  ['dollar, a budget', { budget: { usdPerRequest: 0.01 } }],
  ['dollar, no limit', {}],
  ['paper', { policy: 'paper', budget: { usdPerRequest: 0.01 } }],
  ['thompson', { policy: 'thompson', budget: { usdPerRequest: 0.01 } }],
]

/** A router of which one model has had short answers, and the last one long. */
async function afterLongAnswer(options: RouterOptions) {
  const bench = await makeBench(options)
  const { router, clock } = bench
  const next = () => {
    clock.advance(1000)
    return router.route(X, ONE)
  }
  for (let i = 0; i < 20; i++) router.settle(next().id, { costUsd: USUAL_USD })
  router.settle(next().id, { costUsd: LONG_USD })
  return { ...bench, next }
}

describe('answers of which nothing tells the cost', () => {
  it.each(OPTIONS)(
    'are booked at what was set aside, and do not raise or lower it: %s',
    async (_, options) => {
      const { router, next } = await afterLongAnswer(options)
      const reserved: number[] = []
      for (let i = 0; i < 200; i++) {
        const { id, reservedUsd } = next()
        const before = router.stats().pacer.spendUsd
        router.settle(id, i % 2 === 0 ? {} : { usage: null })
        expect(router.stats().pacer.spendUsd - before).toBeCloseTo(reservedUsd, 9)
        reserved.push(reservedUsd)
      }
      // A fixed factor of what is expected is set aside: it has not moved.
      for (const usd of reserved) expect(usd).toBeCloseTo(reserved[0], 12)
      const [, middle] = router.stats().models
      expect(middle).toMatchObject({ flaggedUsages: 200, costAlarms: 0, implausibleBills: 0 })
    },
  )

  it.each(OPTIONS)('say nothing beside those that tell theirs: %s', async (_, options) => {
    const mixed = await afterLongAnswer(options)
    const told = await afterLongAnswer(options)
    for (let i = 0; i < 200; i++) {
      const { id } = mixed.next()
      mixed.router.settle(id, {})
      for (const { next, router } of [mixed, told]) router.settle(next().id, { costUsd: USUAL_USD })
    }
    const [a, b] = [mixed, told].map(({ next }) => next().expectedCostUsd)
    // Of twice as many requests each old one counts less, by time; what is learned is the same.
    expect(Math.abs(Math.log(a / b))).toBeLessThan(0.35)
    expect(a).toBeLessThan(3 * USUAL_USD)
  })

  it.each(OPTIONS)('teach what they cost when somebody looks it up: %s', async (_, options) => {
    const { router, next } = await afterLongAnswer(options)
    const asked = Array.from({ length: 50 }, next)
    for (const { id } of asked) router.settle(id, {})
    for (const { id } of asked) router.correct(id, { costUsd: USUAL_USD })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(70 * USUAL_USD + LONG_USD, 9)
    expect(next().expectedCostUsd).toBeLessThan(0.6 * asked[0].expectedCostUsd)
  })

  it.each(OPTIONS)(
    'teach the first plausible cost that is told, whatever was told before: %s',
    async (_, options) => {
      const [twice, once] = [await afterLongAnswer(options), await afterLongAnswer(options)]
      for (const { router, next } of [twice, once]) {
        const { id } = next()
        router.settle(id, {})
        if (router === twice.router) router.correct(id, { costUsd: 500 })
        router.correct(id, { costUsd: LONG_USD })
      }
      const [a, b] = [twice, once].map(({ next }) => next().expectedCostUsd)
      expect(a).toBeCloseTo(b, 12)
    },
  )

  it('are the same after a snapshot', async () => {
    const { router, clock, next } = await afterLongAnswer({})
    const { id } = next()
    router.settle(id, {})
    const restored = await makeBench({})
    restored.clock.now = clock.now
    restored.router.restore(router.snapshot())
    for (const each of [router, restored.router]) each.correct(id, { costUsd: LONG_USD })
    expect(restored.router.stats()).toEqual(router.stats())
    const [a, b] = [router, restored.router].map((each) => each.route(X, ONE).expectedCostUsd)
    expect(b).toBe(a)
  })
})
