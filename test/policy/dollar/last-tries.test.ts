import { describe, expect, it } from 'vitest'
import { gaussian, mulberry32 } from '../../../src/base/random.js'
import { createRouter, ParetoBanditError } from '../../../src/index.js'

const B = 1e-4
const D = 3

interface Played {
  /** Tries while no model was affordable, and those of them that drew more than the cheapest and than a twentieth of what the cap left. */
  readonly tries: number
  readonly tooDear: readonly string[]
}

/** A router without `strict` whose account owes more than it may, for bills far above all others, under a cap. */
async function play(seed: number, capRequests: number, requests: number): Promise<Played> {
  const random = mulberry32(seed)
  const usd = Array.from({ length: 3 }, () => B * Math.exp(2 * gaussian(random)))
  let now = 1.8e12
  const router = await createRouter({
    models: usd.map((_, m) => ({ id: `${m}`, inputUsdPerMTok: 1, outputUsdPerMTok: 1 })),
    budget: { usdPerRequest: B },
    caps: [{ usd: capRequests * B, per: 'hour', timeZone: 'UTC' }],
    dimension: D,
    kernel: 'js',
    name: 'r',
    seed,
    clock: () => now,
  })
  let tries = 0
  const tooDear: string[] = []
  for (let i = 0; i < requests; i++) {
    now += 10_000
    const { creditUsd, caps } = router.stats().account ?? { creditUsd: 0, caps: [] }
    const [{ usd: capUsd, spentUsd, reservedUsd }] = caps
    try {
      const decision = router.route([random() - 0.5, random(), 1], { explain: true })
      const { id, model, canary, reservedUsd: drawnUsd, explanation } = decision
      if (canary && creditUsd < -31 * B) {
        tries++
        const leftUsd = capUsd - spentUsd - reservedUsd
        const leastUsd = Math.min(
          ...(explanation?.models ?? []).map(({ expectedCostUsd }) => expectedCostUsd),
        )
        if (drawnUsd > Math.max(leastUsd, leftUsd / 20))
          tooDear.push(`request ${i}: ${drawnUsd} of ${leftUsd}`)
      }
      const far = random() < 0.004 ? 300 : 1
      router.settle(id, { costUsd: usd[Number(model)] * far * Math.exp(2 * gaussian(random) - 2) })
      router.reward(id, random() < (1 + Number(model)) / 4 ? 1 : 0)
    } catch (error) {
      if (!(error instanceof ParetoBanditError)) throw error
    }
  }
  return { tries, tooDear }
}

describe('a try where no model is affordable', () => {
  it('takes no more than a twentieth of what a cap leaves', async () => {
    let tries = 0
    for (let seed = 3; seed <= 10; seed++) {
      const played = await play(seed, 150, 1000)
      tries += played.tries
      expect([seed, played.tooDear]).toEqual([seed, []])
    }
    expect(tries).toBeGreaterThan(4)
  })
})
