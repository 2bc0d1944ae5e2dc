import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RouterEvent } from '../../src/events/events.js'
import { expectCode, wrong } from '../support/errors.js'
import { operation, Run } from '../support/operations.js'
import { anyPolicy, digest, HOUR, MODELS, makeBench, X } from '../support/router.js'
import '../support/seed.js'

const NEW = { id: 'new', inputUsdPerMTok: 2, outputUsdPerMTok: 2 }

describe('events', () => {
  it('come once for every change, frozen, in order', async () => {
    const { router, log, clock } = await makeBench()
    const a = router.route(X).id
    router.settle(a, { costUsd: 0.001 })
    router.reward(a, 1)
    router.fail(router.route(X).id)
    router.route(X)
    clock.advance(25 * HOUR)
    router.expire()
    router.addModel(NEW)
    router.disable('new')
    router.enable('new')
    router.reprice('new', { inputUsdPerMTok: 1, outputUsdPerMTok: 1 })
    router.setBudget({ usdPerRequest: 1 })
    router.removeModel('new')
    expect(log.map(({ type }) => type)).toEqual([
      'routed',
      'settled',
      'rewarded',
      'routed',
      'failed',
      'routed',
      'expired',
      'model-added',
      'model-disabled',
      'model-enabled',
      'model-repriced',
      'budget-set',
      'model-removed',
    ])
    expect(log.every((event) => Object.isFrozen(event))).toBe(true)
  })

  it('carry their own context', async () => {
    const { router, log } = await makeBench()
    router.route([1, 2, 1])
    router.route([3, 4, 1])
    expect(log.map((event) => (event.type === 'routed' ? [...event.context] : []))).toEqual([
      [1, 2, 1],
      [3, 4, 1],
    ])
  })

  it('reach those who asked for their type, until they end it', async () => {
    const { router } = await makeBench()
    const heard: string[] = []
    const end = router.on('settled', ({ costUsd }) => heard.push(`settled ${costUsd}`))
    const endAll = router.on('*', ({ type }) => heard.push(type))
    router.settle(router.route(X).id, { costUsd: 0.002 })
    end()
    router.settle(router.route(X).id, { costUsd: 0.003 })
    endAll()
    router.route(X)
    expect(heard).toEqual(['routed', 'settled 0.002', 'settled', 'routed', 'settled'])
  })

  it('reach a later subscriber when an earlier one ends twice', async () => {
    const { router } = await makeBench()
    const end = router.on('routed', () => {})
    end()
    let heard = 0
    router.on('routed', () => heard++)
    end()
    router.route(X)
    expect(heard).toBe(1)
  })

  it('call a function that subscribed twice, twice, and end one at a time', async () => {
    const { router } = await makeBench()
    let heard = 0
    const listener = () => heard++
    const end = router.on('routed', listener)
    router.on('routed', listener)
    router.route(X)
    end()
    router.route(X)
    expect(heard).toBe(3)
  })
})

describe('a listener that throws', () => {
  it('changes nothing for anybody else and is reported', async () => {
    const errors: unknown[] = []
    const { router, log } = await makeBench({ onListenerError: (error) => errors.push(error) })
    const problem = new Error('mine')
    router.on('routed', () => {
      throw problem
    })
    let after = 0
    router.on('routed', () => after++)
    const { router: quiet } = await makeBench()
    expect(router.route(X)).toEqual(quiet.route(X))
    expect(router.snapshot()).toEqual(quiet.snapshot())
    expect([errors, after, log.length]).toEqual([[problem], 1, 1])
  })

  it('is reported as well where its promise is rejected, and never ends the process', async () => {
    const errors: unknown[] = []
    const rejections: unknown[] = []
    const heard = (error: unknown) => rejections.push(error)
    process.on('unhandledRejection', heard)
    try {
      const { router } = await makeBench({ onListenerError: (error) => errors.push(error) })
      const problem = new Error('mine')
      router.on('routed', async () => {
        throw problem
      })
      router.on('*', () => Promise.reject(problem))
      router.route(X)
      const { router: other } = await makeBench({ onListenerError: () => Promise.reject(problem) })
      other.on('routed', async () => {
        throw problem
      })
      other.route(X)
      await new Promise((resolve) => setTimeout(resolve))
      expect([errors, rejections]).toEqual([[problem, problem], []])
    } finally {
      process.off('unhandledRejection', heard)
    }
  })

  it('cannot break a call even when its report throws as well', async () => {
    const { router } = await makeBench({
      onListenerError: () => {
        throw new Error('again')
      },
    })
    router.on('*', () => {
      throw new Error('mine')
    })
    router.settle(router.route(X).id, { costUsd: 1 })
    expect(router.stats().models.reduce((sum, { settled }) => sum + settled, 0)).toBe(1)
  })
})

