import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../../src/base/errors.js'
import type { EventOf, RouterEvent } from '../../../src/events/events.js'
import type { KernelName } from '../../../src/kernel/kernel.js'
import type { Decision } from '../../../src/policy/decision.js'
import type { RouterOptions } from '../../../src/policy/options.js'
import { NATIVE_MISSING } from '../../support/arena.js'
import { expectCode, wrong } from '../../support/errors.js'
import { digest, HOUR, MODELS, makeBench, X } from '../../support/router.js'
import '../../support/seed.js'

const KERNELS: readonly KernelName[] = NATIVE_MISSING === null ? ['js', 'wasm', 'native'] : ['js', 'wasm']
const B = 0.002
const CAP = 0.5
const TENANTS = ['a', 'b', undefined] as const

const amount = fc.double({ min: 0, max: 30, noNaN: true })
const action = fc.record({
  do: fc.constantFrom(
    'route',
    'route',
    'route',
    'route',
    'settle',
    'settle',
    'reward',
    'fail',
    'reprice',
    'wait',
  ),
  which: fc.nat(1000),
  tenant: fc.constantFrom(...TENANTS),
  x: fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true })),
  factor: amount,
  reward: fc.double({ min: 0, max: 1, noNaN: true }),
})
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never
const scripts = fc.array(action, { minLength: 5, maxLength: 150 })
/** Chance keeps the promise too. */
const epsilons = fc.constantFrom(0, 0.5)

const STRICT: RouterOptions = {
  policy: 'dollar',
  budget: { usdPerRequest: B },
  strict: true,
  models: [],
  pendingTtlMs: 5 * HOUR,
  tenants: [
    { id: 'a', budget: { usdPerRequest: B / 4 } },
    { id: 'b', budget: { usdPerRequest: 3 * B }, caps: [{ usd: CAP / 5, per: 'hour' }] },
  ],
  caps: [
    { usd: CAP, per: 'day', timeZone: 'Europe/Berlin' },
    { usd: CAP / 2, per: 'hour', window: 'rolling' },
  ],
}

interface Open {
  readonly decision: Decision
  closed: boolean
}

/** How many requests of those events were offered: routed, or refused for a budget. */
function offeredIn(
  log: readonly RouterEvent[],
  isMeant: (event: EventOf<'routed'> | EventOf<'refused'>) => boolean,
): number {
  return log.reduce((count, event) => {
    if (event.type === 'routed') return isMeant(event) ? count + 1 : count
    return event.type === 'refused' && isMeant(event) ? count + event.requests : count
  }, 0)
}

/** Plays a script and calls `routed` after every request that was routed or refused for a budget. */
async function play(
  script: readonly Action[],
  options: RouterOptions,
  routed: (bench: Awaited<ReturnType<typeof makeBench>>, tenant: string | undefined) => void = () => {},
) {
  const bench = await makeBench({ ...STRICT, ...options })
  const { router, clock } = bench
  for (const model of MODELS) router.addModel(model)
  const open: Open[] = []
  for (const each of script) {
    clock.advance(1000)
    const one = open[each.which % Math.max(1, open.length)]
    try {
      if (each.do === 'route') {
        const sizes = options.reserve === 'worst-case' ? { inputTokens: 500, maxOutputTokens: 200 } : {}
        const tenant = each.tenant === undefined ? {} : { tenant: each.tenant }
        open.push({ decision: router.route([...each.x, 1], { ...sizes, ...tenant }), closed: false })
        routed(bench, each.tenant)
      } else if (each.do === 'wait') clock.advance(each.which * 60_000)
      else if (each.do === 'reprice') {
        const price = 0.1 + each.factor
        router.reprice(MODELS[each.which % 3].id, { inputUsdPerMTok: price, outputUsdPerMTok: 2 * price })
      } else if (one !== undefined) {
        const { id, reservedUsd } = one.decision
        // With worst-case reservations nothing can cost more than was set aside.
        const costUsd =
          reservedUsd * (options.reserve === 'worst-case' ? Math.min(1, each.factor) : each.factor)
        if (each.do === 'settle') router.settle(id, { costUsd })
        else if (each.do === 'fail') router.fail(id, { costUsd })
        else router.reward(id, each.reward)
        if (each.do !== 'reward') one.closed = true
      }
    } catch (error) {
      if (!(error instanceof ParetoBanditError)) throw error
    }
  }
  return { ...bench, open }
}

