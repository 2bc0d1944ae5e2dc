import { describe, expect, it } from 'vitest'
import { FREE as FREE_CALL, Ledger, type Reserved } from '../../../src/gateway/completions/ledger.js'
import { createRouter, ParetoBanditError, type Router } from '../../../src/index.js'

const CAPS = [{ usd: 10, per: 'day' }] as const
const PRICES = { inputUsdPerMTok: 1, outputUsdPerMTok: 1 }
const PROMPT = [{ role: 'user', content: 'hi' }] as const
const ENCODER = { name: 'one', dimension: 1, encode: async () => [1] }
const MINUTE = 60_000

/** More than a router remembers bills of. */
const LATER = 70_000
const FREE = { inputUsdPerMTok: 0, outputUsdPerMTok: 0 }

/** What comes before newer requests push it out. */
const ENDS: readonly (readonly [string, (router: Router<string>, clock: { now: number }) => void])[] = [
  ['newer requests came', () => {}],
  [
    'it took too long',
    (_, clock) => {
      clock.now += 3 * MINUTE
    },
  ],
  ['its model was removed', (router) => router.removeModel('one')],
]

describe('a bill of a request that the router keeps no more', () => {
  it.each(ENDS.flatMap(([what, end]) => [false, true].map((isAway) => [what, isAway, end] as const)))(
    'is paid by every account, whole: %s, while the store was away: %s',
    async (_, isAway, end) => {
      const clock = { now: Date.now() }
      const router = await createRouter<string>({
        models: [
          { id: 'one', ...PRICES },
          { id: 'free', ...FREE },
        ],
        encoder: ENCODER,
        dimension: 1,
        policy: 'dollar',
        caps: CAPS,
        tenants: [{ id: 'team', caps: CAPS }],
        pendingCapacity: 8,
        pendingTtlMs: MINUTE,
        clock: () => clock.now,
      })
      const errors: unknown[] = []
      let again = () => {}
      const after = (_ms: number, call: () => void) => {
        again = call
        return () => {}
      }
      const ledger = new Ledger({ router, after, onError: (error) => errors.push(error) })
      const decision = await ledger.reserve(PROMPT, { tenant: 'team', candidates: ['one'] })
      const call: Reserved = { decision, tenant: 'team' }
      const settle = () =>
        ledger.settle({ ...call, model: {}, upstream: {}, beganAt: 0 } as never, { costUsd: 2 }, 1, true)
      const booked = { costUsd: 2, tokens: null }
      if (isAway) {
        const real = router.settle
        router.settle = () => {
          throw new ParetoBanditError('STORE_UNREACHABLE', 'store', 'away')
        }
        expect(settle()).toEqual(booked)
        router.settle = real
      }
      end(router, clock)
      for (let i = 0; i < LATER; i += 1000)
        router.routeMany(
          Array.from({ length: 1000 }, () => [1]),
          { candidates: ['free'] },
        )
      const spent = (account: 'all' | 'team') => {
        const stats = account === 'all' ? router.stats().account : router.tenantStats('team')
        return 10 - (stats?.caps[0].availableUsd ?? 0)
      }
      if (isAway) again()
      else expect(settle()).toEqual(booked)
      expect(spent('team')).toBeCloseTo(2, 12)
      expect(spent('all')).toBeCloseTo(2, 12)
      expect(errors).toEqual([])
    },
  )
})

describe('a call that cost nothing', () => {
  it.each(['fail', 'cancel'] as const)(
    'is paid by no account, though its model was removed: %s',
    async (end) => {
      const router = await createRouter<string>({
        models: [{ id: 'one', ...PRICES }],
        policy: 'dollar',
        caps: CAPS,
        tenants: [{ id: 'team', caps: CAPS }],
      })
      const errors: unknown[] = []
      const ledger = new Ledger({ router, after: () => () => {}, onError: (error) => errors.push(error) })
      const decision = await ledger.reserve(PROMPT, { tenant: 'team' })
      router.removeModel('one')
      const call = { decision, tenant: 'team', model: {}, upstream: {}, beganAt: 0 } as never
      const booked =
        end === 'fail' ? ledger.fail(call, FREE_CALL, 1, null) : ledger.cancel(call, FREE_CALL, 1)
      expect(booked.costUsd).toBe(0)
      for (const stats of [router.stats().account, router.tenantStats('team')])
        expect(stats?.caps[0].availableUsd).toBe(10)
      expect(errors).toEqual([])
    },
  )
})

describe('a bill that waits for the store', () => {
  it.each(['settle', 'fail', 'cancel'] as const)('gives way to a correction: %s', async (end) => {
    const router = await createRouter<string>({
      models: [{ id: 'one', ...PRICES }],
      policy: 'dollar',
      caps: CAPS,
      tenants: [{ id: 'team', caps: CAPS }],
    })
    const errors: unknown[] = []
    const later: (() => void)[] = []
    const after = (_ms: number, call: () => void) => {
      later.push(call)
      return () => {}
    }
    const ledger = new Ledger({ router, after, onError: (error) => errors.push(error) })
    const decision = await ledger.reserve(PROMPT, { tenant: 'team' })
    const call = { decision, tenant: 'team', model: {}, upstream: {}, beganAt: 0 } as never
    const real = router[end]
    router[end] = () => {
      throw new ParetoBanditError('JOURNAL_FULL', '', 'no room')
    }
    const bill = { costUsd: 2 }
    if (end === 'settle') ledger.settle(call, bill, 1, true)
    else if (end === 'fail') ledger.fail(call, bill, 1, null)
    else ledger.cancel(call, bill, 1)
    expect(ledger.waitingCount).toBe(1)
    Object.assign(router, { [end]: real })
    router.correct(decision.id, { costUsd: 0.5 })
    expect(ledger.waitingCount).toBe(0)
    for (const again of later) again()
    ledger.close()
    expect(errors).toEqual([])
    for (const spendUsd of [router.stats().pacer.spendUsd, router.tenantStats('team').spendUsd])
      expect(spendUsd).toBeCloseTo(0.5, 12)
  })
})
