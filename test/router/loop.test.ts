import { describe, expect, it } from 'vitest'
import { CLOSED_SETTLED_MAX } from '../../src/state/pending/closed-requests.js'
import { expectCode } from '../support/errors.js'
import { HOUR, MODELS, makeBench, X } from '../support/router.js'

/** One model at 5 and 25 USD per million tokens: 600 assumed tokens cost 0.009 USD. */
const ONE = { models: [MODELS[2]], budget: { usdPerRequest: 0.01 } }

describe('feedback', () => {
  it('is taken in any order, hours apart', async () => {
    const { router, clock } = await makeBench()
    const first = router.route(X)
    clock.advance(5 * HOUR)
    const second = router.route(X)
    router.reward(second.id, 0.25)
    clock.advance(5 * HOUR)
    router.reward(first.id, 0.75)
    router.settle(second.id, { costUsd: 0.002, latencyMs: 100 })
    clock.advance(5 * HOUR)
    router.settle(first.id, { inputTokens: 1000, outputTokens: 2000 })
    const { models, pacer, pending } = router.stats()
    expect(pending.unsettled).toBe(0)
    expect(pacer.reservedUsd).toBe(0)
    expect(models.reduce((sum, model) => sum + model.settled + model.rewarded, 0)).toBe(4)
    expect(pacer.spendUsd).toBeCloseTo(
      models.reduce((sum, model) => sum + model.spendUsd, 0),
      15,
    )
  })

  it('prices billed tokens at list price', async () => {
    const { router } = await makeBench(ONE)
    router.settle(router.route(X).id, { inputTokens: 1000, outputTokens: 2000 })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(0.055, 15)
  })

  it.each([
    ['settle', 'ALREADY_SETTLED'],
    ['reward', 'ALREADY_REWARDED'],
  ] as const)('%s is applied at most once', async (kind, code) => {
    const { router } = await makeBench()
    const { id } = router.route(X)
    const teach = () => (kind === 'settle' ? router.settle(id, { costUsd: 1 }) : router.reward(id, 1))
    teach()
    const before = router.snapshot()
    expectCode(teach, code, 'id')
    expect(router.snapshot()).toEqual(before)
  })

  it('of a failed request is refused but for its bill, and a rewarded or settled one cannot fail', async () => {
    const { router } = await makeBench()
    const failed = router.route(X).id
    router.fail(failed)
    router.settle(failed, { costUsd: 1 })
    expect(router.stats().pacer.spendUsd).toBe(1)
    expectCode(() => router.settle(failed, { costUsd: 1 }), 'ALREADY_SETTLED')
    expectCode(() => router.reward(failed, 1), 'REQUEST_FAILED')
    expectCode(() => router.fail(failed), 'REQUEST_FAILED')
    const rewarded = router.route(X).id
    router.reward(rewarded, 1)
    expectCode(() => router.fail(rewarded), 'ALREADY_REWARDED')
    const settled = router.route(X).id
    router.settle(settled, { costUsd: 1 })
    expectCode(() => router.fail(settled), 'ALREADY_SETTLED')
  })

  it('moves theta by the reward alone', async () => {
    const { router } = await makeBench(ONE)
    const { theta } = router.inspectArm('large')
    const { id } = router.route(X)
    router.settle(id, { costUsd: 0.5 })
    expect(router.inspectArm('large').theta).toEqual(theta)
    router.reward(id, 0)
    expect(router.inspectArm('large').theta[2]).toBeLessThan(theta[2])
  })
})

describe('a failure', () => {
  it('releases the reservation, charges what it cost, and another model can be asked', async () => {
    const { router } = await makeBench({ budget: { usdPerRequest: 0.01 } })
    const first = router.route(X)
    expect(router.stats().pacer.reservedUsd).toBe(first.expectedCostUsd)
    router.fail(first.id, { costUsd: 0.0003 })
    const { pacer, models } = router.stats()
    expect(pacer.reservedUsd).toBe(0)
    expect(pacer.spendUsd).toBe(0.0003)
    expect(pacer.allowanceUsd).toBe(0)
    expect(models.find(({ id }) => id === first.model)).toMatchObject({ failed: 1, spendUsd: 0.0003 })
    expect(router.route(X, { exclude: [first.model] }).model).not.toBe(first.model)
  })

  it('in a row leaves no allowance behind, whatever rounding does', async () => {
    const { router } = await makeBench({ ...ONE, budget: { usdPerRequest: 0.1 } })
    const ids = [1, 2, 3].map(() => router.route(X).id)
    for (const id of ids) router.fail(id, { costUsd: 0.001 })
    expect(router.stats().pacer).toMatchObject({ allowanceUsd: 0, utilisation: null })
  })
})

