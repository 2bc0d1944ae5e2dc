import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { X } from '../support/router.js'
import { pause, SharedLog, type SharedStore } from '../support/shared-store.js'
import '../support/seed.js'

/** One model, so that a request's worst case is chosen by its tokens: a dollar for 1,000 of them. */
const MODELS = [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }]

const routers: Router[] = []
afterEach(async () => {
  for (const router of routers.splice(0)) await router.close()
})

interface Replica {
  readonly router: Router
  readonly store: SharedStore
}

/** Replicas of one log whose store takes two milliseconds to hear and two to answer. */
async function replicas(count: number, options: RouterOptions): Promise<readonly Replica[]> {
  const log = new SharedLog()
  const made: Replica[] = []
  for (let i = 0; i < count; i++) {
    const store = log.store()
    const router = await createRouter({
      models: MODELS,
      dimension: 3,
      kernel: 'js',
      reserve: 'worst-case',
      ...options,
      journal: { onStoreError: () => {} },
      store,
    })
    store.leaseMs = 2
    routers.push(router)
    made.push({ router, store })
  }
  return made
}

const sized = (usd: number) => ({ inputTokens: 0, maxOutputTokens: Math.round(1000 * usd) })

/** @returns the request's id; null: it was refused for want of money */
async function asked(router: Router, usd: number): Promise<string | null> {
  try {
    return (await router.routeAsync(X, sized(usd))).id
  } catch (error) {
    if (error instanceof ParetoBanditError && error.code === 'BUDGET_EXHAUSTED') return null
    throw error
  }
}

const servedOf = (ids: readonly (string | null)[]) => ids.filter((id) => id !== null).length
const refusedBy = ({ router }: Replica) => router.stats().account?.refused ?? 0

