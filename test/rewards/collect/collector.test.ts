import { describe, expect, it } from 'vitest'
import { createRouter, ParetoBanditError, type Router } from '../../../src/index.js'
import { RewardCollector } from '../../../src/rewards/collect/collector.js'
import type { SourceReward } from '../../../src/rewards/collect/collector-parts.js'
import type { HeldStore } from '../../../src/rewards/collect/held-rewards.js'

const WEIGHTS = { validator: 0.2, client: 1, person: 2, judge: 0.5 }
const MODELS = [{ id: 'one', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }]

/** A store that keeps nothing while it is away, and writes it later. */
class AwayStore implements HeldStore {
  readonly isShared = false
  isAway = false
  private readonly held = new Map<string, object>()

  async put(id: string, value: object): Promise<boolean> {
    this.held.set(id, value)
    return !this.isAway
  }

  async remove(id: string): Promise<boolean> {
    this.held.delete(id)
    return !this.isAway
  }

  async entries() {
    return [...this.held]
  }
}

async function start(
  weights: Partial<typeof WEIGHTS> = {},
  windowMs = 1000,
  more: Partial<Router<string>> = {},
  calibrated: { source: string; by: string } | null = null,
  onError = (error: unknown): void => {
    throw error
  },
) {
  const router: Router<string> = Object.assign(
    await createRouter<string>({ models: MODELS, dimension: 1 }),
    more,
  )
  const away = new AwayStore()
  const timers: { at: number; go: () => void }[] = []
  const clock = { now: Date.now() }
  const rewards = new RewardCollector({
    router,
    store: away,
    settings: () => ({ windowMs, waitMs: 60_000, weights: { ...WEIGHTS, ...weights }, calibrated }),
    after: (ms, go) => {
      const timer = { at: clock.now + ms, go }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer) >>> 0, 1)
    },
    now: () => clock.now,
    draw: () => 0,
    onError,
  })
  const pass = (ms: number) => {
    clock.now += ms
    for (const timer of timers.filter(({ at }) => at <= clock.now)) {
      timers.splice(timers.indexOf(timer) >>> 0, 1)
      timer.go()
    }
  }
  const give = (decision: string, value: number, more: Partial<SourceReward> = {}) =>
    rewards.give({
      decision,
      value,
      weight: 1,
      source: 'client',
      idempotencyKey: null,
      ...more,
    })
  const taught = () => {
    const { rewarded, meanReward } = router.stats().models[0]
    return [rewarded, meanReward]
  }
  return { router, away, rewards, pass, give, taught, decide: () => router.route([1]).id }
}