describe('a listener that calls the router', () => {
  it('leaves the log in the order of the fold', async () => {
    const { router, log } = await makeBench()
    router.on('routed', ({ id }) => router.settle(id, { costUsd: 0.1 }))
    router.on('settled', ({ id }) => router.reward(id, 0.5))
    router.on('*', (event) => log.push(event))
    router.routeMany([X, X])
    const fresh = await makeBench()
    for (const event of log.filter((_, i) => i % 2 === 0)) fresh.router.apply(event)
    expect(fresh.router.snapshot()).toEqual(router.snapshot())
  })

  it('does not disturb a decision that makes an older request expire', async () => {
    const { router, log } = await makeBench({ pendingCapacity: 1, models: [MODELS[0]] })
    router.route([1, 0, 1])
    let rounds = 0
    router.on('expired', () => {
      if (rounds++ > 0) return
      router.route([9, 9, 1])
      router.addModel(NEW)
      router.removeModel('small')
    })
    const decision = router.route([2, 0, 1])
    expect(decision).toMatchObject({ id: 'r.2', model: 'small' })
    const routed = log.flatMap((event) => (event.type === 'routed' ? [[event.id, ...event.context]] : []))
    expect(routed).toEqual([
      ['r.1', 1, 0, 1],
      ['r.2', 2, 0, 1],
      ['r.3', 9, 9, 1],
    ])
    const fresh = await makeBench({ pendingCapacity: 1, models: [MODELS[0]] })
    for (const event of log) fresh.router.apply(event)
    expect(fresh.router.snapshot()).toEqual(router.snapshot())
  })

  it('cannot cut a batch in two', async () => {
    const { router } = await makeBench({ models: [MODELS[0]] })
    const ids = router.routeMany([X, X]).map(({ id }) => id)
    router.on('settled', () => {
      if (router.stats().models.length > 0) router.removeModel('small')
    })
    router.settleMany(ids.map((id) => ({ id, costUsd: 1 })))
    expect(router.stats().pacer.spendUsd).toBe(2)
  })
})

