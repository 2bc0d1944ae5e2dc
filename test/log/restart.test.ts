import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { LogFold, Outcome } from '../../src/log/log-fold.js'
import { recover } from '../../src/log/recovery.js'
import type { Store } from '../../src/log/store.js'
import { TimeSlice } from '../../src/log/time-slice.js'
import type { Router } from '../../src/router/router.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { everyStore } from '../support/every-store.js'
import { MODELS } from '../support/router.js'
import { SharedLog } from '../support/shared-store.js'
import '../support/seed.js'

const OPTIONS = { name: 'r', models: MODELS, dimension: 3, kernel: 'js' } as const
const STORES = everyStore()

function use(router: Router, requests: number): void {
  for (let i = 0; i < requests; i++) {
    const { id } = router.route([i % 5, 1, 1])
    router.settle(id, { costUsd: 0.001 })
    if (i % 2 === 0) router.reward(id, 0.5)
  }
}

for (const { name, skip, log } of STORES) {
  describe.skipIf(skip)(`a clean restart on ${name}`, () => {
    it('folds no events', async () => {
      const make = log()
      let router = await createRouter({ ...OPTIONS, store: make() })
      for (let restarts = 0; restarts < 3; restarts++) {
        use(router, 40)
        await router.flush()
        const { sha256 } = await router.digest()
        await router.close()
        router = await createRouter({ ...OPTIONS, store: make() })
        expect(router.recovery).toMatchObject({ isNew: false, fromSnapshot: true, folded: 0, repairs: [] })
        expect((await router.digest()).sha256).toBe(sha256)
      }
      await router.close()
    })

    it('writes none that is not needed, and none where it was told not to', async () => {
      const make = log()
      const journal = { snapshotOnClose: false }
      const router = await createRouter({ ...OPTIONS, store: make(), journal })
      use(router, 10)
      await router.close()
      const again = await createRouter({ ...OPTIONS, store: make(), journal })
      expect(again.recovery).toMatchObject({ fromSnapshot: false, refused: 0 })
      expect(again.recovery?.folded).toBeGreaterThan(20)
      await again.close()
    })
  })
}

describe('closing', () => {
  it('goes well where the snapshot cannot be written, and tells of it', async () => {
    const inner = memoryStore()
    const full = new Error('no room')
    const store: Store = {
      description: 'full',
      isShared: false,
      leases: null,
      open: (header, seed) => inner.open(header, seed),
      append: (batch) => inner.append(batch),
      read: (after, waitMs) => inner.read(after, waitMs),
      snapshots: () => inner.snapshots(),
      writeSnapshot: () => Promise.reject(full),
      close: () => inner.close(),
    }
    const told: unknown[] = []
    const journal = { onStoreError: (error: unknown) => told.push(error) }
    const router = await createRouter({ ...OPTIONS, store, journal })
    use(router, 1)
    await router.close()
    expect(told).toEqual([full])
  })

  it('of many replicas at once writes one snapshot', async () => {
    const log = new SharedLog()
    const routers = await Promise.all(
      Array.from({ length: 4 }, () => createRouter({ ...OPTIONS, store: log.store() })),
    )
    for (const router of routers) use(router, 10)
    await Promise.all(routers.map((router) => router.flush()))
    await Promise.all(routers.map((router) => router.close()))
    expect(log.kept.length).toBeLessThanOrEqual(2)
    const router = await createRouter({ ...OPTIONS, store: log.store() })
    expect(router.recovery).toMatchObject({ fromSnapshot: true, refused: 0 })
    expect(router.stats().requests).toBe(40)
    await router.close()
  })
})

describe('folding a long log', () => {
  it('gives the event loop its turn after every 4 ms of it', async () => {
    const store = memoryStore()
    const router = await createRouter({ ...OPTIONS, store, journal: { snapshotOnClose: false } })
    use(router, 2000)
    await router.close()
    await store.open({ version: 1, settings: {} }, [])
    let now = 0
    let folded = 0
    let sinceTurn = 0
    let longest = 0
    let turns = 0
    // Each event takes half a millisecond of this clock.
    const fold = {
      state: { events: 0 },
      fold: (): Outcome => {
        now += 0.5
        folded++
        sinceTurn += 0.5
        longest = Math.max(longest, sinceTurn)
        return { kind: 'known' }
      },
    } as unknown as LogFold
    const slice = new TimeSlice(
      () => now,
      async () => {
        turns++
        sinceTurn = 0
      },
    )
    await recover(store, () => fold, { dimension: 3, encoder: null }, null, slice)
    expect(folded).toBeGreaterThan(4900)
    expect(longest).toBeLessThanOrEqual(5)
    expect(turns).toBeGreaterThan(folded / 10 - 2)
  })

  it('lets others run meanwhile', async () => {
    const store = memoryStore()
    const router = await createRouter({
      ...OPTIONS,
      store,
      journal: { snapshotEvents: 1e9, snapshotOnClose: false },
    })
    use(router, 20_000)
    await router.flush()
    await router.close()
    let turns = 0
    let isOpen = false
    const count = (): void => {
      turns++
      if (!isOpen) setImmediate(count)
    }
    setImmediate(count)
    const again = await createRouter({ ...OPTIONS, store })
    isOpen = true
    expect(again.recovery?.folded).toBeGreaterThan(49_000)
    // Without slices: as many as there are reads, of 4,096 events each.
    expect(turns).toBeGreaterThan(13)
    await again.close()
  })
})
