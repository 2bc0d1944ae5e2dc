import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { operation, Run } from '../support/operations.js'
import { anyPolicy, HOUR, MODELS, TestClock, X } from '../support/router.js'
import { pause, SharedLog, type SharedStore, until } from '../support/shared-store.js'
import '../support/seed.js'

const OPTIONS = { models: MODELS, dimension: 3, kernel: 'js' } as const satisfies RouterOptions

interface Replica {
  readonly router: Router
  readonly store: SharedStore
}

const open: Replica[] = []

async function replica(log: SharedLog, options: RouterOptions = {}): Promise<Replica> {
  const store = log.store()
  const router = await createRouter({ ...OPTIONS, store, ...options })
  const made = { router, store }
  open.push(made)
  return made
}

/** All have folded the whole log. @returns their digest */
async function agreed(log: SharedLog, replicas: readonly Replica[]): Promise<string> {
  const flushed = Promise.all(replicas.map(({ router }) => router.flush())).then(() => true)
  if (!(await Promise.race([flushed, pause(10_000).then(() => false)])))
    throw new Error('flush takes too long')
  // Feedback that was held for a request may still come, and move the log on.
  const end = performance.now() + 10_000
  for (;;) {
    const length = String(log.batches.length)
    const found = await Promise.all(replicas.map(({ router }) => router.digest()))
    if (found.every(({ position }) => position === length) && log.batches.length === Number(length)) {
      expect(new Set(found.map(({ sha256 }) => sha256)).size).toBe(1)
      return found[0].sha256
    }
    if (performance.now() > end) throw new Error(`at ${found.map(({ position }) => position)} of ${length}`)
    await pause(2)
  }
}

afterEach(async () => {
  for (const { router, store } of open.splice(0)) {
    store.isSlow = store.isDeaf = false
    await router.close().catch(() => {})
  }
})

describe('what replicas of one log leave to chance', () => {
  it.each(['paper', 'dollar', 'thompson'] as const)(
    'is drawn by each of them, where they decide at the same time: policy %s',
    async (policy) => {
      const log = new SharedLog()
      const options = { policy, epsilon: 0.5, seed: 7, forcedExploration: 0 } as const
      const replicas = [await replica(log, options), await replica(log, options)]
      // Neither knows what the other does meanwhile: both count the same requests.
      const [own, other] = replicas.map(({ router }) => {
        const drawn: string[] = []
        router.on('routed', ({ model, propensity }) => {
          if (drawn.length < 200) drawn.push(`${model} ${propensity}`)
        })
        for (let i = 0; i < 200; i++) router.route(X)
        return drawn
      })
      expect(own).toHaveLength(200)
      const equal = own.filter((said, i) => said === other[i]).length
      expect(equal).toBeLessThan(180)
    },
  )
})

