import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ParetoBanditError } from '../../../src/base/errors.js'
import { createRouter } from '../../../src/create-router.js'
import type { SubscribedEvent } from '../../../src/events/emitter.js'
import type { Router } from '../../../src/router/router.js'
import { HOUR, X } from '../../support/router.js'

const START = Date.UTC(2026, 4, 4, 10)
/** No cap is met: what it counts is looked at. */
const CAPS = [
  { usd: 1e6, per: 'hour' },
  { usd: 1e6, per: 'hour', window: 'rolling' },
] as const

interface Charged {
  readonly model: string
  readonly reservedUsd: number
  /** Dollars by when they were charged. */
  readonly parts: { usd: number; readonly at: number }[]
  isOpen: boolean
}

/** What was charged when: a bill that is lower takes from the latest dollars of its request. */
class Charges {
  private readonly byRequest = new Map<string, Charged>()

  take(event: SubscribedEvent<'*'>): void {
    switch (event.type) {
      case 'routed': {
        const { model, reservedUsd } = event
        this.byRequest.set(event.id, { model, reservedUsd, parts: [], isOpen: true })
        break
      }
      case 'settled':
      case 'failed':
      case 'cancelled':
      case 'billed':
        charge(this.of(event.id), event.costUsd, event.at)
        break
      case 'expired':
        charge(this.of(event.id), this.of(event.id).reservedUsd, event.at)
        break
      case 'model-removed':
        for (const request of this.byRequest.values())
          if (request.isOpen && request.model === event.model) charge(request, request.reservedUsd, event.at)
    }
  }

  sinceUsd(startsAt: number): number {
    let usd = 0
    for (const { parts } of this.byRequest.values())
      for (const part of parts) if (part.at >= startsAt) usd += part.usd
    return usd
  }

  private of(id: string): Charged {
    const request = this.byRequest.get(id)
    if (request === undefined) throw new Error(`nobody has heard of ${id}`)
    return request
  }
}

function charge(request: Charged, costUsd: number, at: number): void {
  const { parts } = request
  request.isOpen = false
  let moreUsd = costUsd - parts.reduce((sum, { usd }) => sum + usd, 0)
  if (moreUsd > 0) parts.push({ usd: moreUsd, at })
  for (const part of parts.toReversed()) {
    if (moreUsd >= 0) break
    const taken = Math.min(part.usd, -moreUsd)
    part.usd -= taken
    moreUsd += taken
  }
}

const some = <const T>(...values: readonly T[]) => fc.constantFrom(...values)
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: some('route'),
      model: some('a', 'b'),
      usd: some(1, 2, 3),
      count: some(1, 1, 1, 1, 5, 40),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: some('settle', 'fail', 'cancel', 'correct', 'correct', 'correct'),
      // The same few again and again, or any.
      which: fc.oneof(fc.nat({ max: 2 }), fc.nat({ max: 2 }), fc.nat()),
      usd: some(0, 0.5, 1, 2, 5, 50),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: some('wait'),
      ms: fc.integer({ min: 1, max: HOUR }),
      expires: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: some('restore') }) },
  { weight: 1, arbitrary: fc.record({ do: some('remove') }) },
)

it('caps count no less than was charged in their time, whatever becomes of requests, and in which period', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 60 }),
      some(8, 64, 1000),
      async (steps, pendingCapacity) => {
        let now = START
        const charges = new Charges()
        const begin = async (): Promise<Router> => {
          const made = await createRouter({
            models: ['a', 'b'].map((id) => ({ id, inputUsdPerMTok: 0, outputUsdPerMTok: 1000 })),
            dimension: 3,
            kernel: 'js',
            reserve: 'worst-case',
            clock: () => now,
            // Many expire at once, and of a short ring some are pushed out before.
            pendingTtlMs: HOUR / 2,
            pendingCapacity,
            caps: CAPS,
          })
          made.on('*', (event) => charges.take(event))
          return made
        }
        let router = await begin()
        const ids: string[] = []
        const route = (model: string, usd: number) =>
          router.route(X, { candidates: [model], inputTokens: 0, maxOutputTokens: 1000 * usd }).id
        for (const each of steps) {
          try {
            if (each.do === 'route')
              for (let i = 0; i < each.count; i++) ids.push(route(each.model, each.usd))
            else if (each.do === 'wait') {
              now += each.ms
              if (each.expires) router.expire()
            } else if (each.do === 'restore') {
              const bytes = router.snapshot()
              router = await begin()
              router.restore(bytes)
            } else if (each.do === 'remove') router.removeModel('b')
            else if (ids.length > 0) router[each.do](ids[each.which % ids.length], { costUsd: each.usd })
          } catch (error) {
            // Feedback that comes twice, or a model that is gone.
            if (!(error instanceof ParetoBanditError)) throw error
          }
          route('a', 0)
          for (const { spentUsd, startsAt } of router.stats().account?.caps ?? [])
            expect(spentUsd).toBeGreaterThanOrEqual(charges.sinceUsd(startsAt) - 1e-9)
        }
      },
    ),
    { numRuns: 100, seed: 21 },
  )
})
