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
    for (let seed = 5; seed <= 9; seed++) {
      const played = await play(seed, 150, 1000)
      tries += played.tries
      expect([seed, played.tooDear]).toEqual([seed, []])
    }
    expect(tries).toBeGreaterThan(4)
  })
})

/** Models that cost about as much as the budget, of lognormal bills now and then far above all others. */
interface Strict {
  readonly models: number
  readonly isFirstFree: boolean
  readonly hasTenant: boolean
  /** Budgets in force one after the other, each for 300 requests. */
  readonly budgets: readonly number[]
}

/** @returns by how much spend and reservations were ever above the promise when a request was routed, USD, and how many tries there were */
async function playStrict({ models, isFirstFree, hasTenant, budgets }: Strict, seed: number) {
  const random = mulberry32(seed)
  const usd = Array.from({ length: models }, (_, m) =>
    isFirstFree && m === 0 ? 0 : B * Math.exp(1.5 * gaussian(random)),
  )
  const router = await createRouter({
    models: usd.map((each, m) => ({
      id: `${m}`,
      inputUsdPerMTok: 0,
      outputUsdPerMTok: each === 0 ? 0 : 1,
    })),
    budget: { usdPerRequest: budgets[0] },
    tenants: hasTenant ? [{ id: 't', budget: { usdPerRequest: B / 2 } }] : [],
    strict: true,
    dimension: D,
    kernel: 'js',
    name: 'r',
    seed,
    clock: () => 1.8e12,
  })
  let usdPerRequest = budgets[0]
  let paidInUsd = 0
  // What a tenant's account refuses alone pays nothing into the router's.
  router.on('routed', () => {
    paidInUsd += usdPerRequest
  })
  router.on('refused', ({ tenant, requests }) => {
    if (tenant === null) paidInUsd += requests * usdPerRequest
  })
  let aboveUsd = Number.NEGATIVE_INFINITY
  let tries = 0
  for (let i = 0; i < 300 * budgets.length; i++) {
    if (i > 0 && i % 300 === 0) {
      const next = budgets[Math.floor(i / 300)]
      router.setBudget({ usdPerRequest: next })
      usdPerRequest = next
    }
    try {
      const tenant = hasTenant && random() < 0.5 ? { tenant: 't' } : {}
      const { id, model, canary } = router.route([random() - 0.5, random(), 1], tenant)
      if (canary) tries++
      const { spendUsd, reservedUsd } = router.stats().pacer
      const promisedUsd = paidInUsd + 50 * Math.max(...budgets)
      aboveUsd = Math.max(aboveUsd, spendUsd + reservedUsd - promisedUsd * (1 + 1e-9))
      const far = random() < 0.01 ? 20 : 1
      router.settle(id, { costUsd: usd[Number(model)] * far * Math.exp(gaussian(random) - 0.5) })
      router.reward(id, random() < (1 + Number(model)) / 6 ? 1 : 0)
    } catch (error) {
      if (!(error instanceof ParetoBanditError)) throw error
    }
  }
  return { aboveUsd, tries }
}

describe('tries of models that few bills make look dear', () => {
  it('keep the promise of a strict router, whatever the models, the tenants and the budgets are', async () => {
    let tries = 0
    for (let seed = 1; seed <= 12; seed++) {
      const world = {
        models: 1 + (seed % 5),
        isFirstFree: seed % 3 === 0,
        hasTenant: seed % 2 === 0,
        budgets: [[B], [B, B / 100, B], [B / 10, 3 * B, B / 3, 1e-7 * B]][seed % 3].flatMap((each) => [
          each,
          each,
        ]),
      }
      const played = await playStrict(world, seed)
      tries += played.tries
      expect(played.aboveUsd, `seed ${seed}`).toBeLessThanOrEqual(0)
    }
    expect(tries).toBeGreaterThan(20)
  })
})
