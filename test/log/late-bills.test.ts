import { isDeepStrictEqual } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import type { RouterEvent } from '../../src/events/events.js'
import { type Flight, OthersInFlight } from '../../src/log/leases/others-in-flight.js'
import { Wallet } from '../../src/log/leases/wallet.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { expectCode } from '../support/errors.js'
import { HOUR, X } from '../support/router.js'
import { pause, SharedLog } from '../support/shared-store.js'

/** A dollar for 1,000 tokens. */
const MODELS = [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }]
const NOW = Date.UTC(2026, 9, 24, 12)
const open: Router[] = []

async function replicas(
  count: number,
  options: RouterOptions,
): Promise<{ routers: Router[]; log: SharedLog }> {
  const log = new SharedLog()
  log.now = () => NOW
  const routers: Router[] = []
  for (let i = 0; i < count; i++)
    routers.push(
      await createRouter({
        models: MODELS,
        dimension: 3,
        kernel: 'js',
        clock: () => NOW,
        ...options,
        store: log.store(),
      }),
    )
  open.push(...routers)
  await pause(300)
  return { routers, log }
}

function route(router: Router, usd: number): string | null {
  try {
    return router.route(X, { inputTokens: 0, maxOutputTokens: Math.round(1000 * usd) }).id
  } catch (error) {
    if (error instanceof ParetoBanditError && error.code === 'BUDGET_EXHAUSTED') return null
    throw error
  }
}

/** Routes until a request is not refused. @returns how many were */
async function refusals(router: Router, usd: number, most: number): Promise<number> {
  for (let i = 0; i < most; i++) {
    const id = route(router, usd)
    if (id !== null) {
      router.settle(id, { costUsd: usd })
      return i
    }
    if (i % 20 === 0) await pause(5)
  }
  return most
}

/** Spends what there is. @returns dollars */
async function spend(routers: readonly Router[], usd: number, tries: number): Promise<number> {
  let spentUsd = 0
  for (let i = 0; i < tries; i++) {
    for (const router of routers) {
      const id = route(router, usd)
      if (id === null) continue
      router.settle(id, { costUsd: usd })
      spentUsd += usd
    }
    await pause(2)
  }
  return spentUsd
}

function routed(router: Router, usd: number): string {
  const id = route(router, usd)
  if (id === null) throw new Error('refused')
  return id
}

afterEach(async () => {
  for (const router of open.splice(0)) await router.close()
})

describe('a debt of a strict budget that replicas share', () => {
  const strict = { budget: { usdPerRequest: 0.01 }, strict: true }

  it('ends within the stated number of requests at whoever has it', async () => {
    const { routers } = await replicas(2, strict)
    await routers[0].settle(routed(routers[0], 0.01), { costUsd: 1000 }).durable
    const refused = await refusals(routers[0], 0.005, 2000)
    expect(refused).toBeGreaterThan(400)
    expect(refused).toBeLessThan(600)
  })

  it('is ended by a credit that another gives', async () => {
    const { routers } = await replicas(2, strict)
    await routers[0].settle(routed(routers[0], 0.01), { costUsd: 4 }).durable
    expect(route(routers[0], 0.005)).toBeNull()
    routers[1].adjustAccount(4)
    await routers[1].flush()
    await pause(300)
    expect(await refusals(routers[0], 0.005, 100)).toBeLessThan(5)
  })
})

describe('a bill of a cap that replicas share', () => {
  const capped = { caps: [{ usd: 10, per: 'day', window: 'calendar' }] } as const

  it.each(['correct', 'adjustAccount'] as const)('is undone by %s', async (how) => {
    const { routers } = await replicas(2, capped)
    const id = routed(routers[0], 0.1)
    await routers[0].settle(id, { costUsd: 1000 }).durable
    await pause(300)
    expect(routers.map((router) => route(router, 0.1))).toEqual([null, null])
    if (how === 'correct') await routers[0].correct(id, { costUsd: 0.1 }).durable
    else {
      routers[1].adjustAccount(999.9)
      await routers[1].flush()
    }
    await pause(600)
    const spentUsd = await spend(routers, 0.1, 120)
    expect(spentUsd).toBeLessThanOrEqual(10.1)
    expect(spentUsd).toBeGreaterThan(9)
    for (const router of routers) expect(route(router, 1)).toBeNull()
  })

  it.each(['fail', 'cancel', 'removeModel'] as const)('counts where it comes after %s', async (end) => {
    const { routers } = await replicas(2, { ...capped, models: [...MODELS, { ...MODELS[0], id: 'gone' }] })
    const request = { candidates: ['gone'], inputTokens: 0, maxOutputTokens: 100 }
    const { id } = routers[0].route(X, request)
    if (end === 'removeModel') {
      routers[0].removeModel('gone')
      await routers[0].flush()
    } else {
      await routers[0][end](id).durable
      routers[0].removeModel('gone')
    }
    await pause(100)
    await routers[1].settle(id, { costUsd: 9 }).durable
    await pause(300)
    const spentUsd = await spend(routers, 0.05, 60)
    expect(spentUsd).toBeLessThanOrEqual(1 + 1e-9)
    expect(spentUsd).toBeGreaterThan(0.5)
    for (const router of routers)
      expect(router.stats().account?.caps[0].spentUsd).toBeCloseTo(9 + spentUsd, 6)
  })
})

