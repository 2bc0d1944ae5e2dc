import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/index.js'
import '../../support/seed.js'

const USD = 0.004
const LIST = { inputTokens: 6, outputTokens: 300 }

/** A strict account, and bills of one model that are some multiple of what its tokens would cost. */
async function billed(multiple: number, other: { inputUsdPerMTok: number; outputUsdPerMTok: number }) {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const router = await createRouter<string>({
    models: [
      { id: 'billed', ...other },
      { id: 'new', inputUsdPerMTok: 0.25, outputUsdPerMTok: 20 },
    ],
    dimension: 1,
    budget: { usdPerRequest: USD },
    strict: true,
    clock: () => clock.now,
  })
  let listUsd = 0
  for (let i = 0; i < 20; i++) {
    clock.now += 1000
    const decision = router.route([1], { candidates: ['billed'], inputTokens: 6, expectedOutputTokens: 300 })
    listUsd = (6 * other.inputUsdPerMTok + 300 * other.outputUsdPerMTok) / 1e6
    router.settle(decision.id, { costUsd: multiple * listUsd })
  }
  return router
}

describe('a model without a bill, in a strict account', () => {
  it('is let in at its list price, whatever the bills of others are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: -3, max: 3, noNaN: true }), fc.boolean(), async (log, answers) => {
        const multiple = 10 ** log
        // Cheap enough that its own bills leave the account full.
        const router = await billed(multiple, {
          inputUsdPerMTok: 1e-4,
          outputUsdPerMTok: answers ? 1e-4 : 0,
        })
        const decision = router.route([1], {
          candidates: ['new'],
          inputTokens: LIST.inputTokens,
          expectedOutputTokens: LIST.outputTokens,
        })
        expect(decision.model).toBe('new')
        router.settle(decision.id, LIST)
        // And from then on by its own bills.
        const next = router.route([1], { candidates: ['new'], inputTokens: 6, expectedOutputTokens: 300 })
        expect(next.reservedUsd).toBeLessThan(0.02)
      }),
      { numRuns: 50 },
    )
  })

  it('is guessed by models that answer, where it answers: embeddings say nothing of it', async () => {
    const router = await billed(100, { inputUsdPerMTok: 0.02, outputUsdPerMTok: 0 })
    const { expectedCostUsd } = await router.preview([1], {
      candidates: ['new'],
      inputTokens: 6,
      expectedOutputTokens: 300,
    })
    expect(expectedCostUsd).toBeCloseTo((6 * 0.25 + 300 * 20) / 1e6, 12)
  })

  it('is refused where even its list price is more than the account can have', async () => {
    const router = await billed(1, { inputUsdPerMTok: 1e-4, outputUsdPerMTok: 1e-4 })
    expect(() =>
      router.route([1], { candidates: ['new'], inputTokens: 6, expectedOutputTokens: 100_000 }),
    ).toThrow(/the cheapest model may cost/)
  })
})
