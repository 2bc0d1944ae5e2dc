import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/create-router.js'
import type { CapOptions } from '../../../src/policy/dollar/accounts/cap-period.js'
import type { Router } from '../../../src/router/router.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { expectCode } from '../../support/errors.js'
import { HOUR, X } from '../../support/router.js'
import { pause, SharedLog } from '../../support/shared-store.js'

const START = Date.UTC(2026, 9, 24, 12)
const clock = { now: START }
const DAY: CapOptions = { usd: 10, per: 'day' }
const ROLLING: CapOptions = { usd: 10, per: 'day', window: 'rolling' }
const options = {
  // A dollar for 1,000 tokens.
  models: [
    { id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 },
    { id: 'other', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 },
  ],
  dimension: 3,
  kernel: 'js',
  reserve: 'worst-case',
  clock: () => clock.now,
} as const

async function started(cap: CapOptions | null, more: object = {}): Promise<Router> {
  clock.now = START
  return createRouter({ ...options, tenants: [{ id: 't', caps: cap === null ? [] : [cap] }], ...more })
}

function route(router: Router, usd: number, model = 'only'): string {
  const request = { inputTokens: 0, maxOutputTokens: 1000 * usd, tenant: 't', candidates: [model] }
  return router.route(X, request).id
}

function back(router: Router, ...caps: CapOptions[]): void {
  router.removeTenant('t')
  router.addTenant({ id: 't', caps })
}

const spentUsd = (router: Router) => router.tenantStats('t').caps.map((cap) => cap.spentUsd)

/** A router that begins with the snapshot of another. */
async function restored(router: Router, more: object = {}): Promise<Router> {
  const copy = await createRouter({ ...options, ...more })
  copy.restore(router.snapshot())
  return copy
}

describe.each([DAY, ROLLING])('a bill of a tenant that was removed and is back, under %o', (cap) => {
  it.each([
    ['settle', 3],
    ['fail', 3],
    ['cancel', 3],
    ['settle', 0.25],
    ['fail', 0],
  ] as const)('by %s at $%d counts in the place of its reservation', async (how, usd) => {
    for (const isBefore of [false, true]) {
      const router = await started(cap)
      const id = route(router, 1)
      const other = route(router, 2)
      router.removeTenant('t')
      if (isBefore) router[how](id, { costUsd: usd })
      router.addTenant({ id: 't', caps: [cap] })
      if (!isBefore) router[how](id, { costUsd: usd })
      expect(spentUsd(router)).toEqual([expect.closeTo(2 + usd, 9)])
      expectCode(() => route(router, 8.01 - usd), 'BUDGET_EXHAUSTED')
      router.settle(other, { costUsd: 0 })
      expect(spentUsd(router)).toEqual([expect.closeTo(usd, 9)])
    }
  })

  it('that is corrected, of a model that is gone, expired, and removed twice', async () => {
    const router = await started(cap, { pendingTtlMs: HOUR })
    const settled = route(router, 1)
    router.settle(settled, { costUsd: 1 })
    const [failed, expired, dropped] = [route(router, 1), route(router, 1), route(router, 1, 'other')]
    back(router, cap)
    router.fail(failed)
    router.removeModel('other')
    expect(spentUsd(router)).toEqual([expect.closeTo(3, 9)])
    back(router, cap)
    const copies = [router, await restored(router, { pendingTtlMs: HOUR })]
    clock.now += 2 * HOUR
    for (const each of copies) {
      each.expire()
      expect(spentUsd(each)).toEqual([expect.closeTo(3, 9)])
      each.settle(failed, { costUsd: 0.5 })
      each.settle(expired, { costUsd: 2 })
      each.settle(dropped, { costUsd: 1.5 })
      each.correct(settled, { costUsd: 3 })
      expect(spentUsd(each)).toEqual([expect.closeTo(7, 9)])
      each.correct(settled, { costUsd: 1 })
      expect(spentUsd(each)).toEqual([expect.closeTo(5, 9)])
    }
    expect((await copies[0].digest()).sha256).toBe((await copies[1].digest()).sha256)
  })

  it('counts in full where the cap is younger than its request', async () => {
    const router = await started(null)
    const [a, b] = [route(router, 1), route(router, 1)]
    back(router, cap)
    router.settle(a, { costUsd: 3 })
    router.fail(b)
    expect(spentUsd(router)).toEqual([3])
    router.settle(b, { costUsd: 2 })
    expect(spentUsd(router)).toEqual([5])
  })

  it('counts under a cap that is given again after the tenant came and went without one', async () => {
    const router = await started(cap)
    route(router, 5)
    clock.now += 13 * HOUR
    back(router)
    const copy = await restored(router)
    for (const each of [router, copy]) {
      back(each)
      back(each, cap)
      expect(spentUsd(each)).toEqual([5])
      expectCode(() => route(each, 5.01), 'BUDGET_EXHAUSTED')
    }
  })

  it('counts under a cap that is given again later, and so does what is spent meanwhile', async () => {
    const router = await started(cap)
    const id = route(router, 1)
    back(router)
    router.settle(id, { costUsd: 3 })
    router.settle(route(router, 2), { costUsd: 2 })
    const copy = await restored(router)
    for (const each of [router, copy]) {
      each.setCaps([cap], { tenant: 't' })
      expect(spentUsd(each)).toEqual([expect.closeTo(5, 9)])
    }
  })

  it('in the next period is no credit for it', async () => {
    const router = await started(cap)
    const [low, high] = [route(router, 5), route(router, 1)]
    back(router, cap)
    clock.now += 25 * HOUR
    route(router, 1)
    const [before] = spentUsd(router)
    router.settle(low, { costUsd: 0 })
    router.settle(high, { costUsd: 2 })
    expect(spentUsd(router)).toEqual([expect.closeTo(before + 1, 9)])
  })

  it('of a model that is gone, expired after the removal, gives the next period nothing back', async () => {
    const router = await started(cap, { pendingTtlMs: HOUR, caps: [cap] })
    const [low, high] = [route(router, 2, 'other'), route(router, 1, 'other')]
    back(router, cap)
    clock.now += 25 * HOUR
    router.settle(route(router, 3), { costUsd: 3 })
    router.expire()
    router.removeModel('other')
    router.settle(low, { costUsd: 0 })
    router.settle(high, { costUsd: 2 })
    router.correct(high, { costUsd: 3 })
    router.correct(high, { costUsd: 0 })
    expect(spentUsd(router)).toEqual([expect.closeTo(3, 9)])
    // The router's cap had counted the reservations when they expired.
    expect(router.stats().account?.caps[0].spentUsd).toBeCloseTo(3, 9)
  })

  it('of a model that is gone, corrected up and down in a later period', async () => {
    const router = await started(cap, { caps: [cap] })
    const id = route(router, 1, 'other')
    router.removeTenant('t')
    router.removeModel('other')
    clock.now += 25 * HOUR
    router.settle(id, { costUsd: 0.5 })
    router.addTenant({ id: 't', caps: [cap] })
    router.settle(route(router, 3), { costUsd: 3 })
    router.correct(id, { costUsd: 1 })
    expect(spentUsd(router)).toEqual([expect.closeTo(3.5, 9)])
    router.correct(id, { costUsd: 0 })
    expect(spentUsd(router)).toEqual([expect.closeTo(3, 9)])
    expect(router.stats().account?.caps[0].spentUsd).toBeCloseTo(3, 9)
  })

  it('folds from its log to the same', async () => {
    const store = memoryStore()
    const router = await started(cap, { store })
    const id = route(router, 1)
    back(router, cap)
    await router.flush()
    router.settle(id, { costUsd: 4 })
    await router.flush()
    const { sha256 } = await router.digest()
    await router.close()
    const again = await createRouter({ ...options, store })
    expect(spentUsd(again)).toEqual([expect.closeTo(4, 9)])
    expect((await again.digest()).sha256).toBe(sha256)
    await again.close()
  })
})