describe('a bill that another process was ahead of', () => {
  it.each(['removeModel', 'fail', 'cancel'] as const)('with %s is booked all the same', async (ahead) => {
    const log = new SharedLog()
    const stores = [log.store(), log.store()]
    const routers: Router[] = []
    for (const store of stores)
      routers.push(
        await createRouter({
          models: [...MODELS, { ...MODELS[0], id: 'gone' }],
          dimension: 3,
          kernel: 'js',
          clock: () => NOW,
          store,
        }),
      )
    open.push(...routers)
    const [a, b] = routers
    const ids = Array.from({ length: 5 }, () => a.route(X, { candidates: ['gone'] }).id)
    await a.flush()
    await expect.poll(() => b.stats().requests).toBe(5)
    stores[0].isDeaf = true
    if (ahead === 'removeModel') b.removeModel('gone')
    else for (const id of ids) b[ahead](id)
    await b.flush()
    const receipts = ids.map((id) => a.settle(id, { costUsd: 0.25 }))
    await pause(50)
    stores[0].isDeaf = false
    await Promise.all(receipts.map(({ durable }) => durable))
    for (const router of routers) await expect.poll(() => router.stats().pacer.spendUsd).toBeCloseTo(1.25, 9)
    // Both at one moment: what one of them says of it is not what it says a moment later. A replica puts its state in the log's
    // order once a second at most.
    await expect
      .poll(() => isDeepStrictEqual(a.stats().models, b.stats().models), { timeout: 5000 })
      .toBe(true)
    const digests = await Promise.all(routers.map((each) => each.digest()))
    expect(digests[0].sha256).toBe(digests[1].sha256)
    for (const id of ids) expectCode(() => b.settle(id, { costUsd: 0.25 }), 'ALREADY_SETTLED')
  })
})

/** By another process. */
function cancelled(id: string, at: number): RouterEvent {
  return {
    type: 'cancelled',
    at,
    id,
    model: 'only',
    costUsd: 0.1,
    latencyMs: null,
    tokens: null,
    usageFlags: null,
  }
}

function flight(id: string, at: number, tenant: string | null = null): Flight {
  return { id, tenant, model: 'only', at, reservedUsd: 0.5 }
}

/** Of a calendar hour. */
function hourWallet(startsAt: number): Wallet {
  return new Wallet({ key: 'k', limitUsd: 1, endsAt: startsAt + HOUR, windowMs: null }, 1, startsAt)
}

