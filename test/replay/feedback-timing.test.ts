import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkFeedbackTiming,
  FeedbackLine,
  type FeedbackTiming,
  PROMPT_FEEDBACK,
} from '../../src/replay/feedback-timing.js'
import type { Strategy } from '../../src/replay/strategy.js'
import '../support/seed.js'

type Delivery =
  | readonly ['settle', request: number, costUsd: number]
  | readonly ['reward', request: number, value: number]

/** What a strategy is told when request i earns i / 1000 and costs i, and after which request. */
function deliveries(timing: FeedbackTiming, requests: number, seed = 5) {
  const heard: (readonly [after: number, ...Delivery])[] = []
  let latest = 0
  const strategy: Strategy = {
    shadowPrice: 0,
    expectedCostUsd: 0,
    alarms: 0,
    choose: () => 0,
    settle: (request, costUsd) => heard.push([latest, 'settle', request, costUsd]),
    reward: (request, value) => heard.push([latest, 'reward', request, value]),
    announce: () => {},
  }
  const line = new FeedbackLine(strategy, timing, seed)
  for (; latest < requests; latest++) line.push(latest / 1000, latest)
  return heard
}

const rewardsOf = (heard: ReturnType<typeof deliveries>) => heard.filter(([, kind]) => kind === 'reward')
const timings = fc.record({
  rewardRate: fc.double({ min: 0.01, max: 1, noNaN: true }),
  delay: fc.integer({ min: 0, max: 90 }),
  settleDelay: fc.integer({ min: 0, max: 90 }),
  noise: fc.double({ min: 0, max: 1, noNaN: true }),
})

describe('FeedbackLine', () => {
  it('settles and rewards every request at once and exactly by default', () => {
    expect(deliveries(PROMPT_FEEDBACK, 3)).toEqual([
      [0, 'settle', 0, 0],
      [0, 'reward', 0, 0],
      [1, 'settle', 1, 1],
      [1, 'reward', 1, 0.001],
      [2, 'settle', 2, 2],
      [2, 'reward', 2, 0.002],
    ])
  })

  it('delivers in order, exactly as late as it should, each request once', () => {
    fc.assert(
      fc.property(timings, fc.integer({ min: 1, max: 120 }), (timing, requests) => {
        const heard = deliveries(timing, requests)
        for (const [after, kind, request] of heard) {
          expect(after - request).toBe(kind === 'settle' ? timing.settleDelay : timing.delay)
        }
        const settled = heard.filter(([, kind]) => kind === 'settle').map(([, , request]) => request)
        expect(settled).toEqual(
          Array.from({ length: Math.max(0, requests - timing.settleDelay) }, (_, i) => i),
        )
        const rewarded = rewardsOf(heard).map(([, , request]) => request)
        expect(rewarded).toEqual([...new Set(rewarded)].sort((a, b) => a - b))
        for (const [, , , value] of rewardsOf(heard)) {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  it('rewards the same requests whatever delay and noise, and more of them at a higher rate', () => {
    const at = (more: Partial<FeedbackTiming>) =>
      rewardsOf(deliveries({ ...PROMPT_FEEDBACK, ...more }, 2000)).map(([, , request]) => request)
    const some = at({ rewardRate: 0.2 })
    expect(some.length / 2000).toBeCloseTo(0.2, 1)
    expect(at({ rewardRate: 0.2, noise: 0.3 })).toEqual(some)
    expect(at({ rewardRate: 0.2, delay: 3 })).toEqual(some.filter((request) => request < 1997))
    const more = new Set(at({ rewardRate: 0.4 }))
    expect(some.filter((request) => !more.has(request))).toEqual([])
    expect(more.size).toBeGreaterThan(some.length)
  })

  it('draws noise of the given size, the same at the same seed', () => {
    const noisy = (seed: number, noise: number) =>
      deliveries({ ...PROMPT_FEEDBACK, noise }, 1000, seed)
        .filter(([, kind, request]) => kind === 'reward' && request > 400 && request < 600)
        .map(([, , request, value]) => value - request / 1000)
    expect(noisy(5, 0.1)).toEqual(noisy(5, 0.1))
    expect(noisy(6, 0.1)).not.toEqual(noisy(5, 0.1))
    const errors = noisy(5, 0.1)
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length)
    // The standard error of a deviation of 199 draws is 5 %.
    expect(Math.abs(deviation / 0.1 - 1)).toBeLessThan(0.2)
  })

  it.each([
    [{ rewardRate: 0 }, 'rewardRate: expected a number in (0, 1], got 0'],
    [{ rewardRate: 1.1 }, 'rewardRate'],
    [{ rewardRate: Number.NaN }, 'rewardRate'],
    [{ delay: -1 }, 'delay'],
    [{ delay: 1.5 }, 'delay'],
    [{ settleDelay: 1e7 }, 'settleDelay'],
    [{ noise: -0.1 }, 'noise'],
    [{ noise: Number.POSITIVE_INFINITY }, 'noise'],
  ])('refuses %j', (wrong, message) => {
    expect(() => checkFeedbackTiming({ ...PROMPT_FEEDBACK, ...wrong })).toThrow(message)
  })
})
