import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RouterEvent } from '../../src/events/events.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import { type Operation, operation, Run } from '../support/operations.js'
import { makeBench } from '../support/router.js'
import '../support/seed.js'

/** What was booked of every request, by its events alone. */
class Books {
  private readonly reserved = new Map<string, { readonly model: string; readonly usd: number }>()
  private readonly booked = new Map<string, number>()
  failures = 0

  hear(event: RouterEvent): void {
    switch (event.type) {
      case 'routed':
        this.reserved.set(event.id, { model: event.model, usd: event.reservedUsd })
        break
      case 'failed':
        this.failures++
        this.book(event.id, event.costUsd)
        break
      case 'settled':
      case 'cancelled':
      case 'billed':
        this.book(event.id, event.costUsd)
        break
      case 'expired':
        this.expire(event.id)
        break
      case 'model-removed':
        for (const [id, { model }] of this.reserved) if (model === event.model) this.expire(id)
    }
  }

  get spendUsd(): number {
    return [...this.booked.values()].reduce((sum, usd) => sum + usd, 0)
  }

  get reservedUsd(): number {
    return [...this.reserved.values()].reduce((sum, { usd }) => sum + usd, 0)
  }

  get inFlight(): number {
    return this.reserved.size
  }

  private book(id: string, usd: number): void {
    this.reserved.delete(id)
    this.booked.set(id, usd)
  }

  private expire(id: string): void {
    const reserved = this.reserved.get(id)
    if (reserved !== undefined) this.book(id, reserved.usd)
  }
}

describe.each(POLICY_NAMES)('under policy %s', (policy) => {
  it('every request is booked once, at what was said of it last', async () => {
    const ring = fc.constantFrom(4, 64)
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 20, maxLength: 120 }),
        ring,
        async (steps, capacity) => {
          const bench = await makeBench({
            policy,
            budget: { usdPerRequest: 0.01 },
            pendingCapacity: capacity,
          })
          const books = new Books()
          bench.router.on('*', (event) => books.hear(event))
          const run = new Run(bench)
          // What was set aside or spent without a budget is no part of this.
          for (const step of steps.filter((each: Operation) => each.do !== 'budget')) run.step(step)
          const { pacer, pending } = bench.router.stats()
          const close = (usd: number): unknown => expect.closeTo(usd, 6 - Math.log10(1 + books.spendUsd))
          expect({ ...pacer, unsettled: pending.unsettled }).toMatchObject({
            spendUsd: close(books.spendUsd),
            reservedUsd: close(books.reservedUsd),
            unsettled: books.inFlight,
          })
        },
      ),
      { numRuns: 60 },
    )
  })
})
