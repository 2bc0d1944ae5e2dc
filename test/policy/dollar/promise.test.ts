import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../../src/base/errors.js'
import type { RouterEvent } from '../../../src/events/events.js'
import type { Decision } from '../../../src/policy/decision.js'
import { type Bench, HOUR, MODELS, makeBench } from '../../support/router.js'
import '../../support/seed.js'

const B = 0.002
const TENANTS = ['a', 'b', undefined] as const
/** Of a budget that is set while requests come: within it, no debt comes to what is written off. */
const TIMES = [0.5, 1, 2]

const action = fc.record({
  do: fc.constantFrom('route', 'route', 'route', 'route', 'route', 'settle', 'settle', 'reward', 'budget'),
  which: fc.nat(1000),
  tenant: fc.constantFrom(...TENANTS),
  /** From what costs nearly nothing to what is many B on every model; most are some B on the cheapest. */
  inputTokens: fc.oneof(
    fc.integer({ min: 1, max: 5000 }),
    { weight: 4, arbitrary: fc.integer({ min: 5000, max: 60_000 }) },
    fc.integer({ min: 1, max: 400_000 }),
  ),
  outputTokens: fc.integer({ min: 0, max: 8000 }),
  times: fc.constantFrom(...TIMES),
  /** A bill over what was reserved for it. */
  factor: fc.double({ min: 0.75, max: 1.25, noNaN: true }),
  reward: fc.double({ min: 0, max: 1, noNaN: true }),
  exploit: fc.boolean(),
})
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

const worlds = fc.record({
  burst: fc.constantFrom(1, 5, 12, 20, 50, 80),
  reserve: fc.constantFrom('expected' as const, 'worst-case' as const),
  epsilon: fc.constantFrom(0, 0.3),
  hasCaps: fc.boolean(),
  /** With more a scan is pruned. */
  copies: fc.constantFrom(1, 8),
})
type World = typeof worlds extends fc.Arbitrary<infer T> ? T : never

/** What an account may have spent and reserved when a request was routed, as its events say. */
class Promised {
  private usdPerRequest: number
  private mostUsd: number
  private paidUsd = 0
  private readonly burst: number
  private readonly isOwn: (tenant: string | null) => boolean

  constructor(usdPerRequest: number, burst: number, isOwn: (tenant: string | null) => boolean) {
    this.usdPerRequest = this.mostUsd = usdPerRequest
    this.burst = burst
    this.isOwn = isOwn
  }

  hear(event: RouterEvent, tenant: string | null): void {
    if (event.type === 'budget-set' && event.tenant === tenant) {
      this.usdPerRequest = event.usdPerRequest ?? Number.NaN
      this.mostUsd = Math.max(this.mostUsd, this.usdPerRequest)
    }
    if (event.type === 'routed' && this.isOwn(event.tenant)) this.paidUsd += this.usdPerRequest
    if (event.type === 'refused' && event.tenant === tenant)
      this.paidUsd += event.requests * this.usdPerRequest
  }

  get boundUsd(): number {
    return this.paidUsd + this.burst * this.mostUsd
  }
}

function begin({ burst, reserve, epsilon, hasCaps, copies }: World): Promise<Bench> {
  return makeBench({
    policy: 'dollar',
    strict: true,
    reserve,
    epsilon,
    budget: { usdPerRequest: B, burst },
    tenants: [
      { id: 'a', budget: { usdPerRequest: B / 4 } },
      { id: 'b', budget: { usdPerRequest: 3 * B } },
    ],
    ...(hasCaps ? { caps: [{ usd: 20 * B, per: 'hour', window: 'rolling' }] } : {}),
    models: Array.from({ length: copies }, (_, i) =>
      MODELS.map(({ id, inputUsdPerMTok, outputUsdPerMTok }) => ({
        id: `${id}${i}`,
        inputUsdPerMTok: inputUsdPerMTok * (1 + i / 100),
        outputUsdPerMTok,
      })),
    ).flat(),
    pendingTtlMs: 5 * HOUR,
  })
}

/** @returns how many requests were routed that no account would have paid for at B */
async function play(script: readonly Action[], world: World): Promise<number> {
  const { router, clock } = await begin(world)
  const accounts = [
    { tenant: null, promised: new Promised(B, world.burst, () => true) },
    { tenant: 'a', promised: new Promised(B / 4, world.burst, (tenant) => tenant === 'a') },
    { tenant: 'b', promised: new Promised(3 * B, world.burst, (tenant) => tenant === 'b') },
  ]
  router.on('*', (event) => {
    for (const { tenant, promised } of accounts) promised.hear(event, tenant)
  })
  const open: Decision[] = []
  let above = 0
  for (const each of script) {
    clock.advance(1000)
    const { inputTokens, outputTokens, tenant, exploit } = each
    try {
      if (each.do === 'route') {
        const size =
          world.reserve === 'worst-case'
            ? { inputTokens, maxOutputTokens: outputTokens + 1 }
            : { inputTokens, expectedOutputTokens: outputTokens }
        const one = router.route([Math.sin(each.which), Math.cos(each.which), 1], {
          ...size,
          exploit,
          ...(tenant === undefined ? {} : { tenant }),
        })
        open.push(one)
        if (one.reservedUsd > B) above++
        for (const { tenant, promised } of accounts) {
          const { spendUsd, reservedUsd } =
            tenant === null ? router.stats().pacer : router.tenantStats(tenant)
          expect(spendUsd + reservedUsd).toBeLessThanOrEqual(promised.boundUsd * (1 + 1e-9))
        }
      } else if (each.do === 'budget') {
        const own = tenant === 'a' ? B / 4 : tenant === 'b' ? 3 * B : B
        router.setBudget({ usdPerRequest: each.times * own }, tenant === undefined ? {} : { tenant })
      } else if (open.length > 0) {
        const [{ id, reservedUsd }] =
          each.do === 'settle' ? open.splice(each.which % open.length, 1) : [open[each.which % open.length]]
        if (each.do === 'reward') router.reward(id, each.reward)
        else router.settle(id, { costUsd: each.factor * reservedUsd })
      }
    } catch (error) {
      if (!(error instanceof ParetoBanditError)) throw error
    }
  }
  return above
}

describe('the promise of a strict router', () => {
  it('holds whenever a request was routed: prompts of all sizes, tenants, caps, budgets that change, bills near their reservations', async () => {
    let above = 0
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 200 }), worlds, async (script, world) => {
        above += await play(script, world)
      }),
      { numRuns: 150 },
    )
    // What is drawn on credit above B is what the promise is tried by.
    expect(above).toBeGreaterThan(100)
  })
})
