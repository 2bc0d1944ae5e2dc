import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/create-router.js'
import { calendarPeriod } from '../../../src/policy/dollar/accounts/calendar.js'
import type { CapOptions } from '../../../src/policy/dollar/accounts/cap-period.js'
import type { Router } from '../../../src/router/router.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { HOUR, X } from '../../support/router.js'
import '../../support/seed.js'

const DAY_MS = 24 * HOUR
/** A Wednesday, in no zone's first or last hour of a day. */
const START = Date.UTC(2026, 4, 13, 15, 10)
const clock = { now: START }

const HOURLY: CapOptions = { usd: 10, per: 'hour' }
const DAILY: CapOptions = { usd: 10, per: 'day' }
const TOKYO: CapOptions = { usd: 10, per: 'day', timeZone: 'Asia/Tokyo' }
const MONTHLY: CapOptions = { usd: 10, per: 'month' }
const ROLLING_HOUR: CapOptions = { usd: 10, per: 'hour', window: 'rolling' }
const ROLLING_DAY: CapOptions = { usd: 10, per: 'day', window: 'rolling' }
const ROLLING_MONTH: CapOptions = { usd: 10, per: 'month', window: 'rolling' }
const KINDS = [HOURLY, DAILY, TOKYO, MONTHLY, ROLLING_HOUR, ROLLING_DAY, ROLLING_MONTH]

const options = {
  models: [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }],
  dimension: 3,
  kernel: 'js',
  reserve: 'worst-case',
  pendingTtlMs: 400 * DAY_MS,
  clock: () => clock.now,
} as const

const of = (tenant: string | null) => (tenant === null ? undefined : { tenant })

/** @param tenant whose caps they are; null: the router's */
function optionsOf(tenant: string | null, caps: readonly CapOptions[]) {
  return tenant === null ? { ...options, caps } : { ...options, tenants: [{ id: tenant, caps }] }
}

async function started(tenant: string | null, ...caps: readonly CapOptions[]): Promise<Router> {
  clock.now = START
  return createRouter(optionsOf(tenant, caps))
}

function route(router: Router, tenant: string | null, usd: number): string {
  return router.route(X, { inputTokens: 0, maxOutputTokens: Math.round(1000 * usd), ...of(tenant) }).id
}

/** @returns whether no cap refused it */
function spend(router: Router, tenant: string | null, usd: number): boolean {
  try {
    router.settle(route(router, tenant, usd), { costUsd: usd })
    return true
  } catch {
    return false
  }
}

function spentUsd(router: Router, tenant: string | null): readonly number[] {
  const account = tenant === null ? router.stats().account : router.tenantStats(tenant)
  return account?.caps.map((cap) => cap.spentUsd) ?? []
}

const pairs = KINDS.flatMap((from) =>
  KINDS.flatMap((to) => (from === to ? [] : [[name(from), name(to), from, to] as const])),
)

function name({ per, window = 'calendar', timeZone = '' }: CapOptions): string {
  return `${window} ${per} ${timeZone}`.trim()
}

