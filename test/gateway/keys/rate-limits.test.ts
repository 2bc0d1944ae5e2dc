import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import type { ClientKey } from '../../../src/gateway/keys/keyring.js'
import { MinuteWindow } from '../../../src/gateway/keys/minute-window.js'
import { RateLimits } from '../../../src/gateway/keys/rate-limits.js'
import { refusalBody, refusalHeaders, refusalResponse } from '../../../src/gateway/keys/refusal.js'
import { smallTree } from '../config/example.js'

const T0 = 1_800_000_000_000
const key = (more: Partial<ClientKey> = {}): ClientKey => ({
  id: 'key_a',
  name: 'a',
  tenant: null,
  groups: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  expiresAt: null,
  teaches: true,
  ...more,
})
const { limits } = await readConfig({ ...smallTree(), limits: { streamsPerKeyMax: 3, streamsMax: 5 } })

function limitsAt(now = T0) {
  const clock = { now }
  return { clock, rates: new RateLimits(() => clock.now) }
}

describe('a minute window', () => {
  it('lets in no more than the limit in any 60 seconds, and says when there is room', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 1, max: 40 })), {
          maxLength: 200,
        }),
        fc.integer({ min: 40, max: 200 }),
        (arrivals, limit) => {
          const window = new MinuteWindow()
          const taken: { at: number; amount: number }[] = []
          let now = T0
          for (const [gap, amount] of arrivals) {
            now += gap
            const waitMs = window.waitMs(amount, limit, now) ?? Number.NaN
            const inMinute = (end: number) =>
              taken
                .filter(({ at }) => at > end - 60_000 && at <= end)
                .reduce((sum, each) => sum + each.amount, 0)
            if (waitMs === 0) {
              window.add(amount, now)
              taken.push({ at: now, amount })
              expect(inMinute(now)).toBeLessThanOrEqual(limit)
            } else {
              // After the wait there is room, and not a millisecond before.
              const again = () => {
                const other = new MinuteWindow()
                for (const each of taken) other.add(each.amount, each.at)
                return other
              }
              expect(again().waitMs(amount, limit, now + waitMs)).toBe(0)
              expect(again().waitMs(amount, limit, now + waitMs - 1)).toBe(1)
              expect(waitMs).toBeLessThanOrEqual(60_000)
            }
          }
        },
      ),
    )
  })

  it('has room after exactly the wait it told', () => {
    const wait = (second: number) => {
      const window = new MinuteWindow()
      window.add(6, T0 + 500)
      window.add(4, T0 + 30_000)
      return window.waitMs(second, 10, T0 + 40_000)
    }
    expect(wait(11)).toBeNull()
    expect(wait(6)).toBe(20_500)
    expect(wait(7)).toBe(50_000)
    const window = new MinuteWindow()
    window.add(6, T0 + 500)
    window.add(4, T0 + 30_000)
    expect(window.waitMs(6, 10, T0 + 60_499)).toBe(1)
    expect(window.waitMs(6, 10, T0 + 60_500)).toBe(0)
  })

  it('is corrected where it was booked', () => {
    const window = new MinuteWindow()
    const bookedOn = window.add(100, T0)
    window.correct(bookedOn, -90, T0 + 10_000)
    expect(window.total(T0 + 10_000)).toBe(10)
    window.correct(bookedOn, 50, T0 + 30_000)
    expect(window.total(T0 + 30_000)).toBe(60)
    expect(window.total(T0 + 60_000)).toBe(50)
    window.correct(bookedOn, -10, T0 + 62_000)
    expect(window.total(T0 + 62_000)).toBe(50)
    expect(window.total(T0 + 90_000)).toBe(0)
  })

  it('says of many, too, when there is room, some milliseconds late at most, and keeps a bounded number', () => {
    const window = new MinuteWindow()
    const every = 60_000 / 20_000
    for (let i = 0; i < 20_000; i++) window.add(1, Math.floor(T0 + i * every))
    const now = T0 + 59_999
    const waitMs = window.waitMs(1, 20_000, now) ?? Number.NaN
    expect(waitMs).toBeGreaterThanOrEqual(1)
    expect(waitMs).toBeLessThanOrEqual(1 + 30)
    expect(window.waitMs(1, 20_001, now)).toBe(0)
    for (let ms = 0; ms < 600_000; ms++) window.add(1, T0 + 60_000 + ms)
    expect(window.size).toBeLessThanOrEqual(4096)
    expect(window.total(T0 + 660_000 - 1)).toBeGreaterThanOrEqual(60_000)
    expect(window.total(T0 + 660_000 - 1)).toBeLessThanOrEqual(60_000 + 30)
  })

  it('keeps no more room than its latest minute needs', () => {
    const window = new MinuteWindow()
    const bytes = () => Object.values(window).reduce((sum, each) => sum + (each?.byteLength ?? 0), 0)
    const atFirst = bytes()
    for (let i = 0; i < 3000; i++) window.add(1, i * 20)
    expect(bytes()).toBeGreaterThan(20 * atFirst)
    expect(window.total(3000 * 20 + 60_000)).toBe(0)
    expect(bytes()).toBe(atFirst)
    const booked = window.add(2, 200_000)
    window.correct(booked, -1, 200_001)
    expect(window.total(200_002)).toBe(1)
  })

  it('counts what others did for 60 whole seconds, beside its own', () => {
    const window = new MinuteWindow()
    window.add(4, T0 + 500)
    window.addAt(1, 6, T0 + 700)
    expect(window.waitMs(5, 10, T0 + 700)).toBe(59_300)
    expect(window.waitMs(7, 10, T0 + 700)).toBe(59_800)
    expect(window.total(T0 + 60_000)).toBe(4)
    window.addAt(0, -9, T0 + 60_100)
    expect(window.total(T0 + 60_100)).toBe(4)
    expect(window.isEmpty(T0 + 60_500)).toBe(true)
  })

  it('goes on in its latest second when the clock is put back', () => {
    const window = new MinuteWindow()
    window.add(5, T0)
    window.add(5, T0 - 3_600_000)
    expect(window.total(T0 + 59_999)).toBe(10)
    expect(window.total(T0 + 60_000)).toBe(0)
  })
})

