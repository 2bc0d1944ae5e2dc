import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { RouterEvent } from '../../src/events/events.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import type { RouteOptions } from '../../src/policy/route-options.js'
import type { Router } from '../../src/router/router.js'
import { Random } from '../support/random.js'
import { digest, HOUR, MODELS, makeBench, X } from '../support/router.js'
import { SharedLog } from '../support/shared-store.js'

/** Requests with one retry each, as `fail` asks for; the favourite's answers are the best. @returns first tries of a model that is down */
function serve(router: Router, count: number, down: string | null, favourite = down): number {
  let tries = 0
  for (let i = 0; i < count; i++) {
    let decision = router.route(X)
    if (decision.model === down) {
      tries++
      router.fail(decision.id)
      decision = router.route(X, { exclude: [down] })
    }
    router.settle(decision.id, { costUsd: 0.0001 })
    router.reward(decision.id, decision.model === favourite ? 0.95 : 0.4)
  }
  return tries
}

const shareOf = (router: Router, id: string): number =>
  router.stats().models.find((model) => model.id === id)?.requests ?? 0

describe.each(POLICY_NAMES)('under policy %s a model that is down', (policy) => {
  it('keeps little of its traffic, is told, and is found again within tens of requests', async () => {
    const { router, log } = await makeBench({ policy })
    const { id, model: best } = router.route(X)
    router.settle(id, { costUsd: 0.0001 })
    serve(router, 500, null, best)
    const tries = serve(router, 2000, best)
    expect(tries).toBeGreaterThan(20)
    expect(tries).toBeLessThan(120)
    const told = () => log.filter(({ type }) => type === 'availability')
    expect(told()).toMatchObject([{ model: best, isAvailable: false }])
    expect(router.stats().models.find(({ id }) => id === best)).toMatchObject({
      isAvailable: false,
      outages: 1,
    })
    const before = shareOf(router, best)
    serve(router, 100, null, best)
    expect(shareOf(router, best) - before).toBeGreaterThan(50)
    expect(told().at(-1)).toMatchObject({ model: best, isAvailable: true })
    // Its quality is what it was.
    expect(router.stats().models.find(({ id }) => id === best)?.meanReward).toBeCloseTo(0.95, 6)
  })

  it.each([60, 600, 3600, 86_400])(
    'keeps little of its traffic where a request comes every %d s',
    async (seconds) => {
      const { router, clock } = await makeBench({ policy })
      const paced = (count: number, down: string | null, favourite: string): number => {
        let tries = 0
        for (let i = 0; i < count; i++) {
          clock.advance(seconds * 1000)
          tries += serve(router, 1, down, favourite)
        }
        return tries
      }
      const { id, model: best } = router.route(X)
      router.settle(id, { costUsd: 0.0001 })
      paced(300, null, best)
      expect(paced(1000, best, best)).toBeLessThan(150)
      const before = shareOf(router, best)
      paced(60, null, best)
      expect(shareOf(router, best) - before).toBeGreaterThan(20)
    },
  )

  it('is left alone for as long as its provider asks', async () => {
    const { router, clock, log } = await makeBench({ policy, models: [MODELS[0], MODELS[1]] })
    serve(router, 100, null)
    const { id, model } = router.route(X)
    router.fail(id, { retryAfterMs: 60_000 })
    const others = (count: number) => Array.from({ length: count }, () => router.route(X).model !== model)
    expect(others(300).every(Boolean)).toBe(true)
    expect(
      router.route(X, { explain: true }).explanation?.models.find((each) => each.model === model),
    ).toMatchObject({
      excluded: 'unavailable',
    })
    const told = () => log.filter(({ type }) => type === 'availability')
    expect(told()).toMatchObject([{ model, isAvailable: false, retryAfterMs: 60_000 }])
    clock.advance(60_000)
    router.settle(router.route(X, { candidates: [model] }).id, { costUsd: 0.0001 })
    expect(router.stats().models.every(({ isAvailable }) => isAvailable)).toBe(true)
    expect(told()[1]).toMatchObject({ model, isAvailable: true, retryAfterMs: null })
  })

  it('is asked again after an hour, whatever wait its provider names, and that is flagged', async () => {
    const { router, clock, log } = await makeBench({ policy, models: [MODELS[0], MODELS[1]] })
    serve(router, 100, null)
    const { id, model } = router.route(X)
    router.fail(id, { retryAfterMs: 5 * 365 * 24 * HOUR })
    expect(log.findLast(({ type }) => type === 'failed')).toMatchObject({ usageFlags: ['retry-too-long'] })
    expect(router.stats().models.find((each) => each.id === model)?.flaggedUsages).toBe(1)
    clock.advance(HOUR - 1)
    const others = Array.from({ length: 40 }, () => router.route(X).model)
    expect(others).not.toContain(model)
    clock.advance(1)
    expect(Array.from({ length: 40 }, () => router.route(X).model)).toContain(model)
    router.fail(router.route(X).id, { retryAfterMs: HOUR })
    expect(log.findLast(({ type }) => type === 'failed')).toMatchObject({ usageFlags: null })
  })

  it('is not left alone for a day where the clock is set back by one', async () => {
    const { router, clock } = await makeBench({ policy, models: [MODELS[0], MODELS[1]] })
    serve(router, 100, null)
    const { id, model } = router.route(X)
    router.fail(id, { retryAfterMs: 60_000 })
    clock.advance(-24 * HOUR)
    const models = () => Array.from({ length: 40 }, () => router.route(X).model)
    expect(models()).toContain(model)
    // A failure by the clock as it is now begins a pause by it.
    router.fail(router.route(X, { candidates: [model] }).id, { retryAfterMs: 60_000 })
    expect(models()).not.toContain(model)
    clock.advance(60_000)
    expect(models()).toContain(model)
  })

  it('comes back by time as soon as without it, where the clock is set back by a day', async () => {
    const until = async (jumpMs: number) => {
      const { router, clock } = await makeBench({ policy, models: [MODELS[0], MODELS[1]] })
      serve(router, 100, null)
      const { model } = router.route(X)
      for (let i = 0; i < 8; i++) router.fail(router.route(X, { candidates: [model] }).id)
      clock.advance(jumpMs)
      clock.advance(HOUR)
      let requests = 0
      while (router.route(X).model !== model && requests < 1000) requests++
      return requests
    }
    expect(await until(-24 * HOUR)).toBe(await until(0))
  })

  it('from its first call on is found within tens of requests once it answers', async () => {
    const { router, log } = await makeBench({ policy })
    serve(router, 300, null, 'middle')
    router.addModel({ id: 'new', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 })
    // Misconfigured: whatever it gets fails at once.
    const failed = serve(router, 400, 'new', 'middle')
    expect(failed).toBeGreaterThan(4)
    expect(failed).toBeLessThan(40)
    expect(log.filter(({ type }) => type === 'availability')).toMatchObject([
      { model: 'new', isAvailable: false },
    ])
    const before = router.stats().requests
    let left = 200
    while (left > 0 && router.stats().models.find(({ id }) => id === 'new')?.isAvailable === false) {
      serve(router, 1, null, 'new')
      left--
    }
    expect(router.stats().requests - before).toBeLessThanOrEqual(33)
  })

  it.each([1, 2, 4].flatMap((models) => [50, 300, 1000].map((requests) => [models, requests] as const)))(
    'of %i models, from the first call of all on for %i requests, is soon the favourite once it answers',
    async (models, requests) => {
      const ids = ['first', 'second', 'third', 'fourth'].slice(0, models)
      const open = () => makeBench({ policy, models: ids.map((id) => ({ ...MODELS[0], id })) })
      const { router: other } = await open()
      const best = other.route(X).model
      const { router, clock } = await open()
      const random = new Random(11)
      const firstTries = (count: number, isDown: boolean): boolean[] =>
        Array.from({ length: count }, () => {
          clock.advance(1000)
          const x = [random.next() - 0.5, random.next() - 0.5, 1]
          let decision = router.route(x)
          const isFirst = decision.model === best
          if (isDown && isFirst) {
            router.fail(decision.id)
            if (models === 1) return true
            decision = router.route(x, { exclude: [best] })
          }
          router.settle(decision.id, { costUsd: 0.0001 })
          router.reward(decision.id, (decision.model === best ? 0.9 : 0.5) + 0.1 * (random.next() - 0.5))
          return isFirst
        })
      const failed = firstTries(requests, true).filter(Boolean).length
      if (models > 1) expect(failed).toBeLessThan(10 + requests / 25)
      const back = firstTries(150, false)
      expect(back.slice(0, 40)).toContain(true)
      expect(back.slice(50).filter(Boolean).length).toBeGreaterThan(80)
    },
  )

  it('from its first call on is not kept out by an unlucky first answer', async () => {
    const models = ['first', 'second', 'third'].map((id) => ({ ...MODELS[0], id }))
    const { router: other } = await makeBench({ policy, models })
    const best = other.route(X).model
    for (let seed = 1; seed <= 20; seed++) {
      const { router, clock } = await makeBench({ policy, models })
      const random = new Random(seed)
      const firstTries = (isDown: boolean): number => {
        let count = 0
        for (let i = 0; i < 300; i++) {
          clock.advance(1000)
          const x = [random.next() - 0.5, random.next() - 0.5, 1]
          let decision = router.route(x)
          const isFirst = decision.model === best
          if (isFirst) count++
          if (isDown && isFirst) {
            router.fail(decision.id)
            decision = router.route(x, { exclude: [best] })
          }
          router.settle(decision.id, { costUsd: 0.0001 })
          const mean = decision.model === best ? 0.7 : 0.5
          router.reward(decision.id, Math.min(1, Math.max(0, mean + 0.8 * (random.next() - 0.5))))
        }
        return count
      }
      firstTries(true)
      expect([seed, firstTries(false) > 100]).toEqual([seed, true])
    }
  })

  it('keeps little of batches too, and of requests that name it with others', async () => {
    const { router } = await makeBench({ policy })
    serve(router, 300, null, 'middle')
    const count = (options: RouteOptions): number => {
      let tries = 0
      for (let i = 0; i < 100; i++) {
        const decisions = router.routeMany([X, X, X, X, X, X, X, X], options)
        for (const { id, model } of decisions) {
          if (model !== 'middle') router.settle(id, { costUsd: 0.0001 })
          else {
            tries++
            router.fail(id)
          }
        }
      }
      return tries
    }
    expect(count({ candidates: ['middle', 'small'] })).toBeLessThan(60)
    // Nobody else may answer these.
    expect(count({ candidates: ['middle'] })).toBe(800)
  })

  it('is up again with another of its name, and without a wait that lasts no time', async () => {
    const { router } = await makeBench({ policy, models: [MODELS[0], MODELS[1]] })
    for (let i = 0; i < 4; i++) router.fail(router.route(X, { candidates: ['small'] }).id)
    router.disable('small')
    router.enable('small')
    expect(router.stats().models[0].isAvailable).toBe(false)
    router.removeModel('small')
    router.addModel(MODELS[0])
    expect(router.stats().models.every(({ isAvailable }) => isAvailable)).toBe(true)
    router.fail(router.route(X).id, { retryAfterMs: 0 })
    expect(router.stats().models.every(({ isAvailable }) => isAvailable)).toBe(true)
  })

  it('is not judged by calls that were broken off, nor found by them', async () => {
    const { router } = await makeBench({ policy, models: [MODELS[0], MODELS[1]] })
    for (let i = 0; i < 100; i++) router.cancel(router.route(X).id)
    expect(router.stats().models.map(({ failureShare }) => failureShare)).toEqual([0, 0])
    for (let i = 0; i < 10; i++) router.fail(router.route(X, { candidates: ['small'] }).id)
    router.cancel(router.route(X, { candidates: ['small'] }).id, { costUsd: 0.001 })
    expect(router.stats().models[0].isAvailable).toBe(false)
  })

  it('still gets requests where all are down', async () => {
    const { router } = await makeBench({ policy, models: [MODELS[0], MODELS[1]] })
    for (let i = 0; i < 100; i++) router.fail(router.route(X).id)
    expect(router.stats().models.map(({ isAvailable }) => isAvailable)).toEqual([false, false])
    const { id } = router.route(X)
    router.settle(id, { costUsd: 0.0001 })
    expect(router.stats().models.filter(({ isAvailable }) => isAvailable)).toHaveLength(1)
  })

  it.each([0, 50, 200, 500])(
    'is found out while answers to earlier calls come in, %d requests late',
    async (late) => {
      for (const isSettledLate of [false, true]) {
        const { router, log } = await makeBench({ policy })
        const waiting: { readonly due: number; readonly tell: () => void }[] = []
        const serve = (from: number, count: number, best: string, isDown: boolean): number => {
          let tries = 0
          for (let n = from; n < from + count; n++) {
            const { id, model } = router.route(X)
            const settle = () => router.settle(id, { costUsd: 0.0001 })
            const reward = () => router.reward(id, model === best ? 0.95 : 0.4)
            if (isDown && model === best) {
              tries++
              waiting.push({ due: n + 2, tell: () => router.fail(id) })
            } else {
              if (!isSettledLate) settle()
              if (isSettledLate) waiting.push({ due: n + late, tell: settle })
              waiting.push({ due: n + late, tell: reward })
            }
            for (let i = 0; i < waiting.length; )
              if (waiting[i].due > n) i++
              else waiting.splice(i, 1)[0].tell()
          }
          return tries
        }
        const best = router.route(X).model
        serve(0, 1500, best, false)
        expect(log.filter(({ type }) => type === 'availability')).toEqual([])
        const tries = serve(1500, 2000, best, true)
        expect(tries).toBeGreaterThan(20)
        expect(tries).toBeLessThan(130)
        expect(log.filter(({ type }) => type === 'availability')).toMatchObject([
          { model: best, isAvailable: false },
        ])
      }
    },
  )

  it.each([50, 500])('is no model some of whose calls fail, its answers %d requests late', async (late) => {
    const { router, log } = await makeBench({ policy, models: [MODELS[0]] })
    const random = new Random(3)
    const waiting: string[] = []
    for (let n = 0; n < 6000; n++) {
      const { id } = router.route(X)
      waiting.push(n >= late && random.next() < 0.15 ? '' : id)
      if (waiting[n] === '') router.fail(id)
      const answered = waiting[n - late]
      if (answered) router.settle(answered, { costUsd: 0.0001 })
    }
    expect(log.filter(({ type }) => type === 'availability')).toEqual([])
  })

  it.each(['in turn', 'by chance'])('keeps little traffic where most calls fail, %s', async (how) => {
    for (const share of how === 'in turn' ? [0.75] : [0.65, 0.75, 0.85]) {
      const { router, log } = await makeBench({ policy, models: [MODELS[0], MODELS[1]] })
      const random = new Random(7)
      let calls = 0
      for (let n = 0; n < 2000; n++) {
        const { id, model } = router.route(X)
        const fails = how === 'in turn' ? calls % 4 < 3 : random.next() < share
        if (model === 'small') calls++
        if (model === 'small' && fails) router.fail(id)
        else {
          router.settle(id, { costUsd: 0.0001 })
          router.reward(id, model === 'small' ? 0.99 : 0.1)
        }
      }
      expect(calls).toBeLessThan(260)
      expect(log.filter(({ type }) => type === 'availability').length).toBeLessThan(12)
      // It is well again.
      let found = 0
      while (!router.stats().models[0].isAvailable && found < 100) {
        found++
        const { id } = router.route(X)
        router.settle(id, { costUsd: 0.0001 })
      }
      expect(found).toBeLessThan(41)
    }
  })

  it('is down after a restart and a replay too', async () => {
    const { router, log } = await makeBench({ policy })
    serve(router, 100, null)
    serve(router, 50, 'small')
    serve(router, 50, 'large')
    const [restored, replayed] = [await makeBench({ policy, models: [] }), await makeBench({ policy })]
    restored.router.restore(router.snapshot())
    for (const event of log) if (event.type !== 'availability') replayed.router.apply(event)
    const models = [router, restored.router, replayed.router].map((each) =>
      Array.from({ length: 200 }, () => each.route(X).model),
    )
    expect(models[1]).toEqual(models[0])
    expect(models[2]).toEqual(models[0])
    expect(digest(restored.router)).toBe(digest(router))
  })
})

