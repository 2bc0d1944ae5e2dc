import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import { Arena } from '../../src/kernel/arena.js'
import { JsKernel } from '../../src/kernel/js-kernel.js'
import { PAPER } from '../../src/policy/paper/index.js'
import { makeParts } from '../../src/router/parts.js'
import { resolveOptions } from '../../src/router/resolve-options.js'
import { Router } from '../../src/router/router.js'
import { expectCode } from '../support/errors.js'
import { HOUR, MODELS, makeBench, makePaperBench, X } from '../support/router.js'

const NEW = { id: 'new', inputUsdPerMTok: 2, outputUsdPerMTok: 2 }

describe('removing a model', () => {
  it('charges what was reserved, refuses its feedback but for late bills, and keeps the spend', async () => {
    const { router } = await makeBench({ models: [MODELS[2]] })
    const { id, expectedCostUsd } = router.route(X)
    const settled = router.route(X).id
    router.settle(settled, { costUsd: 0.5 })
    router.removeModel('large')
    const { pacer, pending, models } = router.stats()
    expect(models).toEqual([])
    expect(pending.unsettled).toBe(0)
    expect(pacer).toMatchObject({ spendUsd: 0.5 + expectedCostUsd, reservedUsd: 0 })
    router.settle(id, { costUsd: 1 })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(1.5, 12)
    expectCode(() => router.settle(id, { costUsd: 1 }), 'ALREADY_SETTLED', 'id')
    expectCode(() => router.settle(settled, { costUsd: 1 }), 'ALREADY_SETTLED', 'id')
    for (const each of [id, settled]) {
      expectCode(() => router.reward(each, 1), 'MODEL_REMOVED', 'id')
      expectCode(() => router.fail(each), 'MODEL_REMOVED', 'id')
      expectCode(() => router.explain(each), 'MODEL_REMOVED', 'id')
    }
    expectCode(() => router.removeModel('large'), 'UNKNOWN_MODEL', 'id')
    expectCode(() => router.route(X), 'NO_ELIGIBLE_MODEL')
  })

  it('and adding it again starts from nothing, with its old requests still refused', async () => {
    const { router, clock } = await makeBench({ models: [MODELS[2]] })
    const old = router.route(X).id
    router.reward(router.route(X).id, 0.25)
    router.removeModel('large')
    router.addModel(MODELS[2])
    // Its rewards went with it: a cold arm starts at the best there is.
    expect(router.inspectArm('large').theta).toEqual(Float64Array.of(0, 0, 1))
    expect(router.stats().models[0]).toMatchObject({
      requests: 0,
      spendUsd: 0,
      rewarded: 0,
      forcedRemaining: 20,
    })
    expectCode(() => router.reward(old, 1), 'MODEL_REMOVED')
    clock.advance(25 * HOUR)
    expect(router.expire()).toBe(0)
  })

  it('leaves the arms of the others as they are, and its slot to the next', async () => {
    const { router } = await makeBench({ alpha: 1 })
    for (let i = 0; i < 30; i++) router.reward(router.route(X).id, 0.8)
    const before = router.inspectArm('large')
    router.removeModel('small')
    router.addModel(NEW)
    router.addModel({ ...NEW, id: 'newer' })
    expect(router.inspectArm('large')).toEqual(before)
    expect(router.stats().models.map(({ id }) => id)).toEqual(['middle', 'large', 'new', 'newer'])
  })
})

describe('disabling a model', () => {
  it('keeps what was learned, still takes its feedback, and enabling returns it', async () => {
    const { router } = await makeBench({ models: [MODELS[0], MODELS[2]], forcedExploration: 0 })
    const { id, model } = router.route(X)
    router.disable(model)
    for (let i = 0; i < 5; i++) expect(router.route(X).model).not.toBe(model)
    router.settle(id, { costUsd: 0.01 })
    router.reward(id, 1)
    const learned = router.inspectArm(model).theta
    router.enable(model)
    expect(router.inspectArm(model).theta).toEqual(learned)
    expect(router.route(X, { candidates: [model] }).model).toBe(model)
  })

  it('twice is one change, as is enabling', async () => {
    const { router, log } = await makeBench()
    for (const act of ['disable', 'disable', 'enable', 'enable'] as const) router[act]('small')
    expect(log.map(({ type }) => type)).toEqual(['model-disabled', 'model-enabled'])
  })

  it('of all leaves nobody, and the error says why', async () => {
    const { router } = await makeBench()
    for (const { id } of MODELS) router.disable(id)
    const { message } = expectCode(() => router.route(X), 'NO_ELIGIBLE_MODEL')
    expect(message).toContain('small: disabled')
    const empty = await createRouter({ dimension: 3 })
    expect(expectCode(() => empty.route(X), 'NO_ELIGIBLE_MODEL').message).toContain('no model is registered')
  })
})

