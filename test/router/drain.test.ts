import { describe, expect, it, vi } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { Router } from '../../src/router/router.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode } from '../support/errors.js'
import { type Bench, digest, HOUR, MODELS, makeBench, X } from '../support/router.js'
import { SharedLog } from '../support/shared-store.js'
import '../support/seed.js'

const idsOf = (router: Router) => router.stats().models.map(({ id }) => id)
const drainingIn = (router: Router) =>
  router.stats().models.flatMap(({ id, draining }) => (draining ? [id] : []))

function routeTo(router: Router, model: string): string {
  return router.route(X, { candidates: [model] }).id
}

/** A router whose model `large` has three requests in flight and is to be drained. */
async function draining(): Promise<Bench & { readonly ids: readonly string[] }> {
  const bench = await makeBench()
  const ids = [1, 2, 3].map(() => routeTo(bench.router, 'large'))
  routeTo(bench.router, 'small')
  bench.router.removeModel('large', { drain: true })
  return { ...bench, ids }
}

describe('a model that is drained', () => {
  it('gets no more requests, and is removed with its last one in flight, whatever became of them', async () => {
    const { router, log, ids } = await draining()
    expect(drainingIn(router)).toEqual(['large'])
    for (let i = 0; i < 50; i++) expect(router.route(X).model).not.toBe('large')
    expectCode(() => routeTo(router, 'large'), 'NO_ELIGIBLE_MODEL')
    const before = router.stats().models[2]
    router.settle(ids[0], { costUsd: 0.5, latencyMs: 100 })
    router.reward(ids[0], 1)
    const after = router.stats().models[2]
    expect(after.spendUsd - before.spendUsd).toBe(0.5)
    expect(after).toMatchObject({ settled: 1, rewarded: 1, meanLatencyMs: 100, draining: true })
    router.fail(ids[1], { costUsd: 0.25 })
    expect(idsOf(router)).toContain('large')
    router.cancel(ids[2], { costUsd: 0.125 })
    expect(idsOf(router)).toEqual(['small', 'middle'])
    expect(log.at(-1)).toEqual({ type: 'drained', at: expect.any(Number), model: 'large' })
    expect(router.stats().pacer.spendUsd).toBe(0.875)
    expect(router.stats().pending.unsettled).toBe(51)
    router.addModel(MODELS[2])
    expect(router.stats().models[2]).toMatchObject({ id: 'large', requests: 0, draining: false })
  })

  it('is removed when the last of them expires', async () => {
    const { router, clock, ids } = await draining()
    router.settle(ids[0], { costUsd: 1 })
    clock.advance(25 * HOUR)
    router.expire()
    expect(idsOf(router)).toEqual(['small', 'middle'])
  })

  it('is removed at once with none in flight', async () => {
    const { router, log } = await makeBench()
    const id = routeTo(router, 'large')
    router.settle(id, { costUsd: 1 })
    router.removeModel('large', { drain: true })
    expect(idsOf(router)).toEqual(['small', 'middle'])
    expect(log.slice(-2).map(({ type }) => type)).toEqual(['model-removed', 'drained'])
    expectCode(() => router.reward(id, 1), 'MODEL_REMOVED')
  })

  it('stays where it is enabled again, and goes at once where it is removed', async () => {
    const kept = await draining()
    kept.router.enable('large')
    for (const id of kept.ids) kept.router.settle(id, { costUsd: 1 })
    expect(kept.router.stats().models[2]).toMatchObject({ id: 'large', enabled: true, draining: false })
    const { router, ids, log } = await draining()
    router.removeModel('large', { drain: true })
    expect(log.filter(({ type }) => type === 'model-removed')).toHaveLength(1)
    router.removeModel('large')
    expect(idsOf(router)).toEqual(['small', 'middle'])
    expect(() => router.reward(ids[0], 1)).toThrow()
  })

  it('is not added again before it is gone, and the error says what to do', async () => {
    const { router } = await draining()
    const error = expectCode(() => router.addModel(MODELS[2]), 'DUPLICATE_MODEL', 'model.id')
    expect(error.message).toMatch(/'large' is being removed, .*removeModel\(id\) .*enable\(id\)/)
    expect(drainingIn(router)).toEqual(['large'])
    expectCode(() => router.addModel(MODELS[0]), 'DUPLICATE_MODEL', 'model.id')
    router.removeModel('large')
    router.addModel(MODELS[2])
    expect(router.stats().models[2]).toMatchObject({ id: 'large', requests: 0, draining: false })
  })

  it('checks what it is given', async () => {
    const { router } = await makeBench()
    expectCode(
      () => router.removeModel('large', { drain: 1 as unknown as boolean }),
      'INVALID_ARGUMENT',
      'options.drain',
    )
    expectCode(
      () => router.removeModel('large', { drian: true } as object),
      'UNKNOWN_OPTION',
      'options.drian',
    )
    expectCode(() => router.removeModel('lagre', { drain: true }), 'UNKNOWN_MODEL', 'id')
    router.removeModel('large', { drain: undefined })
    expect(idsOf(router)).toEqual(['small', 'middle'])
  })

  it('is drained all the same after a snapshot, and by its events in another router', async () => {
    const { router, ids, log } = await draining()
    const copy = (await makeBench({ models: [] })).router
    copy.restore(router.snapshot())
    expect(drainingIn(copy)).toEqual(['large'])
    for (const id of ids) for (const each of [router, copy]) each.settle(id, { costUsd: 1 })
    expect(idsOf(copy)).toEqual(['small', 'middle'])
    expect(digest(copy)).toBe(digest(router))
    const twin = (await makeBench()).router
    for (const event of log) twin.apply(event)
    expect(digest(twin)).toBe(digest(router))
  })

  it('survives restarts: from the log alone, and from a snapshot', async () => {
    for (const snapshotOnClose of [false, true]) {
      const store = memoryStore()
      const open = () =>
        createRouter({
          name: 'r',
          models: MODELS,
          dimension: 3,
          kernel: 'js',
          store,
          journal: { snapshotOnClose },
        })
      let router = await open()
      const ids = [routeTo(router, 'large'), routeTo(router, 'large')]
      router.removeModel('large', { drain: true })
      await router.close()
      router = await open()
      expect(drainingIn(router)).toEqual(['large'])
      router.settle(ids[0], { costUsd: 1 })
      await router.close()
      router = await open()
      expect(drainingIn(router)).toEqual(['large'])
      router.settle(ids[1], { costUsd: 1 })
      expect(idsOf(router)).toEqual(['small', 'middle'])
      expect(router.stats().pacer.spendUsd).toBe(2)
      await router.close()
    }
  })

  it('is removed on all replicas at the same place of the log', async () => {
    const log = new SharedLog()
    const options = { models: MODELS, dimension: 3, kernel: 'js' } as const
    const routers = await Promise.all([1, 2].map(() => createRouter({ ...options, store: log.store() })))
    const [a, b] = routers
    const mine = routeTo(a, 'large')
    const theirs = routeTo(b, 'large')
    a.removeModel('large', { drain: true })
    const late = routeTo(b, 'large')
    await Promise.all(routers.map((router) => router.flush()))
    await a.settle(mine, { costUsd: 1 }).durable
    await b.settle(theirs, { costUsd: 2 }).durable
    await b.settle(late, { costUsd: 3 }).durable
    await vi.waitFor(async () => {
      for (const router of routers) {
        expect(idsOf(router)).toEqual(['small', 'middle'])
        // Its own state is in the log's order within a second.
        expect(router.stats().pacer.spendUsd).toBe(6)
      }
      const [first, second] = await Promise.all(routers.map((router) => router.digest()))
      expect(first).toEqual(second)
    }, 5000)
    for (const router of routers) await router.close()
  })
})
