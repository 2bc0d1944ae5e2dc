import { describe, expect, it } from 'vitest'
import { inSlices, TimeSlice } from '../../src/log/time-slice.js'
import { decodeSteps } from '../../src/state/snapshot/read-snapshot.js'
import { beginSnapshot, encodeSnapshot } from '../../src/state/snapshot/write-snapshot.js'
import { anyPolicy, MODELS, makeBench, X } from '../support/router.js'
import '../support/seed.js'
import fc from 'fast-check'
import { operation, Run } from '../support/operations.js'

describe('a snapshot in steps', () => {
  it('is that of when it was begun, whatever happens between its steps', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyPolicy,
        fc.array(operation, { minLength: 5, maxLength: 40 }),
        fc.array(operation, { minLength: 5, maxLength: 40 }),
        async (policy, before, between) => {
          const bench = await makeBench({ policy, budget: { usdPerRequest: 0.01 } })
          const run = new Run(bench)
          for (const each of before) run.step(each)
          const { state } = bench.router
          const wanted = encodeSnapshot(state, null)
          const steps = beginSnapshot(state, null)
          let step = steps.next()
          for (const each of between) {
            run.step(each)
            if (step.done !== true) step = steps.next()
          }
          while (step.done !== true) step = steps.next()
          expect(Buffer.compare(step.value, wanted)).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is that of when it was begun where requests and bills come in meanwhile, many of them', async () => {
    const { router } = await makeBench({ caps: [{ usd: 100, per: 'day' }] })
    const ids = router.routeMany(Array.from({ length: 5000 }, () => X)).map(({ id }) => id)
    for (const id of ids.slice(0, 50)) router.fail(id)
    const wanted = router.snapshot()
    const steps = beginSnapshot(router.state, null)
    let i = 0
    for (;;) {
      const step = steps.next()
      if (step.done === true) {
        expect(Buffer.compare(step.value, wanted)).toBe(0)
        break
      }
      router.setCaps([])
      for (let n = 0; n < 100; n++, i++) if (i >= 50 && i < 5000) router.settle(ids[i], { costUsd: 0.001 })
      for (const id of ids.slice(0, 50)) router.correct(id, { costUsd: i })
      router.routeMany(Array.from({ length: 500 }, () => X))
      router.reprice('small', { inputUsdPerMTok: i, outputUsdPerMTok: i })
    }
    expect(router.stats().requests).toBeGreaterThan(6000)
  })

  it('has steps that are short: 1,024 requests are the most that one copies', async () => {
    const { router } = await makeBench({ models: MODELS, pendingCapacity: 65_536 })
    router.routeMany(Array.from({ length: 20_000 }, () => X))
    const steps = beginSnapshot(router.state, null)
    let count = 1
    while (steps.next().done !== true) count++
    // Looked at in 5 steps, copied in 20, and the sum of their bytes in steps of half a MiB.
    expect(count).toBeGreaterThan(30)
    let now = 0
    let turns = 0
    const turn = async (): Promise<void> => {
      turns++
    }
    const slice = new TimeSlice(() => (now += 2), turn)
    const bytes = await inSlices(beginSnapshot(router.state, null), slice)
    expect(Buffer.compare(bytes, router.snapshot())).toBe(0)
    expect(turns).toBeGreaterThan(5)
  })

  it('is read in steps as well, and to the same state', async () => {
    const { router } = await makeBench({ models: MODELS, pendingCapacity: 65_536 })
    router.routeMany(Array.from({ length: 20_000 }, () => X))
    const bytes = router.snapshot()
    const { router: other } = await makeBench({ models: [], pendingCapacity: 65_536 })
    const steps = decodeSteps(bytes, other.state, { dimension: 3, encoder: null, name: 'r' })
    let count = 1
    let loading = 0
    while (steps.next().done !== true) {
      expect(other.state.requests).toBe(0)
      count++
      if (other.state.pending.next > 1) loading++
    }
    // 1,024 rows a step, once to begin the ring and once to fill it.
    expect(loading).toBeGreaterThan(2 * 20)
    // Their sum in steps of half a MiB, numbers in steps of 65,536, and requests by 4,096 and by 1,024.
    expect(count).toBeGreaterThan(30)
    expect(Buffer.compare(other.snapshot(), bytes)).toBe(0)
  })
})
