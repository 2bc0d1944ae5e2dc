import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { POLICY_NAMES, type PolicyName } from '../../src/policy/policies.js'
import { type Bench, MODELS, makeBench, numbersIn } from '../support/router.js'
import { seal } from '../support/snapshot-bytes.js'
import '../support/seed.js'

/** What a number of a snapshot is put to, besides what it is times a thousand, and its opposite. A run tries one number of five. */
const VALUES = [1e30, -1e30, 1e24, 1e18, -1e18, 1e15, 1e12, 1e9, 1e6, -1e6, 1e-30, 1e-9, 0] as const

const DOLLAR = {
  caps: [{ usd: 5, per: 'day' }],
  tenants: [{ id: 'team', budget: { usdPerRequest: 0.01 } }],
} as const

async function bench(policy: PolicyName): Promise<Bench> {
  return makeBench({ policy, budget: { usdPerRequest: 0.01 }, ...(policy === 'dollar' ? DOLLAR : {}) })
}

/** Requests of every kind of end. Refusals are as good as any. */
function play({ router, clock }: Bench, from: number, requests: number): void {
  for (let i = from; i < from + requests; i++) {
    clock.advance(1000)
    try {
      const { id, model } = router.route([Math.sin(i), Math.cos(i), 1])
      if (i % 7 === 6) router.fail(id)
      else {
        if (i % 5 !== 4) router.settle(id, { costUsd: model === 'small' ? 0.001 : 0.02, latencyMs: 100 + i })
        if (i % 4 !== 3) router.reward(id, 0.5 + 0.4 * Math.sin(1.7 * i))
      }
    } catch (error) {
      if (!(error instanceof ParetoBanditError)) throw error
    }
  }
}

/** The model that was good answers badly, until that is noticed: it may come back as it was. */
function fall({ router, clock }: Bench): void {
  const usual = router.stats().models.reduce((a, b) => (b.rewarded > a.rewarded ? b : a)).id
  const others = MODELS.filter(({ id }) => id !== usual)
  for (const { id } of others) router.disable(id)
  for (let i = 0; i < 600 && alarms(router) === 0; i++) {
    clock.advance(1000)
    const { id } = router.route([Math.sin(i), Math.cos(i), 1])
    router.settle(id, { costUsd: 0.001 })
    router.reward(id, i < 60 ? 0.9 : 0)
  }
  for (const { id } of others) router.enable(id)
}

it.each(POLICY_NAMES)(
  'a number of a snapshot of policy %s that was changed is refused, or leads to snapshots that are taken',
  async (policy) => {
    const first = await bench(policy)
    play(first, 0, 60)
    if (policy === 'dollar') {
      fall(first)
      expect(alarms(first.router)).toBe(1)
    }
    const bytes = first.router.snapshot()
    const head = new DataView(bytes.buffer).getUint32(12, true) + 24
    const numbers = new Float64Array(bytes.slice(head).buffer)
    const [forged, heir] = [await bench(policy), await bench(policy)]
    const pick = fc.nat(5 * (VALUES.length + 2) - 1)
    fc.assert(
      fc.property(fc.array(pick, { minLength: numbers.length, maxLength: numbers.length }), (picks) => {
        for (const [at, number] of numbers.entries()) {
          const value = [...VALUES, 1000 * number, -number].at(picks[at])
          if (value === undefined) continue
          const put = seal(bytes, (view) => view.setFloat64(head + 8 * at, value, true))
          forged.clock.now = heir.clock.now = first.clock.now
          try {
            forged.router.restore(put)
          } catch (error) {
            expect(error).toBeInstanceOf(ParetoBanditError)
            continue
          }
          play(forged, 1000, 12)
          const place = `number ${at}, ${number}, as ${value}`
          for (const [path, found] of numbersIn(forged.router.stats()))
            if (!path.endsWith('impliedUsdPerRequest'))
              expect([place, path, Number.isNaN(found)]).toEqual([place, path, false])
          expect([place, codeOf(() => heir.router.restore(forged.router.snapshot()))]).toEqual([
            place,
            'taken',
          ])
        }
      }),
      { numRuns: 1, endOnFailure: true },
    )
  },
  120_000,
)

function alarms(router: Bench['router']): number {
  return router.stats().models.reduce((sum, { rewardAlarms }) => sum + rewardAlarms, 0)
}

function codeOf(call: () => void): string {
  try {
    call()
    return 'taken'
  } catch (error) {
    return String(error)
  }
}
