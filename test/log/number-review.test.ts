import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { PlacedBatch } from '../../src/log/store.js'
import type { Router } from '../../src/router/router.js'
import { encodeSnapshot } from '../../src/state/snapshot/write-snapshot.js'
import { MODELS, X } from '../support/router.js'
import { SharedLog } from '../support/shared-store.js'
import '../support/seed.js'

const open: Router[] = []

async function join(log: SharedLog): Promise<Router> {
  const router = await createRouter({
    models: MODELS,
    dimension: 3,
    kernel: 'js',
    clock: () => 1e12,
    store: log.store(),
    journal: { onStoreError: () => {}, snapshotOnClose: false },
  })
  open.push(router)
  return router
}

afterEach(async () => {
  for (const router of open.splice(0)) await router.close()
})

/** Three processes one after the other: a snapshot lies before the last two have ended. */
async function makeLog(): Promise<SharedLog> {
  const log = new SharedLog()
  const routers = [await join(log), await join(log), await join(log)]
  for (let i = 0; i < 12; i++) {
    const router = routers[i % 3]
    const { id } = router.route(X)
    await router.flush()
    await router.settle(id, { costUsd: 0.001 * (i + 1) }).durable
    if (i === 7) {
      await routers[0].flush()
      const bytes = encodeSnapshot(routers[0].confirmedState, null)
      const position = (await routers[0].digest()).position
      await log.store().writeSnapshot({ position, bytes })
    }
  }
  await Promise.all(routers.map((router) => router.flush()))
  for (const router of open.splice(0)) await router.close()
  return log
}

/** As a start finds it. */
async function opened(
  log: SharedLog,
): Promise<{ state: string; repairs: readonly string[]; refused: number }> {
  const router = await join(log)
  const { repairs = [], refused = 0 } = router.recovery ?? {}
  const found = { state: (await router.digest()).sha256, repairs, refused }
  await router.close()
  open.length = 0
  return found
}

describe('a shared log whose entries say another process or number than they were appended with', () => {
  it('opens to the same state, or says so', async () => {
    const log = await makeLog()
    const whole = await opened(log)
    expect(whole.repairs).toEqual([])
    const from = Number(log.kept[0].position)
    const after = log.batches.length - from
    expect(after).toBeGreaterThan(6)
    const change = fc.oneof(
      fc.integer({ min: 1, max: 60 }).map((firstNumber) => ({ firstNumber })),
      fc.constantFrom('p1', 'p2', 'p3', 'p9', 'q').map((origin) => ({ origin })),
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(after - 1), change, async (at, changed) => {
        const before = log.batches[from + at]
        const damaged: PlacedBatch = { ...before, ...changed }
        log.batches[from + at] = damaged
        const { state, repairs, refused } = await opened(log)
        log.batches[from + at] = before
        const isSame = damaged.origin === before.origin && damaged.firstNumber === before.firstNumber
        if (isSame) expect(repairs).toEqual([])
        else expect(state === whole.state || repairs.length + refused > 0).toBe(true)
      }),
    )
  })

  it('says nothing of what was appended twice, as it was', async () => {
    const log = await makeLog()
    const whole = await opened(log)
    for (const back of [1, 2, 3]) {
      const again = log.batches[log.batches.length - back]
      log.batches.push({ ...again, position: String(log.batches.length + 1) })
      const { state, repairs, refused } = await opened(log)
      expect({ state, repairs, refused }).toEqual({ state: whole.state, repairs: [], refused: 0 })
      log.batches.pop()
    }
  })

  it('names what is gone, in few sentences', async () => {
    const log = await makeLog()
    const from = Number(log.kept[0].position)
    for (let at = from + 1; at < log.batches.length; at++) {
      const batch = log.batches[at]
      log.batches[at] = { ...batch, firstNumber: batch.firstNumber + 100 * at }
    }
    const { repairs } = await opened(log)
    expect(repairs.length).toBeGreaterThan(1)
    expect(repairs.length).toBeLessThanOrEqual(8)
    expect(repairs[0]).toMatch(/^event \d+ of p\d at \d+ comes after its event \d+: those between are gone$/)
  })
})
