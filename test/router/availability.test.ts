import { describe, expect, it } from 'vitest'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import type { Router } from '../../src/router/router.js'
import { digest, MODELS, makeBench, X } from '../support/router.js'

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

  it('is left alone for as long as its provider asks', async () => {
    const { router, clock } = await makeBench({ policy, models: [MODELS[0], MODELS[1]] })
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
    clock.advance(60_000)
    router.settle(router.route(X, { candidates: [model] }).id, { costUsd: 0.0001 })
    expect(router.stats().models.every(({ isAvailable }) => isAvailable)).toBe(true)
  })

  it('still gets requests where all are down', async () => {
    const { router } = await makeBench({ policy, models: [MODELS[0], MODELS[1]] })
    for (let i = 0; i < 100; i++) router.fail(router.route(X).id)
    expect(router.stats().models.map(({ isAvailable }) => isAvailable)).toEqual([false, false])
    const { id } = router.route(X)
    router.settle(id, { costUsd: 0.0001 })
    expect(router.stats().models.filter(({ isAvailable }) => isAvailable)).toHaveLength(1)
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
