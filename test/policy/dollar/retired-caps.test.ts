import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/create-router.js'
import type { CapOptions } from '../../../src/policy/dollar/accounts/cap-period.js'
import type { Router } from '../../../src/router/router.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { HOUR, X } from '../../support/router.js'

const START = Date.UTC(2026, 9, 24, 12)
const MIDNIGHT = Date.UTC(2026, 9, 25)
const MINUTE = HOUR / 60
const clock = { now: START }
const DAY: CapOptions = { usd: 1, per: 'day' }
const ROLLING: CapOptions = { usd: 1, per: 'day', window: 'rolling' }

async function started(
  caps: readonly CapOptions[],
  tenant: string | null,
  more: object = {},
): Promise<Router> {
  clock.now = START
  return createRouter({
    models: [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }],
    dimension: 3,
    kernel: 'js',
    reserve: 'worst-case',
    clock: () => clock.now,
    ...(tenant === null ? { caps } : { tenants: [{ id: tenant, caps }] }),
    ...more,
  })
}

const of = (tenant: string | null) => (tenant === null ? undefined : { tenant })

function route(router: Router, tenant: string | null, usd = 0.1): string {
  return router.route(X, { inputTokens: 0, maxOutputTokens: 1000 * usd, ...of(tenant) }).id
}

function spend(router: Router, tenant: string | null, usd: number): void {
  router.settle(route(router, tenant, usd), { costUsd: usd })
}

function capOf(router: Router, tenant: string | null, i = 0) {
  const account = tenant === null ? router.stats().account : router.tenantStats(tenant)
  const cap = account?.caps[i]
  if (cap === undefined) throw new Error('no such cap')
  return cap
}

/** A router that begins with the snapshot of another. */
async function restoredFrom(router: Router, more: object = {}): Promise<Router> {
  const { now } = clock
  const copy = await started([], null, more)
  clock.now = now
  copy.restore(router.snapshot())
  return copy
}

describe.each([null, 't'])('a cap that is taken away and put back, of %s', (tenant) => {
  it.each([DAY, ROLLING])('counts what it had, and what was spent without it: %o', async (cap) => {
    const router = await started([cap], tenant)
    spend(router, tenant, 0.4)
    router.setCaps([], of(tenant))
    clock.now += HOUR
    spend(router, tenant, 0.3)
    router.setCaps([{ ...cap, usd: 1.5 }], of(tenant))
    expect(capOf(router, tenant)).toMatchObject({ usd: 1.5, spentUsd: expect.closeTo(0.7, 12) })
    expect(() => route(router, tenant, 0.9)).toThrow()
    spend(router, tenant, 0.8)
  })

  it.each([DAY, ROLLING])('counts what is in flight meanwhile once: %o', async (cap) => {
    const router = await started([cap], tenant)
    const [early, late] = [route(router, tenant), route(router, tenant)]
    router.setCaps([], of(tenant))
    router.settle(early, { costUsd: 0.05 })
    const between = route(router, tenant)
    router.setCaps([cap], of(tenant))
    expect(capOf(router, tenant)).toMatchObject({
      spentUsd: expect.closeTo(0.05, 12),
      reservedUsd: expect.closeTo(0.2, 12),
    })
    router.settle(late, { costUsd: 0.1 })
    router.cancel(between)
    expect(capOf(router, tenant)).toMatchObject({ spentUsd: expect.closeTo(0.15, 12), reservedUsd: 0 })
  })

  it('starts again from 0 in the next period', async () => {
    const router = await started([DAY], tenant)
    spend(router, tenant, 0.9)
    router.setCaps([], of(tenant))
    clock.now += 24 * HOUR
    spend(router, tenant, 0.1)
    router.setCaps([DAY], of(tenant))
    spend(router, tenant, 0.1)
    expect(capOf(router, tenant).spentUsd).toBeCloseTo(0.1, 12)
  })

  it.each(['once', 'twice'])(
    'keeps the bill that came after its period, taken away %s after that',
    async (often) => {
      const router = await started([DAY], tenant)
      const id = route(router, tenant, 0.9)
      clock.now = MIDNIGHT + 5 * MINUTE
      router.settle(id, { costUsd: 0.9 })
      clock.now += MINUTE
      router.setCaps([], of(tenant))
      spend(router, tenant, 0.0625)
      if (often === 'twice') router.setCaps([], of(tenant))
      const copy = await restoredFrom(router)
      for (const each of [router, copy]) {
        each.setCaps([DAY], of(tenant))
        expect(() => route(each, tenant, 0.06)).toThrow()
        expect(capOf(each, tenant).spentUsd).toBeCloseTo(0.9625, 12)
      }
      expect((await router.digest()).sha256).toBe((await copy.digest()).sha256)
      clock.now += 24 * HOUR
      spend(router, tenant, 1)
    },
  )

  it.each(['settle', 'fail', 'expire', 'correct'] as const)(
    'keeps a bill of an earlier request that comes in the next period while it is away, by %s, and no other spend',
    async (how) => {
      const router = await started([DAY], tenant, { pendingTtlMs: 12.1 * HOUR })
      clock.now = MIDNIGHT - 10 * MINUTE
      const id = route(router, tenant, how === 'expire' ? 0.9 : 0.1)
      if (how === 'correct') router.settle(id, { costUsd: 0 })
      router.setCaps([], of(tenant))
      clock.now = MIDNIGHT + 5 * MINUTE
      spend(router, tenant, 0.5)
      if (how === 'expire') {
        clock.now += 12 * HOUR
        router.expire()
      } else router[how](id, { costUsd: 0.9 })
      router.setCaps([], of(tenant))
      const open = route(router, tenant, 0.04)
      const copy = await restoredFrom(router, { pendingTtlMs: 12.1 * HOUR })
      for (const each of [router, copy]) {
        each.setCaps([DAY], of(tenant))
        expect(() => route(each, tenant, 0.07)).toThrow()
        expect(capOf(each, tenant)).toMatchObject({
          spentUsd: expect.closeTo(0.9, 12),
          reservedUsd: expect.closeTo(0.04, 12),
        })
        each.settle(open, { costUsd: 0.05 })
        expect(capOf(each, tenant)).toMatchObject({ spentUsd: expect.closeTo(0.95, 12), reservedUsd: 0 })
      }
      clock.now += 24 * HOUR
      spend(router, tenant, 1)
    },
  )

  it('is no limit while it is away, and one of two goes alone', async () => {
    const router = await started([DAY, { usd: 5, per: 'week' }], tenant)
    spend(router, tenant, 0.9)
    router.setCaps([{ usd: 5, per: 'week' }], of(tenant))
    spend(router, tenant, 0.9)
    router.setCaps([{ usd: 5, per: 'week' }, DAY], of(tenant))
    expect(capOf(router, tenant, 0).spentUsd).toBeCloseTo(1.8, 12)
    expect(capOf(router, tenant, 1)).toMatchObject({ spentUsd: expect.closeTo(1.8, 12), availableUsd: 0 })
  })

  it('hands what it counts to one of another time zone', async () => {
    const router = await started([DAY], tenant)
    spend(router, tenant, 0.4)
    router.setCaps([], of(tenant))
    router.setCaps([{ ...DAY, timeZone: 'Asia/Tokyo' }], of(tenant))
    expect(() => route(router, tenant, 0.7)).toThrow()
    spend(router, tenant, 0.6)
  })

  it('is remembered over a restart, by log and by snapshot, and by a tenant that leaves meanwhile', async () => {
    const router = await started([DAY], tenant, { name: 'r' })
    spend(router, tenant, 0.4)
    router.setCaps([], of(tenant))
    spend(router, tenant, 0.3)
    const snapshot = router.snapshot()
    const restored = await createRouter({
      models: [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }],
      dimension: 3,
      kernel: 'js',
      reserve: 'worst-case',
      clock: () => clock.now,
    })
    restored.restore(snapshot)
    for (const each of [router, restored]) {
      if (tenant !== null) {
        each.removeTenant(tenant)
        each.addTenant({ id: tenant })
      }
      each.setCaps([DAY], of(tenant))
      expect(capOf(each, tenant).spentUsd).toBeCloseTo(0.7, 12)
    }
    expect((await router.digest()).sha256).toBe((await restored.digest()).sha256)
  })

  it('folds from its log to the same', async () => {
    const store = memoryStore()
    const router = await started([DAY], tenant, { store })
    spend(router, tenant, 0.4)
    router.setCaps([], of(tenant))
    spend(router, tenant, 0.3)
    router.setCaps([DAY], of(tenant))
    await router.flush()
    const digest = await router.digest()
    await router.close()
    const again = await started([DAY], tenant, { store })
    expect(capOf(again, tenant).spentUsd).toBeCloseTo(0.7, 12)
    expect((await again.digest()).sha256).toBe(digest.sha256)
    await again.close()
  })
})