describe('rate limits', () => {
  it('of requests: the one too many is told when to come again', () => {
    const { clock, rates } = limitsAt()
    const bot = key({ requestsPerMinute: 2 })
    for (let i = 0; i < 2; i++) {
      const admitted = rates.admit(bot, 10, limits)
      if (!admitted.ok) throw new Error(admitted.refusal.code)
      admitted.admission.end(null)
    }
    const refused = rates.admit(bot, 10, limits)
    expect(refused).toMatchObject({
      ok: false,
      refusal: { status: 429, code: 'rate_limit_exceeded', retryAfterMs: 60_000 },
    })
    expect(rates.admit(key({ id: 'key_b', requestsPerMinute: 2 }), 10, limits).ok).toBe(true)
    clock.now += 59_999
    expect(rates.admit(bot, 10, limits).ok).toBe(false)
    clock.now += 1
    expect(rates.admit(bot, 10, limits).ok).toBe(true)
  })

  it('of tokens: what was used counts, not what was expected', () => {
    const { clock, rates } = limitsAt()
    const bot = key({ tokensPerMinute: 1000 })
    const first = rates.admit(bot, 900, limits)
    // The wait is that of what is expected of the call under way: it may have used less.
    expect(rates.admit(bot, 200, limits)).toMatchObject({ refusal: { status: 429, retryAfterMs: 60_000 } })
    if (first.ok) first.admission.end(100)
    if (first.ok) first.admission.end(5000)
    const second = rates.admit(bot, 200, limits)
    expect(second.ok).toBe(true)
    if (second.ok) second.admission.end(2000)
    clock.now += 1000
    expect(rates.admit(bot, 1, limits)).toMatchObject({ refusal: { status: 429 } })
    expect(rates.admit(bot, 1001, limits)).toMatchObject({
      refusal: { status: 400, code: 'request_too_large', retryAfterMs: null },
    })
  })

  it('of requests under way: of a key, and of all', () => {
    const { rates } = limitsAt()
    const admitted = [0, 1, 2].map(() => rates.admit(key(), 1, limits))
    expect(rates.admit(key(), 1, limits)).toMatchObject({
      refusal: { status: 429, code: 'too_many_streams' },
    })
    for (let i = 0; i < 2; i++) expect(rates.admit(key({ id: 'key_b' }), 1, limits).ok).toBe(true)
    expect(rates.admit(key({ id: 'key_c' }), 1, limits)).toMatchObject({
      refusal: { status: 503, code: 'gateway_busy' },
    })
    for (const each of admitted) if (each.ok) each.admission.end(null)
    expect(rates.streamCount).toBe(2)
    expect(rates.admit(key(), 1, limits).ok).toBe(true)
  })

  it('count nothing of a request that is refused', () => {
    const { clock, rates } = limitsAt()
    const bot = key({ requestsPerMinute: 1, tokensPerMinute: 100 })
    for (let i = 0; i < 50; i++) expect(rates.admit(bot, 101, limits).ok).toBe(false)
    expect(rates.admit(bot, 100, limits).ok).toBe(true)
    for (let i = 0; i < 50; i++) expect(rates.admit(bot, 1, limits).ok).toBe(false)
    clock.now += 60_000
    expect(rates.admit(bot, 100, limits).ok).toBe(true)
  })
})

describe('a refusal', () => {
  const refusal = { status: 429, code: 'rate_limit_exceeded', message: 'too many', retryAfterMs: 1500 }

  it('has the body of its protocol, and when to come again', async () => {
    expect(refusalBody(refusal, 'openai')).toEqual({
      error: { message: 'too many', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' },
    })
    expect(refusalBody(refusal, 'anthropic')).toEqual({
      type: 'error',
      error: { type: 'rate_limit_error', message: 'too many', code: 'rate_limit_exceeded' },
    })
    expect(refusalHeaders(refusal)).toMatchObject({ 'retry-after': '2', 'retry-after-ms': '1500' })
    const response = refusalResponse({ ...refusal, status: 401, retryAfterMs: null }, 'openai')
    expect(response.status).toBe(401)
    expect(response.headers.get('retry-after')).toBeNull()
    expect(await response.json()).toMatchObject({ error: { type: 'authentication_error' } })
  })
})

describe('keys that do nothing', () => {
  it('are forgotten, and no limit is', () => {
    const { clock, rates } = limitsAt()
    const use = (each: ClientKey) => {
      const admitted = rates.admit(each, 1, limits)
      if (admitted.ok) admitted.admission.end(1)
      return admitted.ok
    }
    for (let i = 0; i < 50_000; i++) {
      clock.now += 10
      use(key({ id: `k${i}` }))
    }
    expect(rates.size).toBeLessThan(15_000)
    const busy = key({ id: 'busy', requestsPerMinute: 3 })
    expect([1, 2, 3, 4].map(() => use(busy))).toEqual([true, true, true, false])
    for (let i = 0; i < 20_000; i++) {
      clock.now += 1
      use(key({ id: `l${i}` }))
    }
    expect(use(busy)).toBe(false)
  })
})