it('what was under way when a model went down says nothing new', async () => {
  const { router, clock } = await makeBench({ models: [MODELS[0]] })
  const ids = Array.from({ length: 20 }, () => router.route(X).id)
  clock.advance(1000)
  for (const id of ids.slice(0, 10)) router.fail(id)
  for (const id of ids.slice(10)) router.settle(id, { costUsd: 0.0001 })
  expect(router.stats().models[0]).toMatchObject({ isAvailable: false, outages: 1 })
})

it('nor once it is back', async () => {
  const { router } = await makeBench({ models: [MODELS[0]] })
  const ids = Array.from({ length: 20 }, () => router.route(X).id)
  for (const id of ids.slice(0, 10)) router.fail(id)
  router.settle(router.route(X).id, { costUsd: 0.0001 })
  for (const id of ids.slice(10)) router.fail(id)
  expect(router.stats().models[0]).toMatchObject({ isAvailable: true, outages: 1 })
})

it('a pause grows with the tries that fail, and ends with time where there is little traffic', async () => {
  const { router, clock } = await makeBench({ models: [MODELS[0], MODELS[1]], forcedExploration: 0 })
  for (let i = 0; i < 8; i++) router.fail(router.route(X, { candidates: ['small'] }).id)
  const gaps: number[] = []
  let gap = 0
  for (let i = 0; i < 200; i++) {
    const { id, model } = router.route(X)
    if (model === 'small') {
      gaps.push(gap)
      gap = 0
      router.fail(id)
    } else {
      gap++
      // Dearer than the one that is down, which is wanted back for that.
      router.settle(id, { costUsd: 0.01 })
    }
  }
  expect(gaps.length).toBeGreaterThan(3)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(33)
  clock.advance(HOUR / 2)
  router.settle(router.route(X, { candidates: ['small'] }).id, { costUsd: 0.0001 })
  expect(router.stats().models[0].isAvailable).toBe(true)
})

it('replicas agree on who is down', async () => {
  const log = new SharedLog()
  const make = () =>
    createRouter({ models: [MODELS[0], MODELS[1]], dimension: 3, kernel: 'js', store: log.store() })
  const [a, b] = [await make(), await make()]
  const told: RouterEvent[] = []
  b.on('availability', (event) => told.push(event))
  for (let i = 0; i < 6; i++) a.fail(a.route(X, { candidates: ['small'] }).id)
  await a.flush()
  await expect.poll(() => b.stats().models[0]).toMatchObject({ isAvailable: false, failed: 6 })
  expect(told).toMatchObject([{ model: 'small', isAvailable: false }])
  expect(Array.from({ length: 3 }, () => b.route(X).model)).toEqual(['middle', 'middle', 'middle'])
  await Promise.all([a.close(), b.close()])
})