describe('replicas of one log', () => {
  it('come to the same bits at the same position, whatever each of them does', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyPolicy,
        fc.array(fc.record({ who: fc.nat(2), what: operation, rest: fc.nat(20) }), {
          minLength: 20,
          maxLength: 80,
        }),
        fc.constantFrom(10, 1e6),
        async (policy, steps, snapshotEvents) => {
          const log = new SharedLog()
          const clock = new TestClock()
          const options = {
            policy,
            clock: clock.read,
            budget: { usdPerRequest: 0.01 },
            journal: { snapshotEvents, holdMs: 0 },
          }
          const replicas = [
            await replica(log, options),
            await replica(log, options),
            await replica(log, options),
          ]
          const decisions: Run['decisions'] = []
          const runs = replicas.map(({ router }) => new Run({ router, clock, log: [] }))
          for (const { who, what, rest } of steps) {
            const run = runs[who]
            // Feedback goes to any of them for anybody's requests.
            run.decisions.splice(0, run.decisions.length, ...decisions)
            run.step(what)
            decisions.push(...run.decisions.slice(decisions.length))
            if (rest === 0) await pause(3)
          }
          await agreed(log, replicas)
          const late = await replica(log, { ...options, models: undefined })
          await agreed(log, [...replicas, late])
          for (const { router } of [...replicas, late]) await router.close()
          open.splice(0)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('begin an empty log once, though they come together', async () => {
    const log = new SharedLog()
    const three = await Promise.all([replica(log), replica(log), replica(log)])
    expect(three.filter(({ router }) => router.recovery?.isNew)).toHaveLength(1)
    for (const { router } of three) expect(router.stats().models).toHaveLength(3)
    await agreed(log, three)
  })

  it('name their requests apart, and take feedback for each other’s', async () => {
    const log = new SharedLog()
    const [a, b] = [await replica(log), await replica(log)]
    const one = a.router.route(X)
    const two = b.router.route(X)
    expect(one.id).not.toBe(two.id)
    // Not read of yet: it is waited for.
    await Promise.all([b.router.settle(one.id, { costUsd: 0.5 }).durable, a.router.reward(two.id, 1).durable])
    await b.router.reward(one.id, 0.25).durable
    await agreed(log, [a, b])
    for (const { router } of [a, b]) {
      const models = router.stats().models
      expect(models.reduce((sum, { rewarded }) => sum + rewarded, 0)).toBe(2)
      expect(models.reduce((sum, { settled }) => sum + settled, 0)).toBe(1)
    }
  })

  it('decide duplicates in the log’s order: one is kept, the other is told, and both routers agree', async () => {
    const log = new SharedLog()
    const [a, b] = [await replica(log), await replica(log)]
    const { id } = a.router.route(X)
    await a.router.flush()
    await until(() => b.router.stats().requests === 1, 'the request')
    a.store.isSlow = true
    const first = b.router
    const late = a.router.reward(id, 0)
    await first.reward(id, 1).durable
    a.store.isSlow = false
    const error = await expectRejection(late.durable, 'ALREADY_REWARDED')
    expect(error.message).toContain('rewarded already')
    await agreed(log, [a, b])
    await until(() => a.router.stats().models.some(({ meanReward }) => meanReward === 1), 'the rebase')
    expect(b.router.stats().models.filter(({ meanReward }) => meanReward === 1)).toHaveLength(1)
  })

  it('give up feedback for a request that nobody knows, and refuse at once for one of their own', async () => {
    const log = new SharedLog()
    const { router } = await replica(log, { journal: { holdMs: 30 } })
    const receipt = router.settle('elsewhere.7', { costUsd: 1 })
    await expectRejection(receipt.durable, 'UNKNOWN_REQUEST', 'id')
    const own = router.route(X).id.replace(/\d+$/, '99')
    expectCode(() => router.settle(own, { costUsd: 1 }), 'UNKNOWN_REQUEST')
    expectCode(() => router.settle('no id', { costUsd: 1 }), 'UNKNOWN_REQUEST')
  })

  it('take true feedback though 10,000 pieces for requests that nobody knows wait', async () => {
    const log = new SharedLog()
    const [a, b] = [await replica(log), await replica(log)]
    a.router.route(X)
    await a.router.flush()
    const origin = a.router.route(X).id.split('.')[0]
    for (let i = 0; i < 10_000; i++)
      b.router.reward(i % 2 === 0 ? `${origin}.${5000 + i}` : `forged-${i}.1`, 1).durable.catch(() => {})
    b.store.isDeaf = true
    const ids = Array.from({ length: 50 }, () => a.router.route(X).id)
    const receipts = ids.map((id) => b.router.reward(id, 1))
    b.store.isDeaf = false
    await Promise.all(receipts.map(({ durable }) => durable))
    await agreed(log, [a, b])
    expect(b.router.stats().models.reduce((sum, { rewarded }) => sum + rewarded, 0)).toBe(50)
  })

  it('see at once what an operator changes on one of them', async () => {
    const log = new SharedLog()
    const [a, b] = [await replica(log), await replica(log)]
    const heard: string[] = []
    b.router.on('*', ({ type }) => heard.push(type))
    a.router.addModel({ id: 'new', inputUsdPerMTok: 1, outputUsdPerMTok: 1 })
    a.router.reprice('small', { inputUsdPerMTok: 9, outputUsdPerMTok: 9 })
    a.router.setBudget({ usdPerRequest: 0.5 })
    await until(() => heard.length === 3, 'three events')
    expect(heard).toEqual(['model-added', 'model-repriced', 'budget-set'])
    expect(b.router.stats().pacer.usdPerRequest).toBe(0.5)
    expect(b.router.stats().models.map(({ id }) => id)).toContain('new')
  })

  it('decide on the settings that the log has, whoever changed them at the same time', async () => {
    const log = new SharedLog()
    const [a, b] = [await replica(log), await replica(log)]
    a.store.isSlow = true
    a.router.setBudget({ usdPerRequest: 0.001 })
    a.router.setCaps([{ usd: 0.5, per: 'day' }])
    a.router.reprice('large', { inputUsdPerMTok: 1, outputUsdPerMTok: 1 })
    b.router.setBudget({ usdPerRequest: 0.01 })
    b.router.setCaps([{ usd: 50, per: 'day' }])
    b.router.reprice('large', { inputUsdPerMTok: 9, outputUsdPerMTok: 9 })
    await b.router.flush()
    await until(() => a.router.stats().pacer.usdPerRequest === 0.01, 'the budget of the other')
    a.store.isSlow = false
    await agreed(log, [a, b])
    const settings = ({ router }: Replica) => {
      const { pacer, account, models } = router.stats()
      const prices = models.map((each) => [each.id, each.inputUsdPerMTok])
      return JSON.stringify([pacer.usdPerRequest, account?.caps.map(({ usd }) => usd), prices])
    }
    const inForce = settings(await replica(log))
    await until(() => settings(a) === inForce, 'what the log says')
    expect(settings(b)).toBe(inForce)
  })

  it('agree on the slots of models that were added at the same time', async () => {
    const log = new SharedLog()
    const [a, b] = [await replica(log), await replica(log)]
    a.store.isSlow = true
    a.router.addModel({ id: 'x', inputUsdPerMTok: 1, outputUsdPerMTok: 1 })
    b.router.addModel({ id: 'y', inputUsdPerMTok: 2, outputUsdPerMTok: 2 })
    await b.router.flush()
    await until(() => a.router.stats().models.length === 5, 'both')
    a.store.isSlow = false
    await agreed(log, [a, b])
    const slots = ({ router }: Replica, state = router.state) =>
      [...state.registry.models].map(({ id, slot }) => `${id} ${slot}`).sort()
    await until(() => `${slots(a)}` === `${slots(b)}`, 'the same slots')
    expect(slots(a)).toEqual(slots(a, a.router.confirmedState))
    expect(slots(a)).toContain('y 3')
  })

  it('apply once what was appended twice because a reply was lost', async () => {
    const log = new SharedLog()
    const [a, b] = [await replica(log, { journal: { onStoreError: () => {} } }), await replica(log)]
    a.store.losesReply = true
    const { id } = a.router.route(X)
    await a.router.settle(id, { costUsd: 0.1 }).durable
    await agreed(log, [a, b])
    expect(b.router.stats().requests).toBe(1)
  })

  it('go on while the store is away, and catch up after', async () => {
    const log = new SharedLog()
    const quiet = { journal: { onStoreError: () => {} } }
    const [a, b] = [await replica(log, quiet), await replica(log, quiet)]
    log.isAway = true
    const ids = Array.from({ length: 20 }, () => a.router.route(X).id)
    for (const id of ids) a.router.settle(id, { costUsd: 0.01 })
    const receipt = a.router.reward(ids[0], 1)
    expect(a.router.stats().requests).toBe(20)
    expect(b.router.stats().requests).toBe(0)
    await pause(100)
    log.isAway = false
    await receipt.durable
    await agreed(log, [a, b])
    expect(b.router.stats().requests).toBe(20)
  })

  it('rejoin from a snapshot when the log no longer reaches back to them', async () => {
    const log = new SharedLog()
    const quiet = { journal: { snapshotEvents: 10, onStoreError: () => {} } }
    const [a, b] = [await replica(log, quiet), await replica(log, quiet)]
    b.store.isDeaf = true
    const own = b.router.route(X)
    for (let i = 0; i < 40; i++) {
      a.router.route(X)
      await a.router.flush()
    }
    await until(() => log.trimmed > 5, 'a trimmed log')
    b.store.isDeaf = false
    await until(() => b.router.stats().requests === 41, 'the rejoined replica')
    await b.router.reward(own.id, 1).durable
    await agreed(log, [a, b])
  })

  it('hold what waits within a bound', async () => {
    const log = new SharedLog()
    const { router, store } = await replica(log, { journal: { capacity: 5 } })
    store.isSlow = true
    for (let i = 0; i < 5; i++) router.route(X)
    expectCode(() => router.route(X), 'JOURNAL_FULL')
    store.isSlow = false
    await router.flush()
    router.route(X)
  })

  it('count requests to a model that another has just removed as refused, and lose no state by it', async () => {
    const log = new SharedLog()
    const [a, b] = [await replica(log), await replica(log)]
    a.store.isSlow = true
    const decision = a.router.route(X, { candidates: ['large'] })
    b.router.removeModel('large')
    await b.router.flush()
    a.store.isSlow = false
    await a.router.flush()
    await agreed(log, [a, b])
    await until(() => a.router.stats().models.length === 2, 'the removal')
    // Booked here at once, and refused at its place: no other router knows the request.
    const { durable } = a.router.settle(decision.id, { costUsd: 1 })
    await expect(durable).rejects.toMatchObject({ code: 'UNKNOWN_REQUEST' })
    await agreed(log, [a, b])
  })
})

describe('money that replicas share', () => {
  it.each([1, 2, 4])('of a cap is never overspent by %i of them', async (count) => {
    const log = new SharedLog()
    const clock = new TestClock()
    const options = {
      clock: clock.read,
      caps: [{ usd: 1, per: 'day' as const }],
      reserve: 'worst-case' as const,
    }
    const replicas: Replica[] = []
    for (let i = 0; i < count; i++) replicas.push(await replica(log, options))
    let spent = 0
    let refused = 0
    for (let i = 0; i < 4000; i++) {
      const { router } = replicas[i % count]
      try {
        const { id, reservedUsd } = router.route(X, { inputTokens: 1000, maxOutputTokens: 1000 })
        spent += reservedUsd
        router.settle(id, { costUsd: reservedUsd })
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
        refused++
      }
      if (i % 20 === 0) await pause(1)
    }
    expect(spent).toBeLessThanOrEqual(1 + 1e-9)
    expect(spent).toBeGreaterThan(0.8)
    expect(refused).toBeGreaterThan(0)
    await agreed(log, replicas)
  })

  it.each([
    [
      'set while they run',
      async (a: Replica, b: Replica, log: SharedLog) => {
        a.router.setCaps([{ usd: 1, per: 'day' }])
        await agreed(log, [a, b])
        return {}
      },
    ],
    [
      'of a tenant that is added while they run',
      async (a: Replica, b: Replica, log: SharedLog) => {
        a.router.addTenant({ id: 'team', caps: [{ usd: 1, per: 'day' }] })
        await agreed(log, [a, b])
        return { tenant: 'team' }
      },
    ],
    [
      'set before a state was rebuilt',
      async (a: Replica, b: Replica, log: SharedLog) => {
        a.router.setCaps([{ usd: 1, per: 'day' }])
        await agreed(log, [a, b])
        // Both give the same request its reward: one of them is refused, and its router rebuilds its state.
        const { id } = a.router.route(X, { inputTokens: 1, maxOutputTokens: 1 })
        await a.router.flush()
        await agreed(log, [a, b])
        a.store.isSlow = b.store.isSlow = true
        void a.router.reward(id, 1).durable.catch(() => {})
        void b.router.reward(id, 0).durable.catch(() => {})
        a.store.isSlow = b.store.isSlow = false
        await agreed(log, [a, b])
        return {}
      },
    ],
  ] as const)('of a cap %s is never overspent', async (_, prepare) => {
    const log = new SharedLog()
    const clock = new TestClock()
    const options = { clock: clock.read, reserve: 'worst-case' as const }
    const [a, b] = [await replica(log, options), await replica(log, options)]
    const given = await prepare(a, b, log)
    let spent = 0
    let refused = 0
    for (let i = 0; i < 3000; i++) {
      const { router } = i % 2 === 0 ? a : b
      try {
        const { id, reservedUsd } = router.route(X, { inputTokens: 1000, maxOutputTokens: 1000, ...given })
        spent += reservedUsd
        router.settle(id, { costUsd: reservedUsd })
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
        refused++
      }
      if (i % 20 === 0) await pause(1)
    }
    expect(spent).toBeLessThanOrEqual(1 + 1e-9)
    expect(spent).toBeGreaterThan(0.8)
    expect(refused).toBeGreaterThan(0)
  })

  it('of caps that only the first gave holds for those that open its log', async () => {
    const log = new SharedLog()
    const clock = new TestClock()
    const options = { clock: clock.read, reserve: 'worst-case' as const }
    const a = await replica(log, { ...options, caps: [{ usd: 1, per: 'day' }] })
    const b = await replica(log, options)
    let spent = 0
    for (let i = 0; i < 3000; i++) {
      try {
        const { id, reservedUsd } = (i % 2 === 0 ? a : b).router.route(X, {
          inputTokens: 1000,
          maxOutputTokens: 1000,
        })
        spent += reservedUsd
        ;(i % 2 === 0 ? a : b).router.settle(id, { costUsd: reservedUsd })
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
      }
      if (i % 20 === 0) await pause(1)
    }
    expect(spent).toBeLessThanOrEqual(1 + 1e-9)
    expect(spent).toBeGreaterThan(0.8)
  })

  it('of a strict budget is never overspent, whatever bills come', async () => {
    const log = new SharedLog()
    const usdPerRequest = 0.002
    const options = { strict: true, budget: { usdPerRequest, burst: 40 }, reserve: 'worst-case' as const }
    const replicas = [await replica(log, options), await replica(log, options), await replica(log, options)]
    let spent = 0
    let counted = 0
    for (let i = 0; i < 3000; i++) {
      counted++
      try {
        const { router } = replicas[i % 3]
        const { id, model, reservedUsd } = router.route(X, { inputTokens: 800, maxOutputTokens: 900 })
        spent += reservedUsd
        router.settle(id, { costUsd: reservedUsd })
        router.reward(id, model === 'small' ? 0.1 : 0.9)
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
      }
      expect(spent).toBeLessThanOrEqual((counted + 40) * usdPerRequest + 1e-9)
      if (i % 10 === 0) await pause(1)
    }
    expect(spent).toBeGreaterThan(0.8 * counted * usdPerRequest)
  })

  it('is spent out while the store is away, and then refused, or goes on to a share of its own', async () => {
    for (const localShare of [0, 0.5]) {
      const log = new SharedLog()
      const options = {
        caps: [{ usd: 1, per: 'month' as const }],
        journal: { localShare, onStoreError: () => {} },
      }
      const { router } = await replica(log, options)
      log.isAway = true
      await pause(400)
      let spent = 0
      const spend = () => {
        for (let i = 0; i < 100_000; i++) spent += router.route(X, { maxCostUsd: 0.01 }).reservedUsd
      }
      expectCode(spend, 'BUDGET_EXHAUSTED')
      expect(spent).toBeLessThan(localShare + 1 / 16 + 1e-9)
      expect(spent).toBeGreaterThan(0.7 * localShare)
      log.isAway = false
      await router.close()
    }
  })

  it('goes back when a replica closes, and stays drawn when it crashes', async () => {
    const log = new SharedLog()
    const clock = new TestClock()
    const options = { clock: clock.read, caps: [{ usd: 1, per: 'day' as const }] }
    const a = await replica(log, options)
    const total = () => [...log.granted.values()].reduce((sum, usd) => sum + usd, 0)
    expect(total()).toBeCloseTo(1 / 16)
    const { reservedUsd } = a.router.route(X)
    await a.router.close()
    expect(total()).toBeCloseTo(reservedUsd)
    clock.advance(24 * HOUR)
  })

  it('of tenants has leases of its own', async () => {
    const log = new SharedLog()
    const tenants = [{ id: 't', caps: [{ usd: 0.1, per: 'day' as const }] }]
    const [a, b] = [await replica(log, { tenants }), await replica(log, { tenants })]
    let spent = 0
    for (let i = 0; i < 3000; i++) {
      try {
        const { router } = i % 2 === 0 ? a : b
        const decision = router.route(X, { tenant: 't', inputTokens: 900, maxOutputTokens: 900 })
        spent += decision.reservedUsd
      } catch (error) {
        if (!(error instanceof ParetoBanditError) || error.code !== 'BUDGET_EXHAUSTED') throw error
      }
      if (i % 20 === 0) await pause(1)
    }
    expect(spent).toBeLessThanOrEqual(0.1 + 1e-9)
    expect(spent).toBeGreaterThan(0.05)
    a.router.route(X)
  })
})