it('a bill of a tenant that is back counts on all replicas', async () => {
  clock.now = START
  const log = new SharedLog()
  log.now = () => START
  const cap = { ...DAY, usd: 100 }
  const start = () => createRouter({ ...options, tenants: [{ id: 't', caps: [cap] }], store: log.store() })
  const routers = [await start(), await start()]
  await pause(300)
  const id = route(routers[0], 1)
  await routers[0].flush()
  await pause(50)
  back(routers[1], cap)
  await routers[1].flush()
  await pause(100)
  routers[0].settle(id, { costUsd: 98 })
  await routers[0].flush()
  await pause(300)
  for (const router of routers) {
    expect(spentUsd(router)).toEqual([expect.closeTo(98, 9)])
    expectCode(() => route(router, 2.5), 'BUDGET_EXHAUSTED')
  }
  const [a, b] = await Promise.all(routers.map((router) => router.digest()))
  expect(a.position).toEqual(b.position)
  expect(a.sha256).toBe(b.sha256)
  for (const router of routers) await router.close()
})

it('a bill of a tenant that is back is paid from what replicas share, before others have heard of it', async () => {
  clock.now = START
  const log = new SharedLog()
  log.now = () => START
  const cap = { ...DAY, usd: 100 }
  const deaf = log.store()
  const read = deaf.read.bind(deaf)
  let isDeaf = false
  deaf.read = async (...args) => {
    while (isDeaf) await pause(5)
    return read(...args)
  }
  const tenants = [{ id: 't', caps: [cap] }]
  const first = await createRouter({ ...options, tenants, store: log.store() })
  const second = await createRouter({ ...options, tenants, store: deaf })
  await pause(300)
  const id = route(first, 1)
  await first.flush()
  await pause(50)
  back(first, cap)
  await first.flush()
  await pause(100)
  isDeaf = true
  first.settle(id, { costUsd: 90 })
  await first.flush()
  await pause(500)
  let spentUsd = 90
  for (let quiet = 0; quiet < 40; ) {
    for (const router of [second, first]) {
      try {
        route(router, 0.25)
        spentUsd += 0.25
        quiet = 0
      } catch {
        quiet++
        await pause(25)
      }
    }
  }
  expect(spentUsd).toBeGreaterThan(90)
  expect(spentUsd).toBeLessThanOrEqual(100)
  isDeaf = false
  await first.close()
  await second.close()
})

it('a removal of an older release folds as it did: late bills counted under no cap', async () => {
  const router = await started(DAY)
  const id = route(router, 1)
  router.apply({ type: 'tenant-removed', at: START, tenant: 't', countsOn: false, periods: null })
  router.addTenant({ id: 't', caps: [DAY] })
  router.settle(id, { costUsd: 5 })
  expect(spentUsd(router)).toEqual([1])
})