describe('the fold', () => {
  const kernels = fc.constantFrom<['js' | 'wasm', 'js' | 'wasm']>(
    ['js', 'js'],
    ['wasm', 'wasm'],
    ['js', 'wasm'],
    ['wasm', 'js'],
  )

  // The seed: a model that no budget reaches, which only a router that decides looks for.
  it.each([{}, { seed: 142610959 }])(
    'of a log gives the same state, bit for bit, on any kernel %o',
    async (seed) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(operation, { maxLength: 120 }),
          kernels,
          fc.constantFrom(1, 3, 40, 5000),
          anyPolicy,
          async (operations, [from, to], pendingCapacity, policy) => {
            const options = {
              policy,
              pendingCapacity,
              budget: { usdPerRequest: 0.002 },
              alpha: 0.3,
              gamma: 0.95,
            }
            const bench = await makeBench({ ...options, kernel: from })
            const run = new Run(bench)
            for (const each of operations) run.step(each)
            const fresh = await makeBench({ ...options, kernel: to })
            for (const event of bench.log) fresh.router.apply(structuredClone(event))
            expect(digest(fresh.router)).toBe(digest(bench.router))
            expect(fresh.log).toEqual(bench.log.filter(({ type }) => type !== 'reach'))
          },
        ),
        { numRuns: 60, ...seed },
      )
    },
  )

  it('takes a price of one token, which releases before took', async () => {
    const { router, log } = await makeBench()
    router.reprice('small', { inputUsdPerMTok: 2, outputUsdPerMTok: 3 })
    const other = await makeBench()
    for (const event of log.slice(-1)) {
      if (event.type !== 'model-repriced') throw new Error(event.type)
      other.router.apply({ ...event, price: { ...event.price, inputUsdPerMTok: 2e-6 } })
    }
    const copy = await makeBench()
    copy.router.restore(other.router.snapshot())
    for (const each of [other, copy]) expect(each.router.stats().models[0].inputUsdPerMTok).toBe(2e-6)
  })

  it('takes every event that a router made, however far apart prices, budgets and rewards are', async () => {
    const amount = fc.constantFrom(0, 1e-12, 1e-6, 0.01, 1, 1e6, 1e12)
    const ceiling = fc.constantFrom(1e-12, 1e-9, 1e-6, 0.01, 1e6, 1e12)
    const range = fc.constantFrom([0, 1], [-1e6, 1e6], [0, 1e6], [-1e-6, 1e-6])
    const costs = fc.array(amount, { minLength: 6, maxLength: 40 })
    const latency = fc.constantFrom(undefined, { meanMs: 1e-6 }, { meanMs: 1e6 })
    const price = fc.constantFrom(0, 1e-4, 0.01, 1, 1e6, 1e12)
    const prices = fc.array(price, { minLength: 4, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(
        anyPolicy,
        prices,
        ceiling,
        range,
        costs,
        latency,
        async (policy, [a, b, c, d], usdPerRequest, [low, high], bills, limit) => {
          const options = {
            policy,
            models: [
              { id: 'a', inputUsdPerMTok: a, outputUsdPerMTok: b },
              { id: 'b', inputUsdPerMTok: c, outputUsdPerMTok: d },
            ],
            budget: { usdPerRequest },
            rewardRange: [low, high],
            ...(policy === 'dollar' && limit !== undefined ? { latency: limit } : {}),
          } as const
          const { router, log } = await makeBench(options)
          for (const costUsd of bills) {
            const { id, model } = router.route(X)
            router.settle(id, { costUsd, latencyMs: costUsd })
            router.reward(id, model === 'a' ? low : high)
          }
          const fresh = await makeBench(options)
          for (const event of log) fresh.router.apply(structuredClone(event))
          expect(digest(fresh.router)).toBe(digest(router))
        },
      ),
      { numRuns: 150 },
    )
  })

  it.each([1e300, -1e300, 8.64e15 + 2, Number.POSITIVE_INFINITY, Number.NaN])(
    'takes no event of an invalid time: %d',
    async (at) => {
      const { router, log } = await makeBench()
      router.route(X)
      const [event] = log
      const fresh = await makeBench()
      const before = fresh.router.snapshot()
      expectCode(() => fresh.router.apply({ ...event, at }), 'INVALID_ARGUMENT', 'event.at')
      expect(fresh.router.snapshot()).toEqual(before)
      fresh.clock.now = at
      expectCode(() => fresh.router.route(X), 'INVALID_ARGUMENT', 'clock')
    },
  )

  it("leaves the caller's event as it was", async () => {
    const { router } = await makeBench()
    const event: RouterEvent = { type: 'model-disabled', at: 0, model: 'small', by: 'operator' }
    router.apply(event)
    expect(Object.isFrozen(event)).toBe(false)
  })

  it('refuses events that this state could not have made', async () => {
    const { router, log } = await makeBench({ pendingCapacity: 1 })
    const { id } = router.route(X)
    const [routed] = log
    const at = 0
    const model = router.explain(id).chosen
    const prior = { precision: new Float64Array(6).fill(1), response: new Float64Array(3) }
    const added = {
      type: 'model-added',
      at,
      model: NEW,
      logCost: 0.5,
      forcedExploration: 1,
      prior: null,
      settledPrior: null,
      costCorrection: 1,
    }
    const bad: [unknown, Parameters<typeof expectCode>[1], string?][] = [
      [null, 'INVALID_ARGUMENT', 'event'],
      [{ type: 'settle', at }, 'INVALID_ARGUMENT', 'event.type'],
      [{ type: 'settled', at: Number.NaN }, 'INVALID_ARGUMENT', 'event.at'],
      [
        { type: 'settled', at, id, model: 'other', costUsd: 1, latencyMs: null },
        'EVENT_OUT_OF_ORDER',
        'event.model',
      ],
      [{ type: 'settled', at, id, model, costUsd: -1, latencyMs: null }, 'INVALID_ARGUMENT', 'event.costUsd'],
      [{ type: 'settled', at, id, model, costUsd: 1, latencyMs: '5' }, 'INVALID_ARGUMENT', 'event.latencyMs'],
      [{ type: 'rewarded', at, id, model, reward: 1e308 }, 'INVALID_ARGUMENT', 'event.reward'],
      [{ type: 'rewarded', at, id: 'r.7', model, reward: 1 }, 'UNKNOWN_REQUEST', 'event.id'],
      [{ type: 'failed', at, id, model, costUsd: null }, 'INVALID_ARGUMENT', 'event.costUsd'],
      [{ ...routed, id: 'r.1' }, 'EVENT_OUT_OF_ORDER', 'event.id'],
      [{ ...routed, id: 'r.02' }, 'EVENT_OUT_OF_ORDER', 'event.id'],
      [{ ...routed, id: 'no-number' }, 'EVENT_OUT_OF_ORDER', 'event.id'],
      [{ type: 'model-removed', at, model: 'nobody' }, 'UNKNOWN_MODEL', 'event.model'],
      [{ type: 'model-removed', at, model: Symbol('x') }, 'INVALID_ARGUMENT', 'event.model'],
      [{ type: 'model-repriced', at, model, price: { inputUsdPerMTok: 1 }, logCost: 0 }, 'INVALID_ARGUMENT'],
      [{ type: 'model-repriced', at, model, price: NEW, logCost: 0 }, 'UNKNOWN_OPTION'],
      [{ type: 'budget-set', at, tenant: null, usdPerRequest: 0 }, 'INVALID_ARGUMENT', 'event.usdPerRequest'],
      [{ ...added, model: MODELS[0] }, 'DUPLICATE_MODEL', 'event.model.id'],
      [{ ...added, logCost: 1e308 }, 'INVALID_ARGUMENT', 'event.logCost'],
      [{ ...added, forcedExploration: 0.5 }, 'INVALID_ARGUMENT', 'event.forcedExploration'],
      [{ ...added, prior: {} }, 'INVALID_ARGUMENT', 'event.prior.precision'],
      [{ ...added, prior: { ...prior, precision: [1] } }, 'INVALID_ARGUMENT', 'event.prior.precision'],
      [
        { ...added, prior: { ...prior, precision: Float64Array.of(1, 5, 0, 1, 0, 1) } },
        'INVALID_ARGUMENT',
        'event.prior.precision',
      ],
      [
        { ...added, prior: { ...prior, response: new Float64Array(2) } },
        'INVALID_ARGUMENT',
        'event.prior.response',
      ],
    ]
    const before = router.snapshot()
    for (const [event, code, field] of bad) expectCode(() => router.apply(wrong(event)), code, field)
    expect(router.snapshot()).toEqual(before)
    router.apply({ type: 'expired', at, id, model })
    expectCode(() => router.apply({ type: 'expired', at, id, model }), 'REQUEST_EXPIRED', 'event.id')
    for (const [field, value] of [
      ['context', [1, 2, 3]],
      ['reservedUsd', -1],
      ['listCostUsd', 'x'],
      ['score', Number.NaN],
      ['forced', 1],
      ['penaltyWeight', -1],
    ]) {
      expectCode(
        () => router.apply(wrong({ ...routed, id: 'r.2', [`${field}`]: value })),
        'INVALID_ARGUMENT',
        `event.${field}`,
      )
    }
  })
})