describe('what other processes owe', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Two seconds of this process's clock, so that nothing is answered from memory either. */
  const pass = () => void vi.advanceTimersByTime(2000)

  it('of a call that was broken off is in flight no more, once they can have paid', () => {
    const others = new OthersInFlight(10)
    const wallet = hourWallet(NOW)
    others.restart([flight('b.1', NOW - 1)])
    expect(others.uncountedUsd(null, wallet, NOW)).toBe(0.5)
    others.follow(cancelled('b.1', NOW + 1), 'b', false)
    // Its process is there, and has some time to pay for what it cost.
    expect(others.uncountedUsd(null, wallet, NOW + 1000)).toBe(0.1)
    pass()
    // It may have been cut off before it could, until it is heard of again.
    expect(others.uncountedUsd(null, wallet, NOW + 1000)).toBe(0.1)
    others.follow(cancelled('b.2', NOW + 2001), 'b', false)
    expect(others.uncountedUsd(null, wallet, NOW + 1000)).toBe(0)
  })

  it('is not paid by the clock of a reader that stalls, nor by that of a writer that is set', () => {
    const others = new OthersInFlight(10)
    const wallet = hourWallet(NOW)
    others.restart([flight('b.1', NOW - 1)])
    others.follow(cancelled('b.1', NOW + 1), 'b', false)
    // Said 2 ms after the other, and heard seconds after it.
    pass()
    others.follow(cancelled('b.2', NOW + 3), 'b', false)
    pass()
    expect(others.uncountedUsd(null, wallet, NOW + 1000)).toBe(0.1)
    others.follow(cancelled('b.3', NOW + 2000), 'b', false)
    expect(others.uncountedUsd(null, wallet, NOW + 3000)).toBe(0.1)
    others.follow(cancelled('b.4', NOW + 2001), 'b', false)
    pass()
    expect(others.uncountedUsd(null, wallet, NOW + 5000)).toBe(0)
    // Its clock is set on by a minute, and it is heard of at once.
    others.restart([flight('b.5', NOW - 1)])
    others.follow(cancelled('b.5', NOW + 6000), 'b', false)
    others.follow(cancelled('b.6', NOW + 66_000), 'b', false)
    pass()
    expect(others.uncountedUsd(null, wallet, NOW + 8000)).toBe(0.1)
  })

  it('is no proof that they renewed what is in flight, by the clock of a reader that stalls', () => {
    const others = new OthersInFlight(10)
    const wallet = new Wallet({ key: 'k', limitUsd: 1, endsAt: null, windowMs: HOUR }, 1)
    others.restart([flight('b.1', NOW)])
    const later = NOW + 2 * HOUR
    others.follow(cancelled('b.2', later), 'b', false)
    pass()
    others.follow(cancelled('b.3', later + 2), 'b', false)
    expect(others.uncountedUsd(null, wallet, later + 2000)).toBe(0.5)
    pass()
    others.follow(cancelled('b.4', later + 4000), 'b', false)
    pass()
    expect(others.uncountedUsd(null, wallet, later + 5000)).toBe(0)
  })

  it('is forgotten with the longest of the periods and windows that are counted, of processes that are gone too', () => {
    const others = new OthersInFlight(1000)
    const day = 24 * HOUR
    const dayWallet = new Wallet({ key: 'd', limitUsd: 1, endsAt: NOW + day, windowMs: null }, 1, NOW)
    const owedUsd = (now: number, startsAt = NOW) => {
      vi.advanceTimersByTime(1000)
      return others.uncountedUsd(null, hourWallet(startsAt), now)
    }
    const ids = Array.from({ length: 100 }, (_, i) => `gone${i}.1`)
    others.restart(ids.map((id) => flight(id, NOW - 1)))
    expect(others.uncountedUsd(null, dayWallet, NOW)).toBeCloseTo(50, 9)
    // Half say it themselves, of the others another process does.
    for (const [i, id] of ids.entries())
      others.follow(cancelled(id, NOW + 1), i < 50 ? `gone${i}` : 'here', false)
    for (let hour = 1; hour <= 23; hour++) expect(owedUsd(NOW + hour * HOUR)).toBeCloseTo(10, 9)
    expect(owedUsd(NOW + day + 1)).toBeCloseTo(10, 9)
    expect(owedUsd(NOW + day + 2)).toBe(0)
  })

  it('is kept where it is more than there is room for: debts of one process become one, and the smallest go', () => {
    const others = new OthersInFlight(64)
    const wallet = hourWallet(NOW)
    for (let i = 0; i < 640; i++) {
      others.restart([flight(`gone${i % 8}.${i}`, NOW - 1)])
      others.follow(cancelled(`gone${i % 8}.${i}`, NOW + 1 + i), i % 16 < 8 ? `gone${i % 8}` : 'here', false)
    }
    others.restart([])
    expect(others.uncountedUsd(null, wallet, NOW + 1000)).toBeCloseTo(64, 9)
    // One of them is back and pays.
    pass()
    others.follow(cancelled('gone1.x', NOW + 10_000), 'gone1', false)
    pass()
    others.follow(cancelled('gone1.y', NOW + 20_000), 'gone1', false)
    expect(others.uncountedUsd(null, wallet, NOW + 1000)).toBeCloseTo(56, 9)
    const tenants = new OthersInFlight(64)
    for (let i = 0; i < 65; i++) {
      tenants.restart([flight(`gone.${i}`, NOW - 1, `t${i}`)])
      tenants.follow({ ...cancelled(`gone.${i}`, NOW + 1), costUsd: i } as RouterEvent, 'gone', false)
    }
    tenants.restart([])
    expect(tenants.uncountedUsd('t64', wallet, NOW + 1000)).toBe(64)
    expect(tenants.uncountedUsd('t0', hourWallet(NOW), NOW + 1000)).toBe(0)
  })

  it('is kept of whoever owes, however many have started since', () => {
    const others = new OthersInFlight(10)
    const wallet = hourWallet(NOW)
    others.restart([flight('b.1', NOW - 1)])
    others.follow(cancelled('b.1', NOW + 1), 'b', false)
    for (let i = 0; i < 5000; i++) others.follow(cancelled(`s${i}.1`, NOW + 2 + i), `s${i}`, false)
    pass()
    expect(others.uncountedUsd(null, wallet, NOW + 1000)).toBe(0.1)
    others.follow(cancelled('b.2', NOW + 9000), 'b', false)
    pass()
    expect(others.uncountedUsd(null, wallet, NOW + 1000)).toBe(0)
    const { heard } = others as unknown as { readonly heard: ReadonlyMap<string, unknown> }
    expect(heard.size).toBe(1024)
    expect(heard.has('b')).toBe(true)
  })
})
