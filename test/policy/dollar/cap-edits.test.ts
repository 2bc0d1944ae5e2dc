import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/create-router.js'
import type { CapOptions } from '../../../src/policy/dollar/accounts/cap-period.js'
import type { TenantOptions } from '../../../src/policy/dollar/accounts/tenant-options.js'
import type { Router } from '../../../src/router/router.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { digest, HOUR, MODELS, makeBench, TestClock, X } from '../../support/router.js'

const DAY = 24 * HOUR
const START = Date.UTC(2026, 4, 13, 15)

/** Bills of $1 until the cap refuses; each reservation is at most a dollar. @returns dollars */
function spend(router: Router, tenant?: string, most = 100): number {
  let usd = 0
  for (; usd < most; usd++) {
    try {
      router.settle(router.route(X, { tenant, maxOutputTokens: 1, inputTokens: 1 }).id, { costUsd: 1 })
    } catch {
      break
    }
  }
  return usd
}

async function bench(options: Parameters<typeof makeBench>[0]) {
  const made = await makeBench({ policy: 'dollar', ...options })
  made.clock.now = START
  return made
}

describe('a cap whose time zone is edited', () => {
  it.each([
    ['day', 'UTC', 'Europe/Berlin'],
    ['day', 'UTC', 'America/Los_Angeles'],
    ['day', 'Asia/Tokyo', 'UTC'],
    ['day', 'America/Los_Angeles', 'Pacific/Auckland'],
    ['week', 'UTC', 'Asia/Kolkata'],
    ['month', 'Europe/Berlin', 'UTC'],
    ['hour', 'UTC', 'Asia/Kolkata'],
  ] as const)('per %s from %s to %s is not spent twice', async (per, from, to) => {
    for (const isBegun of [true, false]) {
      const { router, clock } = await bench({ caps: [{ usd: 10, per, timeZone: from }] })
      expect(spend(router, undefined, 8)).toBe(8)
      if (!isBegun) clock.advance(60_000)
      router.setCaps([{ usd: 10, per, timeZone: to }])
      expect(router.stats().account?.caps[0]).toMatchObject({ timeZone: to, spentUsd: 8 })
      router.restore(router.snapshot())
      expect(router.stats().account?.caps[0]).toMatchObject({ timeZone: to, spentUsd: 8 })
      expect(spend(router)).toBeLessThanOrEqual(2)
      router.setCaps([{ usd: 10, per, timeZone: from }])
      expect(spend(router)).toBe(0)
      clock.advance(32 * DAY)
      expect(spend(router)).toBeGreaterThan(8)
    }
  })

  it('counts what is in flight, and gives back what a bill was less', async () => {
    const { router } = await bench({ caps: [{ usd: 10, per: 'day' }] })
    const [a, b] = [router.route(X), router.route(X)]
    router.settle(a.id, { costUsd: 6 })
    router.setCaps([{ usd: 10, per: 'day', timeZone: 'Europe/Berlin' }])
    const cap = () => router.stats().account?.caps[0]
    expect(cap()?.reservedUsd).toBeCloseTo(b.reservedUsd, 12)
    router.settle(b.id, { costUsd: 1 })
    expect(cap()).toMatchObject({ spentUsd: 7, reservedUsd: 0 })
    router.correct(a.id, { costUsd: 2 })
    expect(cap()).toMatchObject({ spentUsd: 3 })
    router.route(X)
    expect(cap()).toMatchObject({ spentUsd: 3 })
  })

  it('forgets what no period of its own reaches back to', async () => {
    const { router, clock } = await bench({ caps: [{ usd: 10, per: 'day' }] })
    spend(router, undefined, 8)
    clock.advance(2 * DAY)
    router.setCaps([{ usd: 10, per: 'day', timeZone: 'Europe/Berlin' }])
    expect(router.stats().account?.caps[0]).toMatchObject({ spentUsd: 0 })
    expect(spend(router)).toBeGreaterThan(8)
  })
})

