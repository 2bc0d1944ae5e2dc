import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EXPIRE_EVERY_MS, startExpiry } from '../../../src/gateway/completions/expiry.js'
import { createRouter, ParetoBanditError } from '../../../src/index.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('has a reservation become spend though no request comes, until it is ended', async () => {
  const router = await createRouter({
    models: [{ id: 'm', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }],
    dimension: 1,
    pendingTtlMs: 1000,
    kernel: 'js',
  })
  const end = startExpiry(router, (error) => {
    throw error
  })
  const { reservedUsd } = router.route([1], { inputTokens: 1000 })
  vi.advanceTimersByTime(EXPIRE_EVERY_MS + 1)
  expect(router.stats()).toMatchObject({ pending: { unsettled: 0 }, pacer: { spendUsd: reservedUsd } })
  router.route([1], { inputTokens: 1000 })
  end()
  vi.advanceTimersByTime(3 * EXPIRE_EVERY_MS)
  expect(router.stats().pending.unsettled).toBe(1)
})

it('tells of failures that are nobody’s but ours, and goes on', () => {
  const errors: unknown[] = []
  let calls = 0
  const bug = new TypeError('a bug')
  const expire = () => {
    if (++calls === 1) throw new ParetoBanditError('STORE_CLOSED', '', 'the router is closed')
    throw bug
  }
  const end = startExpiry({ expire }, (error) => errors.push(error))
  vi.advanceTimersByTime(3 * EXPIRE_EVERY_MS + 1)
  end()
  expect(calls).toBe(3)
  expect(errors).toEqual([bug, bug])
})
