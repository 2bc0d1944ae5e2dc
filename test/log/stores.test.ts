import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { openSqliteReadOnly, sqliteStore } from '../../src/store/sqlite/index.js'
import { hasSqlite } from '../store/sqlite-support.js'
import { expectRejection } from '../support/errors.js'
import { MODELS, X } from '../support/router.js'
import '../support/seed.js'

const OPTIONS = { name: 'r', models: MODELS, dimension: 3, kernel: 'js' } as const satisfies RouterOptions
const folder = await mkdtemp(join(tmpdir(), 'pareto-durable-'))

afterAll(() => rm(folder, { recursive: true, force: true }))

function spin(router: Router, requests: number): string[] {
  return Array.from({ length: requests }, (_, i) => {
    const { id, reservedUsd } = router.route([i % 5, 1, 1])
    router.settle(id, { costUsd: reservedUsd / 2 })
    if (i % 3 === 0) router.reward(id, (i % 10) / 10)
    return id
  })
}

describe.skipIf(!hasSqlite)('a router on SQLite', () => {
  it('is found again by its log and its snapshots, with ids that go on', async () => {
    const file = join(folder, 'again.db')
    const open = (journal = {}) => createRouter({ ...OPTIONS, store: sqliteStore(file), journal })
    let router = await open({ snapshotEvents: 100 })
    expect(spin(router, 300).at(-1)).toBe('r.300')
    await router.flush()
    spin(router, 10)
    const before = await digestOf(router)
    await router.close()
    router = await open()
    expect(router.recovery).toMatchObject({ isNew: false, fromSnapshot: true, refused: 0, repairs: [] })
    expect(await digestOf(router)).toBe(before)
    expect(router.route(X).id).toBe('r.311')
    await router.close()
  })

  it('is one at a time, can be looked at meanwhile, and shows what waits', async () => {
    const file = join(folder, 'one.db')
    const router = await createRouter({ ...OPTIONS, store: sqliteStore(file) })
    router.route(X)
    await router.flush()
    const second = createRouter({ ...OPTIONS, store: sqliteStore(file) })
    await expectRejection(second, 'STORE_LOCKED', /one\.db/)
    const reader = await openSqliteReadOnly(file)
    expect(reader.header.settings).toMatchObject({ policy: 'dollar', dimension: 3 })
    await reader.close()
    await router.close()
  })

  it('refuses a log of another dimension and leaves it as it was', async () => {
    const file = join(folder, 'other.db')
    const router = await createRouter({ ...OPTIONS, store: sqliteStore(file) })
    const before = await digestOf(router)
    await router.close()
    const other = createRouter({ ...OPTIONS, dimension: 4, store: sqliteStore(file) })
    await expectRejection(other, 'STORE_MISMATCH', /other\.db/)
    const again = await createRouter({ ...OPTIONS, store: sqliteStore(file) })
    expect(await digestOf(again)).toBe(before)
    await again.close()
  })
})

async function digestOf(router: Router): Promise<string> {
  await router.flush()
  return (await router.digest()).sha256
}