describe('a reward that could not be kept', () => {
  it('does not count, and counts once when it is given again', async () => {
    const { away, give, pass, taught, decide } = await start()
    const id = decide()
    expect(await give(id, 1)).toBe('taken')
    away.isAway = true
    for (let i = 0; i < 5; i++) await expect(give(id, 0)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    away.isAway = false
    expect(await give(id, 0)).toBe('taken')
    pass(1000)
    expect(taught()).toEqual([1, 0.5])
  })

  it('leaves nothing behind where it was the only one, nor in the notes', async () => {
    const { away, give, pass, taught, decide } = await start()
    const id = decide()
    away.isAway = true
    await expect(give(id, 0, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    expect(await away.entries()).toEqual([])
    pass(1000)
    expect(taught()).toEqual([0, null])
    away.isAway = false
    expect(await give(id, 0, { idempotencyKey: 'k' })).toBe('taken')
    pass(1000)
    expect(taught()).toEqual([1, 0])
  })

  it('takes no word of a validator away', async () => {
    const { away, rewards, give, pass, taught, decide } = await start()
    const id = decide()
    rewards.validated(id, { value: 1, isFirm: true })
    away.isAway = true
    await expect(give(id, 0)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    pass(1000)
    expect(taught()).toEqual([1, 1])
  })
})

describe('a reward that the log of the router has lost, after it was applied', () => {
  /** What is applied first is lost. */
  async function losing(windowMs: number, code: 'STORE_CORRUPT' | 'LOG_TRIMMED') {
    const lost = new ParetoBanditError(code, 'shared', 'it has lost an event')
    const errors: unknown[] = []
    const { router: real, ...made } = await start({}, windowMs, {}, null, (error) => errors.push(error))
    const reward = real.reward.bind(real)
    let isLost = true
    // Of its effect nothing is left either.
    real.reward = (id, value) => {
      if (!isLost) return reward(id, value)
      isLost = false
      return { durable: Promise.reject(lost) }
    }
    return { ...made, errors, lost, id: real.route([1]).id }
  }

  it.each(['STORE_CORRUPT', 'LOG_TRIMMED'] as const)('counts when it is given again: %s', async (code) => {
    const { give, taught, errors, lost, id } = await losing(0, code)
    const again = { idempotencyKey: 'k' }
    await expect(give(id, 0.25, again)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    expect(errors).toEqual([lost])
    expect(await give(id, 0.25, again)).toBe('taken')
    expect(await give(id, 0.25, again)).toBe('known')
    expect(taught()).toEqual([1, 0.25])
  })

  it('is applied again where whoever gave it was told that it is taken', async () => {
    const { give, pass, taught, away, id } = await losing(1000, 'STORE_CORRUPT')
    expect(await give(id, 1)).toBe('taken')
    expect(await give(id, 0)).toBe('taken')
    pass(1000)
    await Promise.resolve()
    expect(taught()).toEqual([0, null])
    expect(await away.entries()).toHaveLength(1)
    pass(1000)
    expect(taught()).toEqual([1, 0.5])
    await new Promise((resolve) => setTimeout(resolve))
    expect(await away.entries()).toEqual([])
  })
})

describe('the word of a validator', () => {
  it('is asked of by nobody whether it is durable: the log may gather it with others', async () => {
    let [given, asked] = [0, 0]
    const reward = () => {
      given++
      return {
        get durable() {
          asked++
          return Promise.resolve()
        },
      }
    }
    const { rewards, pass, decide } = await start({ validator: 1 }, 1000, { reward })
    rewards.validated(decide(), { value: 1, isFirm: true })
    pass(60_000)
    expect([given, asked]).toEqual([1, 0])
  })
})

describe('the rewards of a decision', () => {
  it('are a hundred at most, and those that were taken count', async () => {
    const { give, pass, taught, decide } = await start()
    const id = decide()
    for (let i = 0; i < 100; i++) await give(id, 1, { idempotencyKey: `${'k'.repeat(200)}${i}` })
    await expect(give(id, 0)).rejects.toMatchObject({ code: 'TOO_MANY_REWARDS' })
    expect(await give(id, 1, { idempotencyKey: `${'k'.repeat(200)}7` })).toBe('known')
    pass(1000)
    expect(taught()).toEqual([1, 1])
  })

  it('take little room in the notes, whatever their keys are', async () => {
    const { away, give, decide } = await start()
    const id = decide()
    for (let i = 0; i < 100; i++) await give(id, 1, { idempotencyKey: `${'k'.repeat(250)}${i}` })
    expect(JSON.stringify(await away.entries()).length).toBeLessThan(5000)
  })

  it.each(['own', 'elsewhere'])('teach nothing that weigh nothing: %s', async (whose) => {
    const { give, pass, taught, decide } = await start({ client: 0 }, 0)
    const id = whose === 'own' ? decide() : 'other.1'
    expect(await give(id, 1)).toBe('taken')
    expect(await give(id, 1, { source: 'person', weight: 0 })).toBe('taken')
    pass(1000)
    expect(taught()).toEqual([0, null])
    if (whose === 'own') expect(await give(id, 1, { source: 'person' })).toBe('taken')
  })

  it('are refused at once where the request has failed or was broken off', async () => {
    const { router, give, pass, taught, decide } = await start()
    const [failed, cancelled, answered] = [decide(), decide(), decide()]
    router.fail(failed)
    router.cancel(cancelled)
    await expect(give(failed, 1)).rejects.toMatchObject({ code: 'REQUEST_FAILED' })
    await expect(give(cancelled, 1)).rejects.toMatchObject({ code: 'REQUEST_CLOSED' })
    expect(await give(answered, 1)).toBe('taken')
    pass(1000)
    expect(taught()).toEqual([1, 1])
    await expect(give(answered, 0)).rejects.toMatchObject({ code: 'ALREADY_REWARDED' })
  })

  it('of a request of another process are refused as its log says, and that is no failure of ours', async () => {
    const refusal = new ParetoBanditError('REQUEST_FAILED', 'id', 'the request has failed')
    const { give } = await start({}, 1000, {
      checkReward: () => {
        throw new ParetoBanditError('UNKNOWN_REQUEST', 'id', 'it was not routed here')
      },
      reward: () => ({ durable: Promise.reject(refusal) }),
    })
    // Any error that is told to the operator would fail the test.
    for (let i = 0; i < 2; i++)
      await expect(give('other.1', 1, { idempotencyKey: 'k' })).rejects.toBe(refusal)
  })
})

describe('what sources say of one decision', () => {
  it('is compared, also what weighs nothing and what comes too late', async () => {
    const { rewards, give, pass, decide } = await start({ judge: 0 })
    const id = decide()
    await give(id, 0.4, { source: 'judge' })
    await give(id, 1, { source: 'client' })
    pass(1000)
    await expect(give(id, 0.8, { source: 'person' })).rejects.toMatchObject({ code: 'ALREADY_REWARDED' })
    const rows = rewards.comparison.agreement.map(({ sources, meanDifference }) => [
      ...sources,
      meanDifference,
    ])
    expect(rows).toEqual([
      ['client', 'judge', expect.closeTo(0.6, 12)],
      ['client', 'person', expect.closeTo(0.2, 12)],
      ['judge', 'person', expect.closeTo(-0.4, 12)],
    ])
  })

  it('is put on the scale of another where that is asked for, and compared as it was said', async () => {
    const { rewards, give, pass, taught, decide } = await start(
      { person: 0 },
      1000,
      {},
      {
        source: 'judge',
        by: 'person',
      },
    )
    // A judge that likes everything.
    for (let i = 0; i < 100; i++) {
      const id = decide()
      await give(id, 0.9, { source: 'judge' })
      await give(id, i % 2, { source: 'person' })
    }
    const before = taught()
    expect(before).toEqual([0, null])
    const id = decide()
    const { low = 0, slope = 0 } = rewards.comparison.line ?? {}
    await give(id, 0.9, { source: 'judge' })
    await rewards.close()
    pass(1000)
    expect(low + slope * 0.9).toBeLessThan(0.6)
    expect(rewards.comparison.agreement[0]).toMatchObject({ count: 100, correlation: null })
    expect(rewards.comparison.agreement[0].meanDifference).toBeCloseTo(0.4, 12)
  })

  it('has a weight, or is refused', async () => {
    const { give, decide } = await start()
    await expect(give(decide(), 1, { source: 'nobody' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: 'source',
    })
    await expect(give(decide(), 1, { source: 'constructor' })).rejects.toMatchObject({ field: 'source' })
  })
})

it('keeps no more rewards than it may while no store takes them, and says so', async () => {
  const refuse = (): never => {
    throw new ParetoBanditError('STORE_UNREACHABLE', '', 'away')
  }
  const { give } = await start({}, 1000, { checkReward: () => {}, reward: refuse })
  for (let i = 1; i <= 100_000; i++) void give(`r.${i}`, 1)
  const refused = await give('r.100001', 1).then(
    () => null,
    (error: unknown) => error,
  )
  expect(refused).toMatchObject({ code: 'TOO_MANY_REWARDS', field: 'decision' })
})