describe('a change of terms', () => {
  it('reprices from the next request on', async () => {
    const { router } = await makePaperBench({ models: [MODELS[0], MODELS[2]], costWeight: 1 })
    expect(router.route(X).model).toBe('small')
    router.reprice('small', { inputUsdPerMTok: 60, outputUsdPerMTok: 100 })
    const decision = router.route(X, { explain: true })
    expect(decision.model).toBe('large')
    const small = decision.explanation?.models.find(({ model }) => model === 'small')
    expect(small?.expectedCostUsd).toBeCloseTo((300 * 60 + 300 * 100) / 1e6, 15)
    router.reprice('small', { inputUsdPerMTok: 0, outputUsdPerMTok: 0 })
    expect(router.route(X)).toMatchObject({ model: 'small', expectedCostUsd: 0 })
  })

  it('settles tokens at the price that was in force when the request was routed', async () => {
    const { router } = await makeBench({ models: [MODELS[0]] })
    const { id } = router.route(X)
    router.reprice('small', { inputUsdPerMTok: 100, outputUsdPerMTok: 0 })
    router.settle(id, { inputTokens: 1000, outputTokens: 9 })
    const { inputUsdPerMTok, outputUsdPerMTok } = MODELS[0]
    const before = (1000 * inputUsdPerMTok + 9 * outputUsdPerMTok) / 1e6
    expect(router.stats().pacer.spendUsd).toBeCloseTo(before, 15)
    router.settle(router.route(X).id, { inputTokens: 1000, outputTokens: 9 })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(before + 0.1, 15)
  })

  it('sets, moves and lifts the budget', async () => {
    const { router } = await makeBench({ models: [MODELS[0]] })
    const early = router.route(X)
    expect(router.stats().pacer).toMatchObject({ usdPerRequest: null, allowanceUsd: 0, utilisation: null })
    router.setBudget({ usdPerRequest: 0.01 })
    router.settle(router.route(X).id, { costUsd: 0.005 })
    router.setBudget({ usdPerRequest: 0.03 })
    router.route(X)
    const { pacer } = router.stats()
    expect(pacer.allowanceUsd).toBeCloseTo(0.04, 15)
    // What was routed before there was a budget does not count against it, settled or not.
    const underBudget = pacer.spendUsd + pacer.reservedUsd - early.expectedCostUsd
    expect(pacer.utilisation).toBeCloseTo(underBudget / 0.04, 12)
    router.settle(early.id, { costUsd: 5 })
    expect(router.stats().pacer.utilisation).toBeCloseTo(underBudget / 0.04, 12)
    const restored = (await makeBench({ models: [] })).router
    restored.restore(router.snapshot())
    expect(restored.stats().pacer.utilisation).toBe(router.stats().pacer.utilisation)
    router.setBudget(null)
    expect(router.stats().pacer).toMatchObject({ usdPerRequest: null, shadowPrice: 0, costEmaUsd: 0 })
  })
})

describe('growing', () => {
  it('takes 300 models, one by one, and every one can be chosen', async () => {
    const { router } = await makeBench({ models: [], kernel: 'wasm' })
    for (let i = 0; i < 300; i++) router.addModel({ ...NEW, id: `m${i}` }, { forcedExploration: 1 })
    const chosen = new Set(Array.from({ length: 300 }, () => router.route(X).model))
    expect(chosen.size).toBe(300)
  })

  it('of the pending ring leaves room for a whole batch before its first decision', async () => {
    const { router } = await makeBench({ models: [MODELS[0]] })
    for (let i = 0; i < 1022; i++) router.route(X)
    const before = router.snapshot()
    const real = globalThis.Float64Array
    globalThis.Float64Array = class extends real {
      constructor(...args: unknown[]) {
        if (args[0] === 2048 * router.state.pending.rowNumbers)
          throw new RangeError('Array buffer allocation failed')
        super(...(args as [number]))
      }
    } as unknown as Float64ArrayConstructor
    try {
      expectCode(() => router.routeMany([X, X, X, X, X]), 'OUT_OF_MEMORY', 'pendingCapacity')
    } finally {
      globalThis.Float64Array = real
    }
    expect(router.snapshot()).toEqual(before)
    expect(router.routeMany(new Array(5000).fill(X))).toHaveLength(5000)
    expect(router.stats().pending.unsettled).toBe(6022)
  })

  it('of the pending ring changes nothing when there is no memory for it', async () => {
    const { router } = await makeBench({ models: [MODELS[0]] })
    for (let i = 0; i < 1024; i++) router.route(X)
    const before = router.snapshot()
    const real = globalThis.Float64Array
    globalThis.Float64Array = class extends real {
      constructor(...args: unknown[]) {
        if (args[0] === 2048 * router.state.pending.rowNumbers)
          throw new RangeError('Array buffer allocation failed')
        super(...(args as [number]))
      }
    } as unknown as Float64ArrayConstructor
    try {
      expectCode(() => router.route(X), 'OUT_OF_MEMORY', 'pendingCapacity')
      expectCode(() => router.routeMany([X, X, X]), 'OUT_OF_MEMORY', 'pendingCapacity')
    } finally {
      globalThis.Float64Array = real
    }
    expect(router.snapshot()).toEqual(before)
    expect(router.route(X).id).toBe('r.1025')
  })

  it('changes nothing when there is no memory for it', () => {
    class Full extends JsKernel {
      override reserve(armCount: number): void {
        if (armCount > 1) throw new ParetoBanditError('OUT_OF_MEMORY', '', 'full')
      }
    }
    const kernel = new Full(new Arena({ dimension: 3, gamma: 1, lambda0: 1 }))
    const router = new Router(
      makeParts(resolveOptions({ dimension: 3, policy: 'paper' }, null), kernel, PAPER),
    )
    router.addModel(MODELS[0])
    const before = router.snapshot()
    expectCode(() => router.addModel(MODELS[1]), 'OUT_OF_MEMORY')
    expect(router.snapshot()).toEqual(before)
  })
})