describe('expiry', () => {
  it('turns the reservation into spend; a late settlement corrects it', async () => {
    const { router, clock, log } = await makeBench(ONE)
    const { id, expectedCostUsd } = router.route(X)
    clock.advance(24 * HOUR - 1)
    expect(router.expire()).toBe(0)
    clock.advance(1)
    expect(router.expire()).toBe(1)
    expect(router.expire()).toBe(0)
    expect(log.map(({ type }) => type)).toEqual(['routed', 'expired'])
    expect(router.stats().pacer).toMatchObject({ spendUsd: expectedCostUsd, reservedUsd: 0 })
    expectCode(() => router.reward(id, 1), 'REQUEST_EXPIRED')
    router.settle(id, { costUsd: 0.02 })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(0.02, 15)
    expect(router.stats().models[0]).toMatchObject({ settled: 1, expired: 1 })
    expectCode(() => router.settle(id, { costUsd: 0.02 }), 'ALREADY_SETTLED')
  })

  it('closes a request for a reward at the same instant, expired yet or not', async () => {
    const { router, clock } = await makeBench(ONE)
    const early = router.route(X).id
    clock.advance(24 * HOUR - 1)
    router.reward(early, 1)
    const { id } = router.route(X)
    router.settle(id, { costUsd: 0.001 })
    clock.advance(24 * HOUR)
    expectCode(() => router.reward(id, 1), 'REQUEST_EXPIRED')
  })

  it('settled in the end waits for nothing, and takes a place in a snapshot only for a while', async () => {
    const { router, clock } = await makeBench(ONE)
    const { id } = router.route(X)
    clock.advance(24 * HOUR)
    router.expire()
    router.settle(id, { costUsd: 0.001 })
    expect([...router.state.pending.waiting()]).toEqual([])
    const settle = (count: number): number => {
      for (let i = 0; i < count; i++) {
        const { id: next } = router.route(X)
        router.settle(next, { costUsd: 0.001 })
        router.reward(next, 1)
      }
      return router.snapshot().length
    }
    const full = settle(CLOSED_SETTLED_MAX)
    expect(Math.abs(settle(3000) - full)).toBeLessThan(64)
  })

  it('happens in route too', async () => {
    const { router, clock, log } = await makeBench(ONE)
    router.route(X)
    clock.advance(25 * HOUR)
    router.route(X)
    expect(log.map(({ type }) => type)).toEqual(['routed', 'expired', 'routed'])
  })

  it('late failures give the expired reservation back', async () => {
    const { router, clock } = await makeBench(ONE)
    const { id } = router.route(X)
    clock.advance(25 * HOUR)
    router.expire()
    router.fail(id, { costUsd: 0.001 })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(0.001, 15)
    expect(router.stats().pacer.allowanceUsd).toBe(0)
  })

  it('leaves spend at 0 or above when late settlements take everything back', async () => {
    const { router, clock } = await makeBench({
      models: [{ id: 'a', inputUsdPerMTok: 1, outputUsdPerMTok: 0 }],
    })
    const ids = [60_000, 570_000].map((inputTokens) => router.route(X, { inputTokens }).id)
    clock.advance(25 * HOUR)
    router.expire()
    for (const id of ids) router.settle(id, { costUsd: 0 })
    expect(router.stats().pacer.spendUsd).toBe(0)
    expect(router.stats().models[0].spendUsd).toBe(0)
  })

  it('changes nothing when the request that would have brought it about is refused', async () => {
    const { router, clock, log } = await makeBench(ONE)
    router.route(X)
    router.disable('large')
    clock.advance(25 * HOUR)
    const before = router.snapshot()
    const heard = log.length
    expectCode(() => router.route(X), 'NO_ELIGIBLE_MODEL')
    expect(router.snapshot()).toEqual(before)
    expect(log.length).toBe(heard)
  })

  it('refuses a reward that comes too late even when nobody has expired the request', async () => {
    const { router, clock } = await makeBench(ONE)
    const { id } = router.route(X)
    clock.advance(24 * HOUR + 1)
    expectCode(() => router.reward(id, 1), 'REQUEST_EXPIRED')
  })
})