describe('a request that finds too little of a shared cap here', () => {
  it('waits for the next slice where it can, and is refused at once where it cannot', async () => {
    const [one] = await replicas(2, { caps: [{ usd: 10, per: 'day' }] })
    // The first slice pays for a sixteenth of this process's half.
    expect(() => one.router.route(X, sized(2))).toThrow(/asks for more while there is any/)
    await pause(50)
    expect(await asked(one.router, 1)).not.toBeNull()
    expect(await asked(one.router, 3)).not.toBeNull()
    expect(refusedBy(one)).toBe(1)
  })

  it('is served among many at once while there is money, and what is refused is counted once', async () => {
    const all = await replicas(2, { caps: [{ usd: 10, per: 'day' }] })
    const requests = Array.from({ length: 60 }, (_, i) => asked(all[i % 2].router, 0.1))
    expect(servedOf(await Promise.all(requests))).toBe(60)
    const more = Array.from({ length: 60 }, (_, i) => asked(all[i % 2].router, 0.1))
    const served = servedOf(await Promise.all(more))
    expect(served).toBeGreaterThan(36)
    expect(served).toBeLessThanOrEqual(40)
    for (const { router } of all) await router.flush()
    expect(refusedBy(all[0]) + refusedBy(all[1])).toBeGreaterThanOrEqual(60 - served)
    expect(all.map(({ router }) => router.stats().account?.reservedUsd ?? 0).every((usd) => usd <= 10)).toBe(
      true,
    )
  })

  it('is refused without a wait where there is nothing more to be had', async () => {
    const [, one] = await replicas(2, { caps: [{ usd: 1, per: 'day' }] })
    const many = () => Promise.all(Array.from({ length: 100 }, () => asked(one.router, 0.05)))
    // More than this process's share of the pot.
    expect(await asked(one.router, 0.9)).toBeNull()
    // The other process holds a slice.
    expect(servedOf(await many())).toBeGreaterThan(14)
    let calls = 0
    const { take } = one.store.leases
    one.store.leases.take = (requests) => {
      calls++
      return take(requests)
    }
    expect(servedOf(await many())).toBe(0)
    expect(calls).toBeLessThan(5)
  })

  it('is refused while the store is away, and served when it is back', async () => {
    const [one] = await replicas(1, { caps: [{ usd: 10, per: 'day' }] })
    one.store.isCutOff = true
    expect(await asked(one.router, 2)).toBeNull()
    one.store.isCutOff = false
    await expect.poll(() => asked(one.router, 2)).not.toBeNull()
  })

  it('is decided again for an answer alone: while the store is left alone none comes', async () => {
    let read = 0
    const encoder = {
      name: 'counting',
      dimension: 3,
      encodeInto: (_: string, out: Float64Array, offset: number) => {
        read++
        out.set(X, offset)
      },
    }
    const [one] = await replicas(1, { caps: [{ usd: 10, per: 'day' }], encoder })
    one.store.isCutOff = true
    await expect(one.router.routeAsync('a text', sized(2))).rejects.toThrow(/this process holds/)
    expect(read).toBeLessThan(6)
    expect(refusedBy(one)).toBe(1)
    one.store.isCutOff = false
  })

  it('waits as well where it only asks where it would go', async () => {
    const [one] = await replicas(2, { caps: [{ usd: 10, per: 'day' }] })
    expect(await one.router.preview(X, sized(2))).toMatchObject({ model: 'only', reservedUsd: 2 })
    expect(await one.router.preview(X, sized(11)).catch(({ code }) => code)).toBe('BUDGET_EXHAUSTED')
    expect(refusedBy(one)).toBe(0)
  })

  it('waits, and its session keeps the model that it has', async () => {
    const models = [...MODELS, { id: 'cheap', inputUsdPerMTok: 0, outputUsdPerMTok: 1 }]
    const [one] = await replicas(2, { caps: [{ usd: 10, per: 'day' }], models })
    const step = async (usd: number, candidates?: string[]) => {
      const options = { ...sized(usd), session: 's', ...(candidates === undefined ? {} : { candidates }) }
      return (await one.router.run(X, options, () => ({}))).decision.model
    }
    expect(await step(0.1, ['only'])).toBe('only')
    expect(await step(2)).toBe('only')
  })

  it('waits whatever a listener routes meanwhile', async () => {
    const at = Date.now()
    let hours = 0
    const [one] = await replicas(1, { caps: [{ usd: 10, per: 'day' }], clock: () => at + hours * 3_600_000 })
    const refused: string[] = []
    one.router.on('period-started', () => {
      try {
        one.router.route(X, sized(9))
      } catch (error) {
        refused.push(String(error))
      }
    })
    hours = 48
    expect(await asked(one.router, 2)).not.toBeNull()
    expect(refused).toEqual([expect.stringContaining('this process holds')])
  })

  it('does not wait for a store that is known to give no answers', async () => {
    const [one] = await replicas(1, { caps: [{ usd: 10, per: 'day' }] })
    let answers = 0
    const { take } = one.store.leases
    one.store.leases.take = async (requests) => {
      await pause(600)
      answers++
      return take(requests)
    }
    one.store.isCutOff = true
    expect(await asked(one.router, 2)).toBeNull()
    for (let i = 0; i < 6; i++) {
      await pause(100)
      const before = answers
      expect(await asked(one.router, 2)).toBeNull()
      expect(answers).toBe(before)
    }
    one.store.isCutOff = false
    await expect.poll(() => asked(one.router, 2), { timeout: 5000 }).not.toBeNull()
  })

  it('does not wait until a slow answer comes, and no other does meanwhile', async () => {
    const [one] = await replicas(1, { caps: [{ usd: 10, per: 'day' }] })
    let answers = 0
    const { take } = one.store.leases
    one.store.leases.take = async (requests) => {
      await pause(3000)
      answers++
      return take(requests)
    }
    expect([await asked(one.router, 2), answers]).toEqual([null, 0])
    expect([await asked(one.router, 2), answers]).toEqual([null, 0])
    one.store.leases.take = take
    await expect.poll(() => asked(one.router, 2), { timeout: 10_000 }).not.toBeNull()
  })

  it('waits for the burst of a strict budget too', async () => {
    const [one] = await replicas(1, { budget: { usdPerRequest: 0.1, burst: 100 }, strict: true })
    const requests = Array.from({ length: 50 }, () => asked(one.router, 0.2))
    expect(servedOf(await Promise.all(requests))).toBe(50)
  })

  it('is never refused while caps leave twice what all ask for, however often these are edited', async () => {
    const request = fc.record({
      by: fc.nat(1),
      usd: fc.integer({ min: 1, max: 400 }).map((milli) => milli / 1000),
      edits: fc.option(fc.record({ usd: fc.integer({ min: 40, max: 80 }), isWeek: fc.boolean() }), {
        freq: 4,
      }),
      pauseMs: fc.nat(3),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 50 }), async (script) => {
        const all = await replicas(2, { caps: [{ usd: 40, per: 'day' }] })
        const under: Promise<string | null>[] = []
        for (const { by, usd, edits, pauseMs } of script) {
          if (edits !== null)
            all[1 - by].router.setCaps([{ usd: edits.usd, per: edits.isWeek ? 'week' : 'day' }])
          const { router } = all[by]
          under.push(
            asked(router, usd).then((id) => {
              if (id !== null) router.settle(id, { costUsd: usd / 2 })
              return id
            }),
          )
          if (pauseMs > 0) await pause(pauseMs)
        }
        expect(servedOf(await Promise.all(under))).toBe(script.length)
        for (const router of routers.splice(0)) await router.close()
      }),
      { numRuns: 30 },
    )
  })
})