describe('accounts with strict', () => {
  it.each(KERNELS)(
    'hold their promise whenever a request is routed on %s, whatever prices, bills and rewards do',
    async (kernel) => {
      await fc.assert(
        fc.asyncProperty(scripts, epsilons, async (script, epsilon) => {
          await play(script, { kernel, epsilon }, ({ router, log }, tenant) => {
            const offered = offeredIn(log, (event) => event.type === 'routed' || event.tenant === null)
            const { spendUsd, reservedUsd } = router.stats().pacer
            expect(spendUsd + reservedUsd).toBeLessThanOrEqual((offered + 50) * B * (1 + 1e-9))
            if (tenant === undefined) return
            const own = router.tenantStats(tenant)
            const ownOffered = offeredIn(log, (event) => event.tenant === tenant)
            const promise = (ownOffered + 50) * (own.usdPerRequest ?? Number.NaN)
            expect(own.spendUsd + own.reservedUsd).toBeLessThanOrEqual(promise * (1 + 1e-9))
          })
        }),
        { numRuns: 40 },
      )
    },
  )

  it.each(KERNELS)(
    'on %s never exceed a cap by more than what requests in flight cost above their reservations',
    async (kernel) => {
      await fc.assert(
        fc.asyncProperty(scripts, fc.boolean(), async (script, strict) => {
          await play(script, { kernel, strict, budget: null }, ({ router }) => {
            for (const { caps } of [router.stats().account, router.tenantStats('b')].flatMap(
              (each) => each ?? [],
            )) {
              for (const { spentUsd, reservedUsd, usd } of caps)
                expect(spentUsd + reservedUsd).toBeLessThanOrEqual(usd * (1 + 1e-9))
            }
          })
        }),
        { numRuns: 40 },
      )
    },
  )

  it.each(KERNELS)('on %s spend nothing above the promise with worst-case reservations', async (kernel) => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const { router, log, open } = await play(script, { kernel, reserve: 'worst-case' })
        for (const { decision, closed } of open)
          if (!closed)
            try {
              router.settle(decision.id, { costUsd: decision.reservedUsd })
            } catch (error) {
              if (!(error instanceof ParetoBanditError)) throw error
            }
        const offered = offeredIn(log, () => true)
        expect(router.stats().pacer.spendUsd).toBeLessThanOrEqual((offered + 50) * B * (1 + 1e-9))
      }),
      { numRuns: 40 },
    )
  })

  it('fold to the same state on every kernel, and go on after a restore', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, scripts, async (script, rest) => {
        const { router, log, clock } = await play(script, { kernel: 'js' })
        const { caps: _, tenants: __, ...bare } = STRICT
        for (const kernel of KERNELS) {
          const other = await makeBench({ ...bare, kernel })
          setUp(other.router)
          for (const event of log) other.router.apply(event)
          expect(digest(other.router)).toBe(digest(router))
        }
        const restored = await makeBench(bare)
        restored.router.restore(router.snapshot())
        restored.clock.now = clock.now
        expect(digest(restored.router)).toBe(digest(router))
        for (const each of rest.slice(0, 40)) {
          const options = each.tenant === undefined ? {} : { tenant: each.tenant }
          const [one, two] = [router, restored.router].map((each) => outcome(() => each.route(X, options)))
          expect(two).toEqual(one)
          clock.advance(each.which * 1000)
          restored.clock.now = clock.now
        }
        expect(digest(restored.router)).toBe(digest(router))
      }),
      { numRuns: 15 },
    )
  })

  it('come out of debt by the requests they refuse, and say whose account it was', async () => {
    const { router, log } = await makeBench({
      policy: 'dollar',
      strict: true,
      models: [MODELS[0]],
      tenants: [{ id: 'a', budget: { usdPerRequest: 0.001 } }],
    })
    for (let i = 0; i < 300; i++) {
      const { id, expectedCostUsd } = router.route(X, { tenant: 'a' })
      router.settle(id, { costUsd: expectedCostUsd })
    }
    router.settle(router.route(X, { tenant: 'a' }).id, { costUsd: 0.09 })
    let refusals = 0
    while (refusals < 1000) {
      const error = outcome(() => router.route(X, { tenant: 'a' }))
      if (typeof error !== 'string') break
      expect(error).toBe('BUDGET_EXHAUSTED')
      refusals++
    }
    // 50 of 90 were saved up, and 30 may be overdrawn.
    expect(refusals).toBeGreaterThan(5)
    expect(refusals).toBeLessThan(15)
    expect(router.tenantStats('a')).toMatchObject({ refused: refusals })
    expect(offeredIn(log, ({ type, tenant }) => type === 'refused' && tenant === 'a')).toBe(refusals)
    expect(router.route(X).model).toBe('small')
  })
})

