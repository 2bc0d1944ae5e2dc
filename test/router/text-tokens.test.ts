import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { RouterEvent } from '../../src/events/events.js'
import { functionEncoder } from '../../src/features/function-encoder.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import { fitPriors } from '../../src/router/fit-priors.js'
import type { Router } from '../../src/router/router.js'
import { digest, MODELS, makeBench, TestClock, X } from '../support/router.js'

const LONG = 'Summarise the following report. '.repeat(25_000)
const encoder = functionEncoder({ name: 'two', dimension: 2, encode: () => [0.5, -0.25] })

async function make(options: RouterOptions = {}): Promise<{ router: Router; log: RouterEvent[] }> {
  const clock = new TestClock()
  const router = await createRouter({
    models: MODELS,
    encoder,
    kernel: 'js',
    name: 'r',
    clock: clock.read,
    ...options,
  })
  const log: RouterEvent[] = []
  router.on('*', (event) => log.push(event))
  return { router, log }
}

const only = { candidates: ['large'] }
const tokensIn = (log: readonly RouterEvent[]) =>
  log.flatMap((event) => (event.type === 'routed' ? [event.inputTokens] : []))

describe.each(POLICY_NAMES)('under policy %s the length of a text', (policy) => {
  it('is part of what it is expected to cost, until its tokens are given', async () => {
    const { router, log } = await make({ policy })
    const short = router.route('hi', only).expectedCostUsd
    const long = router.route(LONG, only).expectedCostUsd
    expect(short).toBeCloseTo((1 * 5 + 300 * 25) / 1e6, 12)
    // 125,000 tokens, give or take.
    expect(long).toBeGreaterThan(0.3)
    expect(long).toBeLessThan(1.3)
    expect(router.route(LONG, { ...only, inputTokens: 300 }).expectedCostUsd).toBeCloseTo(0.009, 12)
    const [one, many, given] = tokensIn(log)
    expect([one, given]).toEqual([1, null])
    expect(many).toBeGreaterThan(60_000)
  })

  it('is told alike by all calls, and in the explanation', async () => {
    const { router, log } = await make({ policy })
    router.route(LONG, only)
    router.routeMany([LONG, 'hi', [0.5, -0.25, 1]], only)
    await router.routeAsync(LONG, only)
    const [first] = tokensIn(log)
    router.route([{ role: 'user', content: LONG }], only)
    router.routeMany([[{ role: 'user', content: 'hi' }]], only)
    expect(tokensIn(log)).toEqual([first, first, 1, null, first, first, 1])
    const { expectedCostUsd, explanation } = router.route(LONG, { ...only, explain: true })
    expect(explanation?.models.find(({ model }) => model === 'large')?.expectedCostUsd).toBe(expectedCostUsd)
  })

  it('counts under maxCostUsd', async () => {
    const { router } = await make({ policy, forcedExploration: 0 })
    expect(router.route(LONG, { maxCostUsd: 0.05 }).model).toBe('small')
    expect(() => router.route(LONG, { ...only, maxCostUsd: 0.05 })).toThrow(/large: over-max-cost/)
    expect(router.route('hi', { ...only, maxCostUsd: 0.05 }).model).toBe('large')
  })

  it('is in the events, so that a fold has the same state', async () => {
    const { router, log } = await make({ policy, models: [] })
    const started = router.snapshot()
    for (const model of MODELS) router.addModel(model)
    for (let i = 0; i < 30; i++) {
      const { id, model } = router.route(i % 2 === 0 ? LONG : 'hi')
      router.settle(id, { costUsd: model === 'large' ? 0.1 : 0.01, latencyMs: 400 })
    }
    const { router: other } = await make({ policy, models: [] })
    other.restore(started)
    for (const event of log) other.apply(event)
    expect(digest(other)).toBe(digest(router))
  })

  it('is no less than expectedTokens where these are given, and nothing to a vector', async () => {
    const expectedTokens = { input: 2000, output: 100 }
    const { router, log } = await make({ policy, expectedTokens })
    router.route('hi', only)
    router.route(LONG, only)
    router.route([0.5, -0.25, 1], only)
    const [short, long, vector] = tokensIn(log)
    expect(short).toBe(2000)
    expect(long).toBeGreaterThan(60_000)
    expect(vector).toBe(null)
    const { router: vectors, log: events } = await makeBench({ policy })
    expect(vectors.route(X, only).expectedCostUsd).toBeCloseTo(0.009, 12)
    expect(events.every((event) => event.type !== 'routed' || event.inputTokens === null)).toBe(true)
  })
})

describe('priors that were fitted on texts', () => {
  it('expect of texts as long what those cost, from the first request on', async () => {
    const prompt = 'Which of these is the capital of France? A) Lyon B) Paris C) Nice'
    const rows = Array.from({ length: 60 }, () => ({
      prompt,
      outcomes: { large: { reward: 0.9, costUsd: 0.004 } },
    }))
    const priors = JSON.parse(JSON.stringify(fitPriors(rows, { encoder })))
    const { router } = await make({ models: [MODELS[2]], priors })
    expect(router.route(prompt).expectedCostUsd / 0.004).toBeCloseTo(1, 1)
    // Vectors are as long as ever, and so is what they are compared with.
    const context = [0.5, -0.25, 1]
    const contexts = fitPriors(rows.map(({ outcomes }) => ({ context, outcomes })))
    const { router: vectors } = await makeBench({ models: [MODELS[2]], priors: contexts })
    expect(vectors.route(context).expectedCostUsd / 0.004).toBeCloseTo(1, 1)
  })
})
