import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import { expectCode } from '../support/errors.js'
import { type Operation, Run } from '../support/operations.js'
import { anyPolicy, digest, MODELS, makeBench } from '../support/router.js'
import { seal } from '../support/snapshot-bytes.js'
import '../support/seed.js'

/** Contexts that cancel each other but for a hair, that lie along one line, and that are as large as they may be. */
const entry = fc.oneof(
  fc.constantFrom(0, 1, -1, 3, -3, 2.9999999999897464, -2.999999999996121, 1e-12, 1e-6, 1e4, -1e4, 9999.9999),
  fc.double({ min: -3, max: 3, noNaN: true }),
)
const request = fc.record({
  context: fc.oneof(
    fc.tuple(entry, entry, fc.constant(1)),
    fc.tuple(entry, entry, entry),
    fc.double({ min: -1e4, max: 1e4, noNaN: true }).map((x): [number, number, number] => [x, x, x]),
  ),
  times: fc.constantFrom(1, 1, 2, 30),
  mirrored: fc.boolean(),
  reward: fc.constantFrom(null, 0, 0.5, 1),
  costUsd: fc.constantFrom(null, 0, 1e-9, 0.001, 1000),
  latencyMs: fc.constantFrom(null, 0, 1, 1e12),
})

describe('the statistics of an arm', () => {
  it('are never refused where rewards and settlements gave them, whatever the contexts', async () => {
    await fc.assert(
      fc.asyncProperty(anyPolicy, fc.array(request, { maxLength: 25 }), async (policy, requests) => {
        const { router } = await makeBench({ policy, bias: false, pendingCapacity: 1024 })
        const { router: other } = await makeBench({ policy, bias: false, pendingCapacity: 1024 })
        for (const { context, times, mirrored, reward, costUsd, latencyMs } of requests) {
          for (let i = 0; i < times; i++) {
            const sign = mirrored && i % 2 === 1 ? -1 : 1
            const { id } = router.route([sign * context[0], sign * context[1], context[2]])
            if (reward !== null) router.reward(id, reward)
            if (costUsd !== null) router.settle(id, { costUsd, latencyMs })
          }
          other.restore(router.snapshot())
        }
        expect(digest(other)).toBe(digest(router))
      }),
      { numRuns: 60 },
    )
  })

  it('are not refused where contexts that mirror each other leave nothing but rounding of a weight', async () => {
    const bench = await makeBench({ policy: 'dollar', budget: { usdPerRequest: 0.01 } })
    const run = new Run(bench)
    const route = (y: number, exploit = false): Operation => {
      return { do: 'route', input: [0, y, 1], exploit, tokens: 0 }
    }
    const settle = (pick: number): Operation => ({ do: 'settle', pick, costUsd: 0, latencyMs: 0 })
    const script: Operation[] = [
      route(-2.9999999999897464),
      route(2.999999999996121, true),
      {
        do: 'routeMany',
        inputs: [
          [0, 0, 1],
          [0, 0, 1],
        ],
      },
      route(0),
      { do: 'settleEach', picks: [196, 0], costUsd: null },
      { do: 'cancel', pick: 0, costUsd: null },
      route(0),
      route(0),
      settle(3),
      route(0),
      route(0),
      { do: 'fail', pick: 0, costUsd: 0, retryAfterMs: null },
      settle(0),
      { do: 'correct', pick: 2, costUsd: 0 },
    ]
    for (const operation of script) run.step(operation)
    bench.router.restore(bench.router.snapshot())
  })

  it.each([1, 2, 3])('are read by a router whose lambda0 is another, of %i dimensions', async (dimension) => {
    const made = (lambda0: number) => createRouter({ models: MODELS, dimension, lambda0, kernel: 'js' })
    const router = await made(1)
    for (let i = 0; i < 40; i++) {
      const { id } = router.route(
        Array.from({ length: dimension }, (_, j) => Math.cos(i * (dimension - 1 - j))),
      )
      router.reward(id, 0.5 + 0.4 * Math.sin(i))
    }
    for (const lambda0 of [1e-6, 1e6]) {
      const other = await made(lambda0)
      other.restore(router.snapshot())
      expect(other.inspectArm('small').theta).toEqual(router.inspectArm('small').theta)
    }
  })

  it('are refused where a weight, a variance or a covariance is not what the others give', async () => {
    const { router } = await makeBench({ policy: 'dollar', forcedExploration: 0 })
    for (let i = 0; i < 40; i++)
      router.reward(router.route([Math.sin(i), Math.cos(i), 1]).id, 0.5 + 0.4 * Math.sin(i))
    const bytes = router.snapshot()
    const head = new DataView(bytes.buffer).getUint32(12, true) + 24
    const numbers = new Float64Array(bytes.slice(head).buffer)
    const { id } = router.stats().models.reduce((a, b) => (b.rewarded > a.rewarded ? b : a))
    const at = numbers.indexOf(router.inspectArm(id).theta[0])
    // theta, b, and the triangles of A^-1 and of A: 3, 3, 6 and 6 numbers.
    for (let place = 0; place < 18; place++) {
      const forged = seal(bytes, (view) =>
        view.setFloat64(head + 8 * (at + place), numbers[at + place] + 1e-3, true),
      )
      expectCode(() => router.restore(forged), 'SNAPSHOT_INVALID')
    }
    router.restore(bytes)
  })

  it.each([
    ['taken as all but certain', 5e-324],
    ['as large as a number may be', 1e30],
  ])('are refused where a variance that nothing was learned of is %s', async (_, variance) => {
    const { router } = await makeBench({ policy: 'dollar' })
    const bytes = router.snapshot()
    const head = new DataView(bytes.buffer).getUint32(12, true) + 24
    const numbers = new Float64Array(bytes.slice(head).buffer)
    // Of cold arms of 3 dimensions the triangles of A^-1 and of A, diagonal both.
    const starts = [...numbers.keys()].filter(
      (at) =>
        [0, 3, 5].every((i) => Math.abs(numbers[at + i] * numbers[at + 6 + i] - 1) < 1e-9) &&
        [1, 2, 4].every((i) => numbers[at + i] === 0 && numbers[at + 6 + i] === 0),
    )
    expect(starts.length).toBe(2 * MODELS.length)
    for (const at of starts) {
      for (const place of [0, 3, 5]) {
        const forged = seal(bytes, (view) => view.setFloat64(head + 8 * (at + place), variance, true))
        expectCode(() => router.restore(forged), 'SNAPSHOT_INVALID')
      }
    }
  })
})