describe('a tenant that is gone and back', () => {
  const caps: readonly CapOptions[] = [
    { usd: 10, per: 'day' },
    { usd: 50, per: 'month', timeZone: 'Europe/Berlin' },
    { usd: 9, per: 'hour', window: 'rolling' },
  ]
  const acme: TenantOptions = { id: 'acme', caps }

  it('has what it has spent, of all its caps, for as long as that counts', async () => {
    const { router, log, clock } = await bench({ tenants: [acme, { id: 'other', caps }] })
    expect(spend(router, 'acme', 7)).toBe(7)
    const inFlight = router.route(X, { tenant: 'acme' })
    router.removeTenant('acme')
    clock.advance(60_000)
    const copy = (await bench({})).router
    copy.restore(router.snapshot())
    for (const each of [router, copy]) {
      each.addTenant(acme)
      const now = each.tenantStats('acme').caps
      for (const { spentUsd } of now) expect(spentUsd).toBeCloseTo(7 + inFlight.reservedUsd, 12)
      expect(now.map(({ reservedUsd }) => reservedUsd)).toEqual([0, 0, 0])
    }
    expect(spend(router, 'acme')).toBeLessThanOrEqual(2)
    expect(spend(router, 'other')).toBeGreaterThan(7)
    router.removeTenant('acme')
    clock.advance(2 * HOUR)
    router.addTenant({ id: 'acme', caps: [{ usd: 20, per: 'day', timeZone: 'Asia/Tokyo' }, caps[2]] })
    const [day, hour] = router.tenantStats('acme').caps
    expect(day.spentUsd).toBeGreaterThan(7)
    expect(hour.spentUsd).toBe(0)
    router.removeTenant('acme')
    clock.advance(40 * DAY)
    router.addTenant(acme)
    expect(router.tenantStats('acme').caps.map(({ spentUsd }) => spentUsd)).toEqual([0, 0, 0])
    expect(log.length).toBeGreaterThan(20)
  })

  it('over a deploy that left it out, and the fold of its log is the same', async () => {
    const store = memoryStore()
    const clock = new TestClock()
    const start = (tenants: readonly TenantOptions[]) =>
      createRouter({
        models: MODELS,
        dimension: 3,
        kernel: 'js',
        name: 'r',
        clock: clock.read,
        store,
        tenants,
      })
    const first = await start([acme])
    expect(spend(first, 'acme', 6)).toBe(6)
    await first.close()
    const second = await start([])
    expect(second.tenants()).toEqual([])
    await second.close()
    const third = await start([acme])
    expect(third.tenantStats('acme').caps.map(({ spentUsd }) => spentUsd)).toEqual([6, 6, 6])
    const before = digest(third)
    await third.flush()
    const seen = (await third.digest()).sha256
    await third.close()
    const fourth = await start([acme])
    expect((await fourth.digest()).sha256).toBe(seen)
    expect(digest(fourth)).toBe(before)
    await fourth.close()
  })

  it('is remembered by snapshots that are checked', async () => {
    const { router } = await bench({ tenants: [acme] })
    spend(router, 'acme', 3)
    router.removeTenant('acme')
    const { router: copy } = await bench({})
    copy.restore(router.snapshot())
    expect(digest(copy)).toBe(digest(router))
  })
})

describe('a cap that was spent while the clock ran ahead', () => {
  it('stays shut until time has caught up, or it is raised by what it shows', async () => {
    const { router, clock } = await bench({ caps: [{ usd: 5, per: 'hour' }] })
    clock.now += 2 * DAY
    expect(spend(router)).toBe(5)
    clock.now = START
    expect(spend(router)).toBe(0)
    router.adjustAccount(5)
    expect(spend(router)).toBe(0)
    const [{ startsAt, spentUsd }] = router.stats().account?.caps ?? []
    expect(startsAt).toBeGreaterThan(clock.now)
    router.setCaps([{ usd: 5 + spentUsd, per: 'hour' }])
    expect(spend(router)).toBe(5)
    router.setCaps([{ usd: 5, per: 'hour' }])
    clock.now += 2 * DAY + HOUR
    expect(spend(router)).toBe(5)
  })

  it('of a calendar opens with the next period where it is put into another time zone', async () => {
    const { router, clock } = await bench({ caps: [{ usd: 5, per: 'day' }] })
    clock.now += 365 * DAY
    expect(spend(router)).toBe(5)
    clock.now = START
    for (let day = 0; day < 3; day++, clock.now += DAY) expect(spend(router)).toBe(0)
    const zone = { usd: 5, per: 'day', timeZone: 'Europe/Berlin' } as const
    router.setCaps([zone])
    spend(router)
    for (let day = 0; day < 3; day++) {
      clock.now += DAY
      expect(spend(router)).toBe(5)
    }
  })

  it('over any window stays shut likewise, and is as open as it was raised', async () => {
    const caps = [{ usd: 5, per: 'day', window: 'rolling' }] as const
    const { router, clock } = await bench({ caps })
    clock.now += 30 * DAY
    expect(spend(router)).toBe(5)
    clock.now = START
    for (let day = 0; day < 3; day++, clock.now += DAY) expect(spend(router)).toBe(0)
    router.setCaps([{ ...caps[0], usd: 10 }])
    expect(spend(router)).toBe(5)
    router.setCaps(caps)
    clock.now = START + 32 * DAY
    expect(spend(router)).toBe(5)
  })

  it('over any window opens with the next period where it is put on a calendar, and stays shut where it is put back', async () => {
    const caps = [{ usd: 5, per: 'day', window: 'rolling' }] as const
    const { router, clock } = await bench({ caps })
    clock.now += 365 * DAY
    expect(spend(router)).toBe(5)
    clock.now = START
    router.setCaps([{ usd: 5, per: 'day' }])
    expect(spend(router)).toBe(0)
    for (let day = 0; day < 3; day++) {
      clock.now += DAY
      expect(spend(router)).toBe(5)
    }
    router.setCaps(caps)
    clock.now += DAY
    expect(spend(router)).toBe(0)
  })
})