it('a bill of a request that no cap counted is no credit, when it is lowered, for one that is back', async () => {
  const router = await started([DAY], null)
  clock.now = MIDNIGHT - 10 * MINUTE
  const early = route(router, null, 0.1)
  router.setCaps([])
  clock.now = MIDNIGHT + 5 * MINUTE
  router.settle(early, { costUsd: 0.9 })
  const between = route(router, null, 0.5)
  router.settle(between, { costUsd: 0.5 })
  clock.now += MINUTE
  router.setCaps([DAY])
  router.correct(between, { costUsd: 0 })
  expect(capOf(router, null).spentUsd).toBeCloseTo(0.9, 12)
  expect(() => route(router, null, 0.2)).toThrow()
})

it.each([true, false])(
  'a tenant that is removed after the end of a period keeps the bill that came since, back with its cap: %s',
  async (withCap) => {
    const router = await started([DAY], 't')
    const id = route(router, 't', 0.9)
    clock.now = MIDNIGHT + 5 * MINUTE
    router.settle(id, { costUsd: 0.9 })
    router.removeTenant('t')
    router.addTenant({ id: 't', caps: withCap ? [DAY] : [] })
    spend(router, 't', 0.0625)
    const copy = await restoredFrom(router)
    for (const each of [router, copy]) {
      each.setCaps([DAY], { tenant: 't' })
      expect(() => route(each, 't', 0.06)).toThrow()
      expect(capOf(each, 't').spentUsd).toBeCloseTo(0.9625, 12)
    }
  },
)

it('caps of one length in two time zones, that a tenant left one after the other, are restored', async () => {
  const router = await started([DAY], 't', { pendingTtlMs: 48 * HOUR })
  const id = route(router, 't', 0.5)
  router.removeTenant('t')
  clock.now = MIDNIGHT + HOUR
  router.settle(id, { costUsd: 0.75 })
  router.addTenant({ id: 't', caps: [{ ...DAY, timeZone: 'Asia/Tokyo' }] })
  const late = route(router, 't', 0.125)
  router.removeTenant('t')
  router.settle(late, { costUsd: 0.125 })
  const copy = await restoredFrom(router)
  expect((await copy.digest()).sha256).toBe((await router.digest()).sha256)
})
