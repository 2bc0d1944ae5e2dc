import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { ContextInput } from '../../src/features/context-reader.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { MODELS, makeBench, X } from '../support/router.js'
import { SharedLog } from '../support/shared-store.js'

/** Reads like `value` and runs `run` whenever anything of it is read. */
function tapped<T extends object>(value: T, run: () => void): T {
  return new Proxy(value, {
    get(target, key) {
      run()
      return Reflect.get(target, key)
    },
  })
}

/** Runs once: what it calls would call it again. */
function once(run: () => void): () => void {
  let left = 1
  return () => {
    if (left-- > 0) run()
  }
}

/** The router's own snapshot is one that it could have come to. */
function checkWhole(router: Router): void {
  router.restore(router.snapshot())
}

describe('what a caller gives is read before anything is done', () => {
  it('a settlement that settles is refused, and settles once', async () => {
    const { router } = await makeBench()
    const { id } = router.route(X)
    const settlement = {
      get costUsd() {
        router.settle(id, { costUsd: 0.002 })
        return 0.001
      },
    }
    expectCode(() => router.settle(id, settlement), 'ALREADY_SETTLED')
    expect(router.stats()).toMatchObject({ pending: { unsettled: 0 } })
    expect(router.stats().models.reduce((sum, { settled }) => sum + settled, 0)).toBe(1)
    checkWhole(router)
  })

  it.each(['usage', 'fail', 'settleMany', 'rewardMany', 'reward by the clock'])(
    '%s likewise',
    async (how) => {
      let onClock = () => {}
      let now = 1e12
      const router = await createRouter({
        models: MODELS,
        dimension: 3,
        clock: () => {
          const run = onClock
          onClock = () => {}
          run()
          return now++
        },
      })
      const { id } = router.route(X)
      const settle = once(() => void router.settle(id, { costUsd: 0.002 }))
      const reward = once(() => void router.reward(id, 0.5))
      if (how === 'usage') {
        const usage = tapped({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }, settle)
        expectCode(() => router.settle(id, { usage }), 'ALREADY_SETTLED')
      } else if (how === 'fail')
        expectCode(() => router.fail(id, tapped({ costUsd: 1 }, settle)), 'ALREADY_SETTLED')
      else if (how === 'settleMany')
        expectCode(() => router.settleMany([tapped({ id, costUsd: 1 }, settle)]), 'ALREADY_SETTLED')
      else if (how === 'rewardMany')
        expectCode(() => router.rewardMany([tapped({ id, reward: 1 }, reward)]), 'ALREADY_REWARDED')
      else {
        onClock = reward
        expectCode(() => router.reward(id, 0.5), 'ALREADY_REWARDED')
      }
      checkWhole(router)
    },
  )

  const other = [-3, 2, 1]
  const ways: readonly [string, (run: () => void) => { options?: RouterOptions; input: ContextInput }][] = [
    [
      'an encoder',
      (run) => ({
        input: 'outer',
        options: {
          encoder: {
            name: 'e',
            dimension: 3,
            encodeInto(text, out, offset) {
              const vector = text === 'outer' ? X : other
              for (let i = 0; i < 3; i++) {
                out[offset + i] = vector[i]
                if (text === 'outer') run()
              }
            },
          },
        },
      }),
    ],
    [
      'a clock',
      (run) => ({
        input: X,
        options: {
          clock: () => {
            run()
            return 1e12
          },
        },
      }),
    ],
    ['a vector', (run) => ({ input: tapped([...X], run) })],
  ]
  it.each(ways)('%s that routes leaves the context alone', async (_, make) => {
    let run = () => {}
    const { options, input } = make(() => run())
    const { router, log } = await makeBench({ seed: 5, ...options })
    const inner = options?.encoder === undefined ? other : 'inner'
    for (const call of [() => router.route(input), () => router.routeMany([X, input, X])]) {
      log.length = 0
      run = once(() => void router.route(inner))
      call()
      const routed = log.filter((event) => event.type === 'routed').map(({ context }) => [...context])
      expect(routed[0]).toEqual(other)
      for (const context of routed.slice(1)) expect(context).toEqual([...X])
    }
    run = () => {}
    checkWhole(router)
  })

  it('a vector that an encoder keeps and changes later is not what was checked', async () => {
    let kept: Float64Array | null = null
    const encoder = {
      name: 'e',
      dimension: 3,
      encodeInto(_: string, out: Float64Array) {
        out.set(X)
        kept = out
      },
    }
    const { router, log } = await makeBench({
      encoder,
      clock: () => {
        kept?.fill(Number.NaN)
        return 1e12
      },
    })
    router.route('a text')
    expect(log).toMatchObject([{ context: Float64Array.from(X) }])
  })

  it('commands look at what is there when they act', async () => {
    const { router } = await makeBench()
    const price = { inputUsdPerMTok: 1, outputUsdPerMTok: 1 }
    const twice = tapped(
      { id: 'new', ...price },
      once(() => router.addModel({ id: 'new', ...price })),
    )
    expectCode(() => router.addModel(twice), 'DUPLICATE_MODEL')
    const tenant = { id: 't', budget: { usdPerRequest: 1 } }
    expectCode(
      () =>
        router.addTenant({
          id: 't',
          budget: tapped(
            tenant.budget,
            once(() => router.addTenant(tenant)),
          ),
        }),
      'DUPLICATE_TENANT',
    )
    expectCode(
      () =>
        router.setBudget(
          tapped(
            { usdPerRequest: 2 },
            once(() => router.removeTenant('t')),
          ),
          { tenant: 't' },
        ),
      'UNKNOWN_TENANT',
    )
    expectCode(
      () =>
        router.reprice(
          'new',
          tapped(
            price,
            once(() => router.removeModel('new')),
          ),
        ),
      'UNKNOWN_MODEL',
    )
    const event = { type: 'model-repriced' as const, at: 0, model: 'large', logCost: 0.1 }
    const applied = {
      ...event,
      price: tapped(
        price,
        once(() => router.removeModel('large')),
      ),
    }
    expectCode(() => router.apply(wrong(applied)), 'UNKNOWN_MODEL')
    checkWhole(router)
  })

  it('code of the caller that throws is told by a typed error, and so is what cannot be read', async () => {
    const { router } = await makeBench()
    const { id } = router.route(X)
    const broken = tapped({ costUsd: 1 }, () => {
      throw new Error('no')
    })
    expect(
      expectCode(() => router.settle(id, broken), 'INVALID_ARGUMENT', 'settlement').cause,
    ).toBeInstanceOf(Error)
    const brokenUsage = tapped({ prompt_tokens: 1 }, () => {
      throw new Error('no')
    })
    expectCode(() => router.settle(id, { usage: brokenUsage }), 'INVALID_ARGUMENT')
    expectCode(() => router.setCaps(wrong([broken])), 'INVALID_ARGUMENT', 'caps')
    expectCode(
      () =>
        router.route(
          tapped([...X], () => {
            throw new Error('no')
          }),
        ),
      'INVALID_ARGUMENT',
      'input',
    )
    const circle: Record<string, unknown> = { costUsd: 1 }
    circle.self = circle
    expectCode(() => router.setCaps(wrong([circle])), 'INVALID_ARGUMENT', 'caps')
  })

  it('a bill that no structured clone can copy is refused by name or left out, also in a log', async () => {
    const router = await createRouter({ models: MODELS, dimension: 3, store: new SharedLog().store() })
    for (const value of [() => 1, Symbol('s'), new Proxy({}, {})]) {
      expectCode(
        () => router.correct('other.1', wrong({ costUsd: value })),
        'INVALID_ARGUMENT',
        'bill.costUsd',
      )
      router.settle(router.route(X).id, wrong({ costUsd: value }))
    }
    expectCode(
      () => router.correct('other.1', wrong({ usage: { prompt_tokens: () => 1 } })),
      'INVALID_ARGUMENT',
    )
    router.settle(router.route(X).id, wrong({ usage: { prompt_tokens: () => 1 } }))
    expect(router.stats().models.reduce((sum, { flaggedUsages }) => sum + flaggedUsages, 0)).toBe(4)
    await router.close()
    await expectRejection(
      createRouter(wrong<RouterOptions>({ models: () => 1 })),
      'INVALID_ARGUMENT',
      'models',
    )
  })

  it('class instances are read by name', async () => {
    class Bill {
      get costUsd(): number {
        return 0.5
      }
    }
    const { router } = await makeBench()
    const { id } = router.route(X)
    router.settle(id, new Bill())
    expect(router.stats().pacer.spendUsd).toBe(0.5)
  })
})
