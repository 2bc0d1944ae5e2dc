import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import { OPTION_KEYS } from '../../src/router/resolve-options.js'
import type { Router } from '../../src/router/router.js'
import { junk, nearly, record, type WildCall, wildCall } from '../support/junk.js'
import { type Operation, operation, Run } from '../support/operations.js'
import { anyPolicy, digest, MODELS, makeBench, numbersIn } from '../support/router.js'
import '../support/seed.js'

/** Calls a method with anything; what it throws, or null. */
function callWildly(router: Router, { method, args }: WildCall): unknown {
  try {
    const own: (...anything: unknown[]) => unknown = router[method] as never
    own.apply(router, [...args])
    return null
  } catch (error) {
    return error ?? 'nothing'
  }
}

function expectSound(router: Router): void {
  const stats = router.stats()
  for (const [path, value] of numbersIn(stats)) {
    if (!Number.isFinite(value) || (value < 0 && !/(meanReward|creditUsd|fundUsd)$/.test(path)))
      expect([path, value]).toBe('finite, not negative')
  }
  const { models, pacer, pending } = stats
  if (pending.unsettled === 0) expect(pacer.reservedUsd).toBe(0)
  const open = models.reduce((sum, each) => sum + each.requests, 0)
  expect(open).toBeLessThanOrEqual(stats.requests)
  for (const each of models) {
    expect(each.settled + each.failed).toBeLessThanOrEqual(each.requests)
    expect(each.rewarded).toBeLessThanOrEqual(each.requests)
    const arm = router.inspectArm(each.id)
    expect(arm.theta.every(Number.isFinite) && arm.variances.every((variance) => variance > 0)).toBe(true)
  }
  const bytes = router.snapshot()
  const text = new DataView(bytes.buffer).getUint32(12, true)
  expect(new Float64Array(bytes.buffer.slice(24 + text)).every(Number.isFinite)).toBe(true)
}

describe('the public face', () => {
  it('takes a call or throws a ParetoBanditError, and what throws has changed nothing', async () => {
    const step: fc.Arbitrary<Operation | WildCall> = fc.oneof(
      { weight: 1, arbitrary: operation },
      { weight: 2, arbitrary: wildCall },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.constantFrom('js', 'wasm'),
        fc.constantFrom(1, 4, 3000),
        anyPolicy,
        async (steps, kernel, pendingCapacity, policy) => {
          const options = { policy, kernel, pendingCapacity, budget: { usdPerRequest: 0.002 } } as const
          const bench = await makeBench({ ...options, onListenerError: () => {} })
          const { router, log } = bench
          const run = new Run(bench)
          for (const each of steps) {
            if ('do' in each) run.step(each)
            else {
              const before = digest(router)
              const heard = log.length
              const error = callWildly(router, each)
              if (error === null) continue
              if (!(error instanceof ParetoBanditError)) throw error
              expect(error.code).toMatch(/^[A-Z_]+$/)
              expect(error.message.startsWith(error.field)).toBe(true)
              expect([digest(router), log.length]).toEqual([before, heard])
            }
          }
          expectSound(router)
          const fresh = await makeBench(options)
          for (const event of log) fresh.router.apply(event)
          expect(digest(fresh.router)).toBe(digest(router))
        },
      ),
      { numRuns: 250 },
    )
  })

  it('of createRouter takes options or rejects with a ParetoBanditError', async () => {
    // Not `dimension`: it is what keeps the default encoder from being loaded each time.
    const keys = [...OPTION_KEYS.filter((key) => key !== 'dimension'), 'aplha']
    const options = fc.dictionary(fc.constantFrom(...keys), fc.oneof(junk, record, nearly), { maxKeys: 3 })
    await fc.assert(
      fc.asyncProperty(fc.oneof(junk, options), async (value) => {
        const given =
          typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
        try {
          const router = await createRouter((given ? { dimension: 3, ...value } : value) as never)
          if (router.stats().models.length === 0) for (const model of MODELS) router.addModel(model)
          expectSound(router)
        } catch (error) {
          if (!(error instanceof ParetoBanditError)) throw error
        }
      }),
      { numRuns: 400 },
    )
  })
})