describe('a budget that even the cheapest model is over', () => {
  const options: RouterOptions = { policy: 'dollar', budget: { usdPerRequest: 1e-6 } }

  it('is reported on the decision and in stats', async () => {
    const { router } = await makeBench({ ...options, models: [] })
    for (const model of MODELS) router.addModel(model, { forcedExploration: 0 })
    const decision = router.route(X)
    expect(decision).toMatchObject({ model: 'small', infeasible: ['budget'] })
    expect(router.stats().account).toMatchObject({ infeasible: 1 })
    router.setBudget({ usdPerRequest: 0.01 })
    expect(router.route(X).infeasible).toEqual([])
  })

  it('is refused when strict, once what was saved up is spent', async () => {
    const { router } = await makeBench({ ...options, strict: true, models: [MODELS[0]] })
    expectCode(() => router.route(X), 'BUDGET_EXHAUSTED', 'budget')
    expect(router.stats()).toMatchObject({ requests: 0, account: { refused: 1 } })
  })
})

describe('a cap', () => {
  it('makes requests cheaper before it refuses, and lets them through in the next period', async () => {
    const { router, clock, log } = await makeBench({
      policy: 'dollar',
      caps: [{ usd: 1, per: 'day' }],
    })
    clock.now = Date.parse('2026-03-02T00:00Z')
    const costs = { small: 0.0005, middle: 0.003, large: 0.02 }
    const rewards = { small: 0.4, middle: 0.7, large: 0.95 }
    const shares: Record<string, number>[] = []
    const day = (): void => {
      const count: Record<string, number> = { refused: 0 }
      for (let i = 0; i < 479; i++) {
        clock.advance(3 * 60_000)
        const decision = outcome(() => router.route([Math.sin(i), Math.cos(3 * i), 1]))
        if (typeof decision === 'string') count.refused++
        else {
          count[decision.model] = (count[decision.model] ?? 0) + 1
          router.settle(decision.id, { costUsd: costs[decision.model as keyof typeof costs] })
          router.reward(decision.id, rewards[decision.model as keyof typeof rewards])
        }
      }
      shares.push(count)
      expect(router.stats().account?.caps[0].spentUsd).toBeLessThanOrEqual(1.02)
    }
    for (let i = 0; i < 4; i++) {
      clock.now = Date.parse('2026-03-02T00:00Z') + i * 24 * HOUR
      day()
    }
    const last = shares[3]
    expect(last.refused).toBe(0)
    expect((last.middle ?? 0) + (last.small ?? 0)).toBeGreaterThan(240)
    expect(router.stats().account?.caps[0].spentUsd).toBeGreaterThan(0.75)
    expect(log.filter(({ type }) => type === 'period-started')).toHaveLength(4)
  })

  it('refuses what even the cheapest model would break, and says which', async () => {
    const { router } = await makeBench({ policy: 'dollar', caps: [{ usd: 1e-9, per: 'hour' }] })
    const before = router.stats().requests
    expectCode(() => router.route(X), 'BUDGET_EXHAUSTED', 'caps')
    expect(router.stats().requests).toBe(before)
    router.setCaps([])
    expect(router.route(X).model).toBeTypeOf('string')
  })

  it('keeps what it has counted when its limit is changed', async () => {
    const { router } = await makeBench({ policy: 'dollar', caps: [{ usd: 1, per: 'day' }] })
    router.settle(router.route(X).id, { costUsd: 0.25 })
    router.setCaps([
      { usd: 2, per: 'day' },
      { usd: 9, per: 'hour', window: 'rolling' },
    ])
    const [day, hour] = router.stats().account?.caps ?? []
    expect(day).toMatchObject({ usd: 2, spentUsd: 0.25, availableUsd: 1.75 })
    expect(hour).toMatchObject({ usd: 9, spentUsd: 0, timeZone: null })
  })
})

