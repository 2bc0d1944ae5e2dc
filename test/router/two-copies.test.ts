import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import * as own from '../../src/index.js'
import { importPrices, PricesError } from '../../src/prices/index.js'
import { createRewards } from '../../src/rewards/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { MODELS } from '../support/router.js'

/** The package once more, as a bundler has it in another layer of an application. */
let other: typeof own
let otherSqlite: { readonly sqliteStore: typeof sqliteStore }
let otherPrices: { readonly PricesError: typeof PricesError }
beforeAll(async () => {
  vi.resetModules()
  other = await import('../../src/index.js')
  otherSqlite = await import('../../src/store/sqlite/index.js')
  otherPrices = await import('../../src/prices/index.js')
})

async function failureOf(work: () => unknown): Promise<unknown> {
  try {
    await work()
    return null
  } catch (error) {
    return error
  }
}

describe('two copies of the package in one process', () => {
  it('are two', () => {
    expect(other.ParetoBanditError).not.toBe(own.ParetoBanditError)
  })

  it('know the errors of each other', async () => {
    const [mine, theirs] = [own, other].map((copy) =>
      failureOf(() => copy.createRouter({ models: [] as never, alpha: -1 })),
    )
    for (const error of [await mine, await theirs])
      for (const { ParetoBanditError } of [own, other]) expect(error).toBeInstanceOf(ParetoBanditError)
    const mute = new Proxy(
      {},
      {
        has: () => {
          throw new RangeError('nobody asks this')
        },
      },
    )
    for (const nothing of [
      new Error('INVALID_ARGUMENT'),
      { code: 'INVALID_ARGUMENT' },
      mute,
      null,
      'x',
      () => {},
    ])
      expect(nothing instanceof own.ParetoBanditError).toBe(false)
  })

  it('tell kinds of errors apart', async () => {
    const error = await failureOf(() => own.createRouter({ alpha: -1 }))
    expect(error).not.toBeInstanceOf(PricesError)
    const prices = await failureOf(() =>
      importPrices([{ id: 'a', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }], { models: ['b'] }),
    )
    expect(prices).toBeInstanceOf(PricesError)
    expect(prices).toBeInstanceOf(other.ParetoBanditError)
    expect(error).not.toBeInstanceOf(otherPrices.PricesError)
  })

  it('refuse what is rewarded already, of a router that the other made', async () => {
    const errors: unknown[] = []
    const router = await other.createRouter({ models: MODELS })
    const rewards = createRewards(router, { onError: (error) => errors.push(error) })
    const { id } = router.route('Why is the sky blue?')
    router.reward(id, 1)
    const items = [id, 'r.99'].map((decision) => ({ decision, value: 1, source: 'person' }))
    expect(await rewards.giveMany(items)).toEqual({ taken: 0, known: 0, refused: 2 })
    await rewards.close()
    expect(errors).toEqual([])
  })

  it('restore each other', async () => {
    const router = await other.createRouter({ models: MODELS })
    router.route('Why is the sky blue?')
    const restored = await own.createRouter({ models: MODELS })
    restored.restore(router.snapshot())
    expect(restored.stats().requests).toBe(1)
  })

  it('know the logs that each other writes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'paretobandit-'))
    const options = { models: MODELS }
    const first = await own.createRouter({ ...options, store: sqliteStore(join(folder, 'log.db')) })
    const store = otherSqlite.sqliteStore(join(folder, 'log.db'))
    const error = await failureOf(() => other.createRouter({ ...options, store }))
    expect(error).toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining('this process itself'),
    })
    await first.close()
    await (await other.createRouter({ ...options, store })).close()
    rmSync(folder, { recursive: true })
  })
})