describe.each([null, 't'])('a cap of %s that is edited to another kind', (tenant) => {
  it.each(pairs)('from %s to %s is not spent twice', async (_from, _to, from, to) => {
    const router = await started(tenant, from)
    expect(spend(router, tenant, 9.5)).toBe(true)
    clock.now += 60_000
    router.setCaps([to], of(tenant))
    const copy = await createRouter(options)
    copy.restore(router.snapshot())
    expect((await copy.digest()).sha256).toBe((await router.digest()).sha256)
    for (const each of [router, copy]) {
      expect(spentUsd(each, tenant)).toEqual([expect.closeTo(9.5, 9)])
      expect(spend(each, tenant, 0.75)).toBe(false)
      expect(spend(each, tenant, 0.5)).toBe(true)
      each.setCaps([from], of(tenant))
      expect(spend(each, tenant, 0.1)).toBe(false)
    }
    clock.now += 62 * DAY_MS
    expect(spend(router, tenant, 9.5)).toBe(true)
  })

  it('with other dollars has what they leave', async () => {
    const router = await started(tenant, DAILY)
    spend(router, tenant, 9.5)
    router.setCaps([{ ...ROLLING_DAY, usd: 12 }], of(tenant))
    expect(spend(router, tenant, 2.75)).toBe(false)
    expect(spend(router, tenant, 2.5)).toBe(true)
    router.setCaps([{ ...MONTHLY, usd: 5 }], of(tenant))
    expect(spend(router, tenant, 0.01)).toBe(false)
    router.setCaps([{ ...MONTHLY, usd: 13 }], of(tenant))
    expect(spend(router, tenant, 1)).toBe(true)
  })

  it('counts what is in flight once, and a bill that is lower gives back where its time is known', async () => {
    for (const to of [ROLLING_DAY, MONTHLY]) {
      const router = await started(tenant, DAILY)
      const [known, open] = [route(router, tenant, 5), route(router, tenant, 4)]
      router.settle(known, { costUsd: 5 })
      router.setCaps([to], of(tenant))
      expect(spend(router, tenant, 1.1)).toBe(false)
      router.settle(open, { costUsd: 3 })
      expect(spentUsd(router, tenant)).toEqual([expect.closeTo(8, 9)])
      clock.now += 1000
      router.correct(known, { costUsd: 1 })
      expect(spentUsd(router, tenant)).toEqual([expect.closeTo(4, 9)])
    }
  })

  it('in two steps is not spent twice either', async () => {
    const router = await started(tenant, DAILY)
    spend(router, tenant, 9.5)
    router.setCaps([DAILY, ROLLING_DAY], of(tenant))
    router.setCaps([ROLLING_DAY], of(tenant))
    expect(spend(router, tenant, 0.75)).toBe(false)
    router.setCaps([], of(tenant))
    router.setCaps([MONTHLY], of(tenant))
    expect(spend(router, tenant, 0.75)).toBe(false)
  })

  it('from rolling to calendar counts what was spent in the calendar period alone', async () => {
    const router = await started(tenant, ROLLING_DAY)
    clock.now = Date.UTC(2026, 4, 13, 22)
    spend(router, tenant, 6)
    clock.now = Date.UTC(2026, 4, 14, 9)
    spend(router, tenant, 3)
    router.setCaps([DAILY], of(tenant))
    expect(spentUsd(router, tenant)).toEqual([expect.closeTo(3, 9)])
    expect(spend(router, tenant, 7)).toBe(true)
    expect(spend(router, tenant, 0.1)).toBe(false)
  })

  it('from a rolling day to a rolling hour counts the last hour, and is free when that is over', async () => {
    const router = await started(tenant, ROLLING_DAY)
    spend(router, tenant, 6)
    clock.now += 2 * HOUR
    spend(router, tenant, 3)
    router.setCaps([ROLLING_HOUR], of(tenant))
    expect(spentUsd(router, tenant)).toEqual([expect.closeTo(3, 9)])
    clock.now += 1.2 * HOUR
    expect(spend(router, tenant, 10)).toBe(true)
  })

  it('counts by the cap that knows most of its window', async () => {
    const router = await started(tenant, MONTHLY, { ...ROLLING_HOUR, usd: 5 })
    spend(router, tenant, 4)
    clock.now += 3 * HOUR
    spend(router, tenant, 1)
    router.setCaps([HOURLY], of(tenant))
    expect(spentUsd(router, tenant)).toEqual([expect.closeTo(1, 9)])
    clock.now += HOUR
    router.setCaps([MONTHLY], of(tenant))
    expect(spentUsd(router, tenant)).toEqual([expect.closeTo(5, 9)])
  })

  it('set beside a longer one begins from 0, and beside a shorter one counts what that has', async () => {
    const router = await started(tenant, DAILY)
    spend(router, tenant, 9)
    router.setCaps([DAILY, { ...HOURLY, usd: 2 }, { ...MONTHLY, usd: 20 }], of(tenant))
    expect(spentUsd(router, tenant)).toEqual([9, 0, 9].map((usd) => expect.closeTo(usd, 9)))
    expect(spend(router, tenant, 1)).toBe(true)
  })

  it('over a restart, where the options say so, counts the same', async () => {
    for (const [from, to] of [
      [DAILY, ROLLING_DAY],
      [ROLLING_DAY, DAILY],
      [HOURLY, DAILY],
      [DAILY, { ...TOKYO, usd: 10.125 }],
    ]) {
      const store = memoryStore()
      clock.now = START
      const first = await createRouter({ ...optionsOf(tenant, [from]), store })
      expect(spend(first, tenant, 9.5)).toBe(true)
      await first.close()
      clock.now += 60_000
      const second = await createRouter({ ...optionsOf(tenant, [to]), store })
      expect(second.recovery?.applied).toHaveLength(1)
      expect(spentUsd(second, tenant)).toEqual([expect.closeTo(9.5, 9)])
      expect(spend(second, tenant, 0.75)).toBe(false)
      await second.flush()
      const { sha256 } = await second.digest()
      await second.close()
      const third = await createRouter({ ...optionsOf(tenant, [to]), store })
      expect((await third.digest()).sha256).toBe(sha256)
      expect(spend(third, tenant, 0.75)).toBe(false)
      await third.close()
    }
  })

  it('holds over any edits: no window that two kinds have in common sees more than the cap', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('spend' as const), usd: fc.integer({ min: 1, max: 60 }) }),
      fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.oneof(fc.integer({ min: 1, max: 40 * 60_000 }), fc.integer({ min: 1, max: 30 * HOUR })),
      }),
      fc.record({ kind: fc.constant('edit' as const), to: fc.nat(KINDS.length - 1) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.nat(KINDS.length - 1),
        fc.array(step, { minLength: 4, maxLength: 40 }),
        async (first, steps) => {
          let kind = KINDS[first]
          const router = await started(tenant, kind)
          const spends: { readonly at: number; readonly usd: number }[] = []
          let sharedFrom = Number.NEGATIVE_INFINITY
          for (const each of steps) {
            if (each.kind === 'wait') clock.now += each.ms
            else if (each.kind === 'edit') {
              sharedFrom = Math.max(sharedFrom, startOf(kind, clock.now))
              kind = KINDS[each.to]
              router.setCaps([kind], of(tenant))
            } else if (spend(router, tenant, each.usd / 10)) {
              spends.push({ at: clock.now, usd: each.usd / 10 })
              const from = Math.max(sharedFrom, startOf(kind, clock.now))
              const usd = spends.reduce((sum, { at, usd }) => sum + (at >= from ? usd : 0), 0)
              expect(usd).toBeLessThanOrEqual(10 + 1e-6)
            }
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('holds over any edits of several caps at once, with requests in flight', async () => {
    const kinds = fc.uniqueArray(fc.nat(KINDS.length - 1), {
      maxLength: 3,
      selector: (i) => `${KINDS[i].per} ${KINDS[i].window}`,
    })
    const step = fc.oneof(
      fc.record({ kind: fc.constant('spend' as const), usd: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ kind: fc.constant('open' as const), usd: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ kind: fc.constant('settle' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.oneof(fc.integer({ min: 1, max: 40 * 60_000 }), fc.integer({ min: 1, max: 30 * HOUR })),
      }),
      fc.record({ kind: fc.constant('edit' as const), to: kinds }),
    )
    await fc.assert(
      fc.asyncProperty(kinds, fc.array(step, { minLength: 4, maxLength: 50 }), async (first, steps) => {
        /** The caps in force, and since when each has counted all that it should know of. */
        let caps = first.map((i) => ({ cap: KINDS[i], from: Number.NEGATIVE_INFINITY }))
        const router = await started(tenant, ...caps.map(({ cap }) => cap))
        const spends: { readonly at: number; readonly usd: number }[] = []
        const open: { readonly id: string; readonly usd: number }[] = []
        for (const each of steps) {
          const at = clock.now
          if (each.kind === 'wait') clock.now += each.ms
          else if (each.kind === 'edit') {
            const next = each.to.map((i) => KINDS[i])
            caps = next.map((cap) => {
              const same = caps.find((before) => before.cap === cap)
              if (same !== undefined) return same
              const knowing = caps.filter(
                (before) => lengthOf(before.cap) <= lengthOf(cap) || !next.includes(before.cap),
              )
              const from = knowing.map((before) => Math.max(before.from, startOf(before.cap, at)))
              // What was spent at this very time, before it, is no cap's.
              return { cap, from: knowing.length === 0 ? at + 0.5 : Math.min(...from) }
            })
            router.setCaps(next, of(tenant))
            clock.now++
          } else if (each.kind === 'settle') {
            const request = open.shift()
            if (request === undefined) continue
            router.settle(request.id, { costUsd: each.share * request.usd })
            spends.push({ at, usd: each.share * request.usd })
          } else {
            const usd = each.usd / 10
            if (each.kind === 'spend' && spend(router, tenant, usd)) spends.push({ at, usd })
            else if (each.kind === 'open')
              try {
                open.push({ id: route(router, tenant, usd), usd })
              } catch {
                continue
              }
            else continue
            const inFlightUsd = open.reduce((sum, request) => sum + request.usd, 0)
            for (const { cap, from } of caps) {
              const start = Math.max(from, startOf(cap, at))
              const spent = spends.reduce((sum, { at, usd }) => sum + (at >= start ? usd : 0), inFlightUsd)
              expect(spent).toBeLessThanOrEqual(10 + 1e-6)
            }
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})

function lengthOf({ per }: CapOptions): number {
  return LENGTHS[per] ?? 0
}

/** When the window of a cap began. */
function startOf(cap: CapOptions, at: number): number {
  if (cap.window === 'rolling') return at - lengthOf(cap)
  return calendarPeriod({ per: cap.per, timeZone: cap.timeZone ?? 'UTC' }, at).startsAt
}

const LENGTHS: Readonly<Partial<Record<string, number>>> = {
  hour: HOUR,
  day: DAY_MS,
  month: 30 * DAY_MS,
}
