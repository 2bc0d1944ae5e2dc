import { describe, expect, it, vi } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import { FailureReports } from '../../src/log/failure-reports.js'
import { Outage } from '../../src/log/outage.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { MODELS, X } from '../support/router.js'
import { until } from '../support/shared-store.js'

function reports() {
  const told: [number, string][] = []
  let now = 0
  const all = new FailureReports(
    (error) => told.push([now, `${error instanceof Error ? error.message : error}`]),
    () => now,
  )
  /** A failure each 200 ms, as of a read. */
  const fail = (text: string, ms: number) => {
    for (const end = now + ms; now < end; now += 200) all.report(new Error(text))
  }
  return {
    told,
    fail,
    report: (error: unknown) => all.report(error),
    rest: (ms: number) => {
      now += ms
    },
  }
}

describe('failures of a store', () => {
  it('are told when they begin, and less and less often while they last', () => {
    const { told, fail } = reports()
    fail('away', 600_000)
    expect(told.slice(0, 7).map(([at]) => at)).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 63_000])
    expect(told).toHaveLength(15)
    expect(told[14][0] - told[13][0]).toBe(60_000)
  })

  it('are told at once when another comes, and when one comes again that was over', () => {
    const { told, fail, rest } = reports()
    fail('away', 2000)
    fail('full', 2000)
    rest(10_000)
    fail('away', 200)
    expect(told).toEqual([
      [0, 'away'],
      [1000, 'away'],
      [2000, 'full'],
      [3000, 'full'],
      [14_000, 'away'],
    ])
  })

  it('are at most thirty at once and one a second, whatever they say, and none is lost that lasts', () => {
    const { told, rest, report } = reports()
    for (let i = 0; i < 1000; i++) {
      report(`${i}`)
      rest(10)
    }
    expect(told.length).toBe(30 + 9)
    report('last')
    rest(1000)
    report('last')
    expect(told.at(-1)?.[1]).toBe('last')
  })

  it('of a sole router are told so as well', async () => {
    const store = memoryStore()
    let isFull = false
    let appends = 0
    const append = store.append.bind(store)
    store.append = async (...args) => {
      appends++
      if (isFull) throw new Error('full')
      return append(...args)
    }
    let calls = 0
    const router = await createRouter({
      models: MODELS,
      dimension: 3,
      kernel: 'js',
      store,
      journal: { onStoreError: () => calls++ },
    })
    isFull = true
    const before = appends
    router.route(X)
    await until(() => appends - before >= 4, 'tries')
    expect(calls).toBe(1)
    isFull = false
    await router.close()
  })

  it('are over once all that failed is answered again, which is told once with how long it took', () => {
    const told: number[] = []
    let now = 0
    const outage = new Outage(
      (goneMs) => told.push(goneMs),
      () => now,
    )
    outage.answers('read')
    outage.fails('append')
    now = 100
    outage.fails('read')
    outage.fails('append')
    now = 250
    outage.answers('append')
    outage.answers('append')
    expect(told).toEqual([])
    now = 400
    outage.answers('read')
    outage.answers('read')
    expect(told).toEqual([400])
    now = 1000
    outage.fails('read')
    now = 1001
    outage.answers('read')
    expect(told).toEqual([400, 1])
  })

  it('of a sole router are told to be over when it takes events again', async () => {
    const store = memoryStore()
    let isFull = true
    const append = store.append.bind(store)
    store.append = async (...args) => {
      if (isFull) throw new ParetoBanditError('STORE_FULL', 'memory', 'no room')
      return append(...args)
    }
    const back: number[] = []
    const journal = { onStoreError: () => {}, onStoreBack: (goneMs: number) => void back.push(goneMs) }
    const router = await createRouter({ models: MODELS, dimension: 3, kernel: 'js', store, journal })
    router.route(X)
    await until(() => router.journal?.failure != null, 'its failure')
    expect(back).toEqual([])
    isFull = false
    await router.flush()
    expect(back).toHaveLength(1)
    expect(back[0]).toBeGreaterThan(0)
    await router.close()
    expect(back).toHaveLength(1)
    const bad = { ...journal, onStoreBack: 7 as never }
    const options = {
      models: MODELS,
      dimension: 3,
      kernel: 'js',
      store: memoryStore(),
      journal: bad,
    } as const
    await expect(createRouter(options)).rejects.toThrow('journal.onStoreBack')
  })

  it('end no process where the promise of who is told is rejected', async () => {
    const store = memoryStore()
    store.append = async () => {
      throw new Error('full')
    }
    const rejections: unknown[] = []
    const heard = (error: unknown) => rejections.push(error)
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    process.on('unhandledRejection', heard)
    try {
      const onStoreError = async () => {
        throw new Error('nobody there')
      }
      const journal = { onStoreError, closeMs: 20 }
      const options = { models: MODELS, dimension: 3, kernel: 'js', store, journal } as const
      const router = await createRouter(options).catch(() => null)
      router?.route(X)
      await until(() => printed.mock.calls.length > 0, 'the failure of the report')
      await router?.close().catch(() => {})
      expect(rejections).toEqual([])
    } finally {
      process.off('unhandledRejection', heard)
      printed.mockRestore()
    }
  })
})