describe('an event from outside', () => {
  it('is taken as it was checked, whatever its maker does with it later', async () => {
    const { router } = await makeBench()
    const seen: RouterEvent[] = []
    router.on('routed', (event) => seen.push(event))
    const context = Float64Array.of(1, 2, 1)
    const routed = {
      type: 'routed',
      at: 0,
      id: 'r.1',
      model: 'small',
      context,
      reservedUsd: 0,
      listCostUsd: 0,
      score: 0,
    }
    const rest = {
      penaltyWeight: 0,
      forced: false,
      canary: false,
      predictedUsd: 0,
      savedUsd: 0,
      latencyPrice: 0,
      latencyUse: -1,
      uses: new Float64Array(0),
      tenant: null,
      infeasible: [],
      propensity: 1,
      eligible: [],
    }
    router.apply(wrong({ ...routed, ...rest, contenders: new Float64Array(0) }))
    context[0] = 9
    expect(seen[0]).toMatchObject({ context: Float64Array.of(1, 2, 1) })

    let reads = 0
    const price = {
      get inputUsdPerMTok() {
        return reads++ === 0 ? 1 : Number.NaN
      },
      outputUsdPerMTok: 1,
      cachedInputUsdPerMTok: 1,
      reasoningUsdPerMTok: 1,
    }
    router.apply({
      type: 'model-repriced',
      at: 0,
      model: 'small',
      price,
      logCost: 0.1,
      usualTokens: new Float64Array(),
    })
    expect(router.stats().models[0].inputUsdPerMTok).toBe(1)
  })

  it('has no field that its type does not know', async () => {
    const { router } = await makeBench()
    const event = { type: 'budget-set' as const, at: 0, tenant: null, usdPerRequest: 1, usdPerRequst: 2 }
    expectCode(() => router.apply(event), 'UNKNOWN_OPTION', 'event.usdPerRequst')
    expect(router.stats().pacer.usdPerRequest).toBeNull()
  })
})