describe('tenants', () => {
  it('each keep to their own budget, share what is learned, and pay different prices', async () => {
    const { router } = await makeBench({
      policy: 'dollar',
      tenants: [
        { id: 'poor', budget: { usdPerRequest: 0.001 } },
        { id: 'rich', budget: { usdPerRequest: 0.015 } },
      ],
    })
    const costs = { small: 0.0005, middle: 0.003, large: 0.02 }
    const rewards = { small: 0.4, middle: 0.7, large: 0.95 }
    const count = { poor: 0, rich: 0 }
    for (let i = 0; i < 4000; i++) {
      // A request of the rich costs twice as much on any model.
      const tenant = i % 4 === 0 ? 'rich' : 'poor'
      const decision = router.route([Math.sin(i), Math.cos(3 * i), 1], { tenant })
      const costUsd = costs[decision.model as keyof typeof costs] * (tenant === 'rich' ? 2 : 1)
      router.settle(decision.id, { costUsd })
      router.reward(decision.id, rewards[decision.model as keyof typeof rewards])
      count[tenant]++
    }
    for (const tenant of ['poor', 'rich'] as const) {
      const { utilisation, spendUsd, usdPerRequest } = router.tenantStats(tenant)
      expect(utilisation).toBeLessThanOrEqual(1.03)
      expect(utilisation).toBeGreaterThan(0.85)
      expect(spendUsd / count[tenant] / (usdPerRequest ?? 0)).toBeCloseTo(utilisation ?? 0, 6)
    }
    expect(router.tenantStats('poor').shadowPrice).toBeGreaterThan(0)
    expect(router.stats()).toMatchObject({ tenants: 2, requests: 4000 })
  })

  it('are found by the thousands, changed at run time, and forgotten', async () => {
    const { router } = await makeBench({ policy: 'dollar', budget: { usdPerRequest: 0.01 } })
    for (let i = 0; i < 3000; i++) router.addTenant({ id: `t${i}`, budget: { usdPerRequest: 0.001 } })
    const open = router.route(X, { tenant: 't2999' })
    router.setBudget({ usdPerRequest: 0.5 }, { tenant: 't2999' })
    expect(router.tenantStats('t2999')).toMatchObject({ usdPerRequest: 0.5 })
    expect(router.tenantStats('t1')).toMatchObject({ usdPerRequest: 0.001, spendUsd: 0 })
    router.setCaps([{ usd: 3, per: 'month', timeZone: 'Asia/Tokyo' }], { tenant: 't1' })
    router.route(X, { tenant: 't1' })
    expect(router.tenantStats('t1').caps[0]).toMatchObject({ usd: 3, timeZone: 'Asia/Tokyo' })
    router.removeTenant('t2999')
    expectCode(() => router.route(X, { tenant: 't2999' }), 'UNKNOWN_TENANT', 'tenant')
    router.settle(open.id, { costUsd: 0.007 })
    expect(router.stats().pacer.spendUsd).toBe(0.007)
    expect(router.stats().tenants).toBe(2999)
  })

  it('refuse what is wrong and change nothing', async () => {
    const { router } = await makeBench({ policy: 'dollar', tenants: [{ id: 'a' }] })
    const before = digest(router)
    expectCode(() => router.addTenant({ id: 'a' }), 'DUPLICATE_TENANT', 'tenant.id')
    expectCode(() => router.addTenant({ id: '' }), 'INVALID_ARGUMENT', 'tenant.id')
    expectCode(() => router.addTenant(wrong({ id: 'b', bugdet: null })), 'UNKNOWN_OPTION', 'tenant.bugdet')
    expectCode(
      () => router.addTenant({ id: 'b', budget: { usdPerRequest: -1 } }),
      'INVALID_ARGUMENT',
      'tenant.budget.usdPerRequest',
    )
    expectCode(
      () => router.addTenant(wrong({ id: 'b', budget: { usdPerRequest: 1, burst: 3 } })),
      'INVALID_ARGUMENT',
      'tenant.budget.burst',
    )
    expectCode(() => router.addTenants([{ id: 'b' }, { id: 'a' }]), 'DUPLICATE_TENANT', 'tenants[1].id')
    expectCode(() => router.addTenants([{ id: 'b' }, { id: 'b' }]), 'DUPLICATE_TENANT', 'tenants[1].id')
    expectCode(() => router.addTenants(wrong([{ id: 'b' }, 5])), 'INVALID_ARGUMENT', 'tenants[1]')
    expectCode(() => router.removeTenant('b'), 'UNKNOWN_TENANT', 'id')
    expectCode(() => router.tenantStats('b'), 'UNKNOWN_TENANT', 'id')
    expectCode(() => router.setBudget(null, { tenant: 'ab' }), 'UNKNOWN_TENANT', 'options.tenant')
    expectCode(() => router.setBudget(null, wrong({ tennant: 'a' })), 'UNKNOWN_OPTION', 'options.tennant')
    expectCode(() => router.setCaps(wrong(5)), 'INVALID_ARGUMENT', 'caps')
    expectCode(() => router.route(X, { tenant: 'A1' }), 'UNKNOWN_TENANT', 'tenant')
    expectCode(() => router.route(X, wrong({ tenant: 5 })), 'INVALID_ARGUMENT', 'tenant')
    const at = 0
    const bad: [unknown, Parameters<typeof expectCode>[1], string][] = [
      [{ type: 'tenant-added', at, tenant: 'a', usdPerRequest: null }, 'DUPLICATE_TENANT', 'event.tenant'],
      [
        { type: 'tenant-added', at, tenant: 'b', usdPerRequest: 0 },
        'INVALID_ARGUMENT',
        'event.usdPerRequest',
      ],
      [{ type: 'tenant-removed', at, tenant: null }, 'INVALID_ARGUMENT', 'event.tenant'],
      [{ type: 'refused', at, tenant: 'b' }, 'UNKNOWN_TENANT', 'event.tenant'],
      [
        { type: 'caps-set', at, tenant: null, caps: [{ usd: -1, per: 'day' }] },
        'INVALID_ARGUMENT',
        'event.caps[0].usd',
      ],
      [
        { type: 'period-started', at, tenant: null, cap: 0, startsAt: 0, endsAt: 1 },
        'EVENT_OUT_OF_ORDER',
        'event.cap',
      ],
      [{ type: 'budget-set', at, tenant: 'b', usdPerRequest: 1 }, 'UNKNOWN_TENANT', 'event.tenant'],
    ]
    for (const [event, code, field] of bad)
      expectCode(() => router.apply(wrong<RouterEvent>(event)), code, field)
    expect(digest(router)).toBe(before)
  })

  it('are nothing to policy paper, which says so', async () => {
    const paper = { policy: 'paper' } as const
    await expect(makeBench({ ...paper, tenants: [] })).rejects.toMatchObject({ field: 'tenants' })
    await expect(makeBench({ ...paper, strict: true })).rejects.toMatchObject({ field: 'strict' })
    const { router } = await makeBench(paper)
    expectCode(() => router.addTenant({ id: 'a' }), 'INVALID_ARGUMENT', 'tenant')
    expectCode(() => router.setCaps([]), 'INVALID_ARGUMENT', 'caps')
    expectCode(() => router.route(X, { tenant: 'a' }), 'INVALID_ARGUMENT', 'tenant')
    expect(router.stats()).toMatchObject({ account: null, tenants: 0 })
  })

  it('want the sizes of requests for worst-case reservations', async () => {
    const { router } = await makeBench({ policy: 'dollar', reserve: 'worst-case' })
    expectCode(() => router.route(X), 'INVALID_ARGUMENT', 'inputTokens')
    expectCode(() => router.route(X, { inputTokens: 5 }), 'INVALID_ARGUMENT', 'maxOutputTokens')
    const decision = router.route(X, { inputTokens: 1000, maxOutputTokens: 2000, candidates: ['large'] })
    expect(decision.reservedUsd).toBeCloseTo((1000 * 5 + 2000 * 25) / 1e6, 12)
    expect(router.stats().pacer.reservedUsd).toBe(decision.reservedUsd)
  })

  it('set aside the most that a prompt can have, and expect its estimate', async () => {
    const { router } = await makeBench({ policy: 'dollar', reserve: 'worst-case' })
    const sizes = { inputTokens: 1000, maxOutputTokens: 2000, candidates: ['large'] }
    const usual = await router.preview(X, sizes)
    const most = await router.preview(X, { ...sizes, maxInputTokens: 4000 })
    expect(most.reservedUsd).toBeCloseTo((4000 * 5 + 2000 * 25) / 1e6, 12)
    expect(most.expectedCostUsd).toBe(usual.expectedCostUsd)
    expect(await router.preview(X, { ...sizes, maxInputTokens: 1000 })).toEqual(usual)
    expectCode(() => router.route(X, { ...sizes, maxInputTokens: 999 }), 'INVALID_ARGUMENT', 'maxInputTokens')
    expectCode(() => router.route(X, { ...sizes, maxInputTokens: -1 }), 'INVALID_ARGUMENT', 'maxInputTokens')
    // Where expected costs are set aside it changes nothing.
    const { router: expecting } = await makeBench({ policy: 'dollar' })
    const same = await expecting.preview(X, { ...sizes, maxInputTokens: 4000 })
    expect(same).toEqual(await expecting.preview(X, sizes))
  })
})

function setUp(router: Awaited<ReturnType<typeof makeBench>>['router']): void {
  router.setCaps(STRICT.caps ?? [])
  for (const tenant of STRICT.tenants ?? []) router.addTenant(tenant)
}

/** What a call gives, or the code of the error it throws. */
function outcome(call: () => Decision): Decision | string {
  try {
    return call()
  } catch (error) {
    if (error instanceof ParetoBanditError) return error.code
    throw error
  }
}
