import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import type { RouteOptions } from '../../src/policy/route-options.js'
import { codeOf } from '../support/errors.js'
import { Random } from '../support/random.js'
import { TestClock } from '../support/router.js'

const LIST_USD = 0.0015

interface Answer {
  readonly costUsd: number
  readonly latencyMs: number
}

/** Lognormal noise with a median of 1. */
const noise = (random: Random, sigma: number): number =>
  Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next()))

/** `fast` beside `others` models that are better but for their limits. */
async function makeWorld(others: number, options: RouterOptions) {
  const clock = new TestClock()
  const random = new Random(7)
  const price = { inputUsdPerMTok: 1, outputUsdPerMTok: 4 }
  const names = ['fast', ...Array.from({ length: others }, (_, i) => `m${i}`)]
  const router = await createRouter({
    models: names.map((id) => ({ id, ...price })),
    dimension: 3,
    kernel: 'js',
    name: 'r',
    clock: clock.read,
    ...options,
  })
  /** @returns decisions for models but `fast`, each with what it cost */
  const play = (count: number, request: RouteOptions, answer: (model: string) => Answer) => {
    const found: { at: number; model: string; canary: boolean; expectedCostUsd: number; costUsd: number }[] =
      []
    for (let at = 0; at < count; at++) {
      clock.advance(1000)
      try {
        const decision = router.route([random.next() - 0.5, random.next() - 0.5, 1], request)
        const { id, model, canary, expectedCostUsd } = decision
        const { costUsd, latencyMs } = answer(model)
        router.settle(id, { costUsd, latencyMs })
        router.reward(id, model === 'fast' ? 0.5 : 0.9)
        if (model !== 'fast') found.push({ at, model, canary, expectedCostUsd, costUsd })
      } catch (error) {
        if (codeOf(error) !== 'NO_ELIGIBLE_MODEL') throw error
      }
    }
    return found
  }
  /** Makes all models known. */
  const playAll = (count: number, answer: (model: string) => Answer) => {
    for (const id of names) play(count, { candidates: [id] }, answer)
  }
  return { random, play, playAll }
}

/** The most of these within any 25 requests one after the other. */
const mostIn25 = (found: readonly { readonly at: number }[]): number =>
  Math.max(0, ...found.map(({ at }) => found.filter((other) => other.at >= at && other.at < at + 25).length))

describe.each(POLICY_NAMES)('under policy %s', (policy) => {
  it.each([
    [1, 0.5, 5000],
    [10, 0.5, 5000],
    [10, 1, 5000],
    [10, 0.5, 2000],
    [120, 0.5, 5000],
  ])(
    '%i models whose latencies are noisy (sigma %d, median %d ms) are tried ever less',
    async (others, sigma, medianMs) => {
      const { random, play, playAll } = await makeWorld(others, { policy })
      const slow = (model: string): Answer => ({
        costUsd: LIST_USD,
        latencyMs: (model === 'fast' ? 300 : medianMs) * noise(random, sigma),
      })
      playAll(20, slow)
      const limits = { maxLatencyMs: 1000 }
      play(30 * others, limits, slow)
      const first = play(5000, limits, slow)
      const second = play(5000, limits, slow)
      expect(mostIn25(first)).toBeLessThanOrEqual(1)
      expect(first.every(({ canary }) => canary)).toBe(true)
      expect(first.length).toBeLessThanOrEqual(others === 1 ? 12 : 110)
      expect(first.length).toBeGreaterThan(2)
      expect(second.length).toBeLessThanOrEqual(others === 1 ? 6 : 60)
      expect(second.length).toBeGreaterThan(0)
    },
  )

  it('one of ten models comes back that is fast again, with noise, while nine stay slow', async () => {
    const { random, play, playAll } = await makeWorld(10, { policy })
    let isBack = false
    const answer = (model: string): Answer => ({
      costUsd: LIST_USD,
      latencyMs: (model === 'fast' || (isBack && model === 'm4') ? 400 : 5000) * noise(random, 0.5),
    })
    playAll(20, answer)
    play(2000, { maxLatencyMs: 1000 }, answer)
    isBack = true
    play(8000, { maxLatencyMs: 1000 }, answer)
    const after = play(1000, { maxLatencyMs: 1000 }, answer)
    expect(after.filter(({ model }) => model === 'm4').length).toBeGreaterThan(900)
  })

  it('a model whose latencies are near the limit takes few requests but tries', async () => {
    const { random, play, playAll } = await makeWorld(1, { policy })
    const answer = (model: string): Answer => ({
      costUsd: LIST_USD,
      latencyMs: (model === 'fast' ? 300 : 1300) * noise(random, 0.5),
    })
    playAll(20, answer)
    expect(play(10_000, { maxLatencyMs: 1000 }, answer).length).toBeLessThan(200)
  })

  it('a model that costs five times its list price, with noise, is told to cost all that the limit allows', async () => {
    const { random, play, playAll } = await makeWorld(1, { policy })
    const answer = (model: string): Answer => ({
      costUsd: model === 'fast' ? LIST_USD : 5 * LIST_USD * noise(random, 0.7),
      latencyMs: 300,
    })
    playAll(20, answer)
    const found = play(10_000, { maxCostUsd: 0.003 }, answer)
    expect(found.length).toBeLessThan(12)
    const tries = found.filter(({ canary }) => canary)
    for (const { expectedCostUsd } of tries) expect(expectedCostUsd).toBeCloseTo(0.003, 12)
    // Two cheap bills in a row let it in; its next one shuts it out again.
    expect(found.length - tries.length).toBeLessThanOrEqual(2)
  })

  it('and comes back when it costs its list price again', async () => {
    const { random, play, playAll } = await makeWorld(1, { policy })
    let ratio = 5
    const answer = (model: string): Answer => ({
      costUsd: model === 'fast' ? LIST_USD : ratio * LIST_USD * noise(random, 0.3),
      latencyMs: 300,
    })
    playAll(20, answer)
    play(3000, { maxCostUsd: 0.003 }, answer)
    ratio = 1
    play(9000, { maxCostUsd: 0.003 }, answer)
    expect(play(1000, { maxCostUsd: 0.003 }, answer).length).toBeGreaterThan(900)
  })
})
