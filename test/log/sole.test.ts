import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import type { Batch, Store } from '../../src/log/store.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { operation, Run } from '../support/operations.js'
import { anyPolicy, digest, HOUR, MODELS, makeBench, TestClock, X } from '../support/router.js'
import '../support/seed.js'

const OPTIONS = { name: 'r', models: MODELS, dimension: 3, kernel: 'js' } as const satisfies RouterOptions

/** A store that fails as a test says. */
function faulty(store: Store, faults: { fail: (batch: Batch) => unknown }): Store {
  return {
    ...store,
    description: 'faulty',
    isShared: false,
    leases: null,
    open: (header, seed) => store.open(header, seed),
    append: async (batch) => {
      const error = faults.fail(batch)
      if (error !== undefined) throw error
      return store.append(batch)
    },
    read: (after, waitMs) => store.read(after, waitMs),
    snapshots: () => store.snapshots(),
    writeSnapshot: (snapshot) => store.writeSnapshot(snapshot),
    close: () => store.close(),
  }
}

describe('a router on a store', () => {
  it('is found again as it was left, whatever happened, from the log and from snapshots', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyPolicy,
        fc.array(operation, { minLength: 10, maxLength: 60 }),
        fc.array(fc.nat(59), { maxLength: 3 }),
        fc.constantFrom(1, 7, 1e6),
        async (policy, operations, restarts, snapshotEvents) => {
          const store = memoryStore()
          const clock = new TestClock()
          const options = { ...OPTIONS, policy, budget: { usdPerRequest: 0.01 }, clock: clock.read, store }
          const journal = { snapshotEvents }
          let router = await createRouter({ ...options, journal })
          const twin = await makeBench({ ...OPTIONS, policy, budget: { usdPerRequest: 0.01 } })
          const twinRun = new Run(twin)
          let run = new Run({ router, clock, log: [] })
          for (const [i, each] of operations.entries()) {
            if (restarts.includes(i)) {
              await router.close()
              const { models: _, ...rest } = options
              router = await createRouter({ ...rest, journal })
              run = new Run({ router, clock, log: [] }, run.decisions)
              twin.router.restore(twin.router.snapshot())
            }
            // A restored router tells less of why feedback comes too late.
            expect(run.step(each) === null).toBe(twinRun.step(each) === null)
          }
          expect(run.decisions).toEqual(twinRun.decisions)
          await router.flush()
          const before = await router.digest()
          await router.close()
          const { models: _, ...rest } = options
          const again = await createRouter(rest)
          expect(await again.digest()).toEqual(before)
          expect(again.recovery).toMatchObject({ isNew: false, refused: 0, repairs: [] })
        },
      ),
      { numRuns: 40 },
    )
  })

  it('tells of what is durable, and not before it is', async () => {
    let isHeld = true
    const waiting: (() => void)[] = []
    const inner = memoryStore()
    const store: Store = {
      ...faulty(inner, { fail: () => undefined }),
      append: async (batch) => {
        if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve))
        return inner.append(batch)
      },
    }
    const router = await createRouter({ ...OPTIONS, store })
    const { id } = router.route(X)
    const receipts = [router.settle(id, { costUsd: 0.1 }), router.reward(id, 1)]
    let isDurable = false
    void receipts[0].durable.then(() => {
      isDurable = true
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(isDurable).toBe(false)
    isHeld = false
    for (const resolve of waiting.splice(0)) resolve()
    await receipts[0].durable
    await receipts[1].durable
    await router.flush()
    await router.close()
    const again = await createRouter({ ...OPTIONS, store: inner })
    expect(again.stats().models.map(({ rewarded }) => rewarded)).toEqual(
      router.stats().models.map(({ rewarded }) => rewarded),
    )
  })

  it('tries again what failed, tells of it once, and loses nothing', async () => {
    const inner = memoryStore()
    const told: unknown[] = []
    let failures = 3
    const full = new ParetoBanditError('STORE_FULL', 'faulty', 'no room')
    const store = faulty(inner, { fail: () => (failures-- > 0 ? full : undefined) })
    const router = await createRouter({
      ...OPTIONS,
      store,
      journal: { onStoreError: (error) => told.push(error) },
    })
    const { id } = router.route(X)
    await router.reward(id, 0.5).durable
    expect(told).toEqual([full])
    expect(failures).toBeLessThan(0)
    await router.close()
    const again = await createRouter({ ...OPTIONS, store: inner })
    expectCode(() => again.reward(id, 0.5), 'ALREADY_REWARDED')
  })

  it('refuses work when too much waits to be durable, and changes nothing', async () => {
    let isFull = true
    const full = new ParetoBanditError('STORE_FULL', 'faulty', 'no room')
    const store = faulty(memoryStore(), { fail: () => (isFull ? full : undefined) })
    const router = await createRouter({ ...OPTIONS, store, journal: { capacity: 3, onStoreError: () => {} } })
    const ids = [router.route(X).id, router.route(X).id, router.route(X).id]
    await new Promise((resolve) => setTimeout(resolve, 10))
    const before = digest(router)
    const message = expectCode(() => router.route(X), 'JOURNAL_FULL').message
    expect(message).toContain('3 events wait for faulty: faulty: no room')
    expectCode(() => router.settle(ids[0], { costUsd: 1 }), 'JOURNAL_FULL')
    expectCode(() => router.setBudget({ usdPerRequest: 1 }), 'JOURNAL_FULL')
    expectCode(() => router.settleMany([{ id: ids[0], costUsd: 1 }]), 'JOURNAL_FULL')
    expect(digest(router)).toBe(before)
    const position = router.stats().journal?.position
    const state = { position: '3', waiting: 3, failure: 'faulty: no room', isBroken: false }
    expect(router.stats().journal).toEqual(state)
    isFull = false
    await router.flush()
    const well = { position: `${Number(position) + 3}`, waiting: 0, failure: null, isBroken: false }
    expect(router.stats().journal).toEqual(well)
    router.settle(ids[0], { costUsd: 1 })
    await router.close()
  })

  it('stops for good when its store is corrupt, and says so to everybody who waits', async () => {
    const corrupt = new ParetoBanditError('STORE_CORRUPT', 'faulty', 'bits have rotted')
    let isCorrupt = false
    const store = faulty(memoryStore(), { fail: () => (isCorrupt ? corrupt : undefined) })
    const router = await createRouter({ ...OPTIONS, store, journal: { onStoreError: () => {} } })
    const { id } = router.route(X)
    await router.flush()
    isCorrupt = true
    const receipt = router.reward(id, 1)
    await expectRejection(router.flush(), 'STORE_CORRUPT')
    await expectRejection(receipt.durable, 'STORE_CORRUPT')
    expectCode(() => router.route(X), 'STORE_CORRUPT')
  })

  it('takes no work after close', async () => {
    const store = memoryStore()
    const router = await createRouter({ ...OPTIONS, store })
    const { id } = router.route(X)
    await router.close()
    await router.close()
    expectCode(() => router.route(X), 'STORE_CLOSED')
    expectCode(() => router.reward(id, 1), 'STORE_CLOSED')
    const again = await createRouter({ ...OPTIONS, store })
    again.reward(id, 1)
    await again.close()
  })

  it('passes over a snapshot that cannot be read, and says so', async () => {
    const store = memoryStore()
    const router = await createRouter({ ...OPTIONS, store, journal: { snapshotOnClose: false } })
    const { id } = router.route(X)
    await router.flush()
    const { position } = await router.digest()
    await store.writeSnapshot({ position, bytes: Uint8Array.of(1, 2, 3) })
    await router.reward(id, 1).durable
    const digestBefore = digest(router)
    await router.close()
    const again = await createRouter({ ...OPTIONS, store })
    expect(digest(again)).toBe(digestBefore)
    expect(again.recovery?.repairs[0]).toContain(`the snapshot at ${position} cannot be read`)
  })

  it('leaves out the numbers of requests that a crash may have lost', async () => {
    const inner = memoryStore()
    const router = await createRouter({ ...OPTIONS, store: inner })
    router.route(X)
    await router.close()
    const crashed: Store = {
      ...faulty(inner, { fail: () => undefined }),
      open: async (header, seed) => {
        const opened = await inner.open(header, seed)
        return { ...opened, firstNumber: opened.firstNumber + 1000 }
      },
    }
    const again = await createRouter({ ...OPTIONS, store: crashed })
    expectCode(() => again.reward('r.2', 1), 'UNKNOWN_REQUEST')
    expect(again.route(X).id).toBe('r.1002')
    expectCode(() => again.reward('r.2', 1), 'REQUEST_CLOSED')
    again.reward('r.1', 1)
    again.reward('r.1002', 1)
  })

  it('is refused a log that others began otherwise, before any traffic, and leaves it as it is', async () => {
    const store = memoryStore()
    await (await createRouter({ ...OPTIONS, store, budget: { usdPerRequest: 0.1 } })).close()
    const open = (changes: RouterOptions) => createRouter({ ...OPTIONS, store, ...changes })
    const refusals: [RouterOptions, string][] = [
      [{ dimension: 4 }, 'dimension 3, this router has 4'],
      [{ policy: 'paper' }, 'policy "dollar", this router has "paper"'],
      [{ name: 'other' }, 'name "r", this router has "other"'],
      [{ gamma: 0.9 }, 'gamma 0.9997, this router has 0.9'],
      [{ rewardRange: [0, 2] }, 'rewardHigh 1, this router has 2'],
      [
        { models: [...MODELS, { ...MODELS[0], id: 'new' }], onDifference: 'throw' },
        '"outputUsdPerMTok":0.3,"cachedInputUsdPerMTok":0.1,"reasoningUsdPerMTok":0.3} in the options and absent in the log',
      ],
      [
        { models: [MODELS[0], MODELS[1]], onDifference: { models: 'throw' } },
        'models["large"] is absent in the options and ',
      ],
    ]
    for (const [changes, message] of refusals) {
      const error = await expectRejection(open(changes), 'STORE_MISMATCH', 'memory')
      expect(error.message).toContain(message)
    }
    const { models: _, ...rest } = OPTIONS
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const router = await createRouter({
      ...rest,
      store,
      budget: { usdPerRequest: 0.2 },
      onDifference: 'warn',
    })
    expect(warned).toHaveBeenCalledTimes(1)
    warned.mockRestore()
    expect(router.stats().pacer.usdPerRequest).toBe(0.1)
    expect(router.recovery?.differences).toEqual([
      'budget.usdPerRequest is 0.2 in the options and 0.1 in the log, which holds',
    ])
    expect(router.stats().models).toHaveLength(3)
  })

  it('checks store and journal', async () => {
    const bad: [RouterOptions, string][] = [
      [{ store: wrong({}) }, 'store.open'],
      [{ store: wrong(null) }, 'store'],
      [{ store: memoryStore(), journal: { capacity: 0 } }, 'journal.capacity'],
      [{ store: memoryStore(), journal: { capacity: 1e6 } }, 'journal.capacity'],
      [{ store: memoryStore(), journal: { snapshotEvents: 0.5 } }, 'journal.snapshotEvents'],
      [{ store: memoryStore(), journal: { localShare: 2 } }, 'journal.localShare'],
      [{ store: memoryStore(), journal: { holdMs: -1 } }, 'journal.holdMs'],
      [{ store: memoryStore(), journal: { onStoreError: wrong(1) } }, 'journal.onStoreError'],
    ]
    for (const [changes, field] of bad)
      await expectRejection(createRouter({ ...OPTIONS, ...changes }), 'INVALID_ARGUMENT', field)
    const misspelt = wrong<RouterOptions>({ store: memoryStore(), journal: { snapshotevents: 1 } })
    await expectRejection(createRouter(misspelt), 'UNKNOWN_OPTION', 'journal.snapshotevents')
    await expectRejection(createRouter({ ...OPTIONS, journal: {} }), 'INVALID_ARGUMENT', 'journal')
  })

  it('cannot be restored behind its store', async () => {
    const router = await createRouter({ ...OPTIONS, store: memoryStore() })
    expectCode(() => router.restore(router.snapshot()), 'INVALID_ARGUMENT', 'snapshot')
  })

  it('trains the right arm once with a reward that comes days later, after restarts', async () => {
    const store = memoryStore()
    const clock = new TestClock()
    const options = { ...OPTIONS, store, clock: clock.read, pendingTtlMs: 96 * HOUR }
    let router = await createRouter({ ...options, journal: { snapshotEvents: 5 } })
    const decision = router.route(X)
    for (let i = 0; i < 30; i++) router.route([i % 3, 1, 1])
    for (let i = 0; i < 3; i++) {
      await router.close()
      clock.advance(24 * HOUR)
      router = await createRouter(options)
      router.route(X)
    }
    await router.reward(decision.id, 1).durable
    expectCode(() => router.reward(decision.id, 1), 'ALREADY_REWARDED')
    const rewarded = router.stats().models.filter(({ rewarded }) => rewarded > 0)
    expect(rewarded.map(({ id, rewarded }) => [id, rewarded])).toEqual([[decision.model, 1]])
  })
})

describe('events of a router on a store', () => {
  it('go together while nobody waits for them, and at once when somebody does', async () => {
    const batches: number[] = []
    const store = faulty(memoryStore(), { fail: ({ events }) => void batches.push(events.length) })
    const router = await createRouter({ ...OPTIONS, store })
    vi.useFakeTimers()
    try {
      for (let i = 0; i < 6; i++) {
        router.route(X)
        await vi.advanceTimersByTimeAsync(0)
      }
      // The first went by itself; the timer that the others wait for has not run.
      expect(batches).toEqual([1])
      const { id } = router.route(X)
      await router.settle(id, { costUsd: 0.001 }).durable
      expect(batches).toEqual([1, 7])
      router.route(X)
      await router.flush()
      expect(batches).toEqual([1, 7, 1])
    } finally {
      vi.useRealTimers()
      await router.close()
    }
  })
})