describe('the pending set', () => {
  it.each([1, 2, 3, 7, 1024, 1500])(
    'of capacity %i keeps the latest and charges what it pushes out',
    async (capacity) => {
      const { router } = await makeBench({ ...ONE, pendingCapacity: capacity })
      const count = capacity + 5
      const ids = Array.from({ length: count }, () => router.route(X).id)
      const { pacer, pending, models } = router.stats()
      expect(pending).toEqual({ unsettled: capacity, capacity })
      expect(models[0].expired).toBe(5)
      expect(pacer.spendUsd).toBeCloseTo(5 * 0.009, 12)
      expect(pacer.reservedUsd).toBeCloseTo(capacity * 0.009, 9)
      for (const id of ids.slice(0, 5)) router.settle(id, { costUsd: 0.001 })
      expect(router.stats().pacer.spendUsd).toBeCloseTo(5 * 0.001, 12)
      for (const id of ids.slice(0, 5)) {
        expectCode(() => router.settle(id, { costUsd: 0 }), 'ALREADY_SETTLED')
        expectCode(() => router.reward(id, 1), 'REQUEST_CLOSED')
      }
      for (const id of ids.slice(5)) router.settle(id, { costUsd: 0 })
      expect(router.stats().pacer.reservedUsd).toBe(0)
    },
  )

  it('grows while old requests wait, and finds every one of them', async () => {
    const { router } = await makeBench({ ...ONE, pendingCapacity: 5000 })
    const ids = Array.from({ length: 5000 }, (_, i) => router.route([i / 5000, 0, 1]).id)
    const { contribution } = router.explain(ids[2500]).models[0].topFeatures[0]
    // A cold arm's bias alone is not 0.
    expect([0, 1]).toContain(contribution)
    for (const id of ids) router.reward(id, 0.5)
    for (const id of [...ids].reverse()) router.settle(id, { costUsd: 0.001 })
    expect(router.stats().models[0]).toMatchObject({ rewarded: 5000, settled: 5000, expired: 0 })
  })

  it('forgets requests that have had all feedback, by and by', async () => {
    const { router } = await makeBench(ONE)
    const { id } = router.route(X)
    router.settle(id, { costUsd: 0 })
    router.reward(id, 1)
    for (let i = 0; i < 1024; i++) router.settle(router.route(X).id, { costUsd: 0 })
    expectCode(() => router.reward(id, 1), 'REQUEST_CLOSED')
    expectCode(() => router.explain(id), 'REQUEST_CLOSED')
  })
})

describe('batches', () => {
  it('decide in order, as single calls do', async () => {
    const inputs = [
      [0, 0, 1],
      [1, 0, 1],
      [0, 1, 1],
    ]
    const { router } = await makeBench()
    const { router: single } = await makeBench()
    expect(router.routeMany(inputs)).toEqual(inputs.map((input) => single.route(input)))
    expect(router.snapshot()).toEqual(single.snapshot())
  })

  it('settle and reward every item, or none', async () => {
    const { router, log } = await makeBench()
    const [a, b, c] = router.routeMany([X, X, X]).map(({ id }) => id)
    const before = router.snapshot()
    const bad: [() => void, Parameters<typeof expectCode>[1], string][] = [
      [
        () => router.settleMany([{ id: a, costUsd: 1 }, { id: b, costUSD: 1 } as never]),
        'UNKNOWN_OPTION',
        'items[1].costUSD',
      ],
      [
        () =>
          router.settleMany([
            { id: a, costUsd: 1 },
            { id: a, costUsd: 1 },
          ]),
        'ALREADY_SETTLED',
        'items[1].id',
      ],
      [
        () =>
          router.settleMany([
            { id: a, costUsd: 1 },
            { id: 'r.99', costUsd: 1 },
          ]),
        'UNKNOWN_REQUEST',
        'items[1].id',
      ],
      [
        () => router.settleMany(Object.assign(new Array(2), { 0: { id: a, costUsd: 1 } })),
        'INVALID_ARGUMENT',
        'items[1]',
      ],
      [
        () =>
          router.rewardMany([
            { id: a, reward: 1 },
            { id: b, reward: 2 },
          ]),
        'INVALID_ARGUMENT',
        'items[1].reward',
      ],
      [
        () =>
          router.rewardMany([
            { id: c, reward: 1 },
            { id: c, reward: 1 },
          ]),
        'ALREADY_REWARDED',
        'items[1].id',
      ],
      [() => router.rewardMany(new Array(3)), 'INVALID_ARGUMENT', 'items[0]'],
      [() => router.routeMany([X, [1, 2]]), 'DIMENSION_MISMATCH', 'inputs[1]'],
      [() => router.routeMany([X, [1, 2, Number.NaN]]), 'INVALID_ARGUMENT', 'inputs[1][2]'],
      [() => router.routeMany(Object.assign(new Array(2), { 0: X })), 'INVALID_ARGUMENT', 'inputs[1]'],
      [() => router.routeMany(new Array(2 ** 32 - 1)), 'INVALID_ARGUMENT', 'inputs[0]'],
      [() => router.routeMany([X, X], { maxCostUsd: 0 }), 'NO_ELIGIBLE_MODEL', ''],
    ]
    for (const [call, code, field] of bad) expectCode(call, code, field)
    expect(router.snapshot()).toEqual(before)
    expect(log.length).toBe(3)
    router.settleMany([a, b, c].map((id) => ({ id, costUsd: 0.001 })))
    router.rewardMany([a, b, c].map((id) => ({ id, reward: 0.5 })))
    expect(log.length).toBe(9)
    expect(router.stats().pacer.spendUsd).toBeCloseTo(0.003, 12)
  })
})
