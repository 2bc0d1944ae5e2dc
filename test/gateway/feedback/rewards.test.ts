import { describe, expect, it } from 'vitest'
import type { GivenReward } from '../../../src/gateway/feedback/given-reward.js'
import { Rewards } from '../../../src/gateway/feedback/rewards.js'
import { memoryNotes, type Notes } from '../../../src/gateway/notes/notes.js'
import { createRouter, ParetoBanditError, type Router } from '../../../src/index.js'

const WEIGHTS = { validator: 0.2, client: 1, person: 2, judge: 0.5 }
const MODELS = [{ id: 'one', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }]

/** Notes that keep nothing while the store is away, and write it later. */
class AwayNotes {
  isAway = false
  readonly notes: Notes

  constructor() {
    const notes = memoryNotes(() => 1000)
    this.notes = {
      ...notes,
      put: async (kind, id, value) => {
        await notes.put(kind, id, value)
        return !this.isAway
      },
      remove: async (kind, id) => {
        await notes.remove(kind, id)
        return !this.isAway
      },
    }
  }
}

async function start(
  weights: Partial<typeof WEIGHTS> = {},
  windowMs = 1000,
  more: Partial<Router<string>> = {},
) {
  const router: Router<string> = Object.assign(
    await createRouter<string>({ models: MODELS, dimension: 1 }),
    more,
  )
  const away = new AwayNotes()
  const timers: { at: number; go: () => void }[] = []
  const clock = { now: Date.now() }
  const rewards = new Rewards({
    router,
    notes: away.notes,
    config: () => ({
      windowMs,
      weights: { ...WEIGHTS, ...weights },
      metrics: [],
      links: null,
      judge: null,
      validators: { enabled: true, waitMs: 60_000, repeatMs: 0 },
    }),
    after: (ms, go) => {
      const timer = { at: clock.now + ms, go }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer) >>> 0, 1)
    },
    now: () => clock.now,
    random: () => 0,
    onError: (error) => {
      throw error
    },
  })
  const pass = (ms: number) => {
    clock.now += ms
    for (const timer of timers.filter(({ at }) => at <= clock.now)) {
      timers.splice(timers.indexOf(timer) >>> 0, 1)
      timer.go()
    }
  }
  const give = (decision: string, value: number, more: Partial<GivenReward> = {}) =>
    rewards.give({
      decision,
      value,
      weight: 1,
      source: 'client',
      idempotencyKey: null,
      counts: true,
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
    for (let i = 0; i < 5; i++) await expect(give(id, 0)).rejects.toMatchObject({ refusal: { status: 503 } })
    away.isAway = false
    expect(await give(id, 0)).toBe('taken')
    pass(1000)
    expect(taught()).toEqual([1, 0.5])
  })

  it('leaves nothing behind where it was the only one, nor in the notes', async () => {
    const { away, give, pass, taught, decide } = await start()
    const id = decide()
    away.isAway = true
    await expect(give(id, 0, { idempotencyKey: 'k' })).rejects.toMatchObject({ refusal: { status: 503 } })
    expect(await away.notes.entries('rewards')).toEqual([])
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
    await expect(give(id, 0)).rejects.toMatchObject({ refusal: { status: 503 } })
    pass(1000)
    expect(taught()).toEqual([1, 1])
  })
})

describe('the rewards of a decision', () => {
  it('are a hundred at most, and those that were taken count', async () => {
    const { give, pass, taught, decide } = await start()
    const id = decide()
    for (let i = 0; i < 100; i++) await give(id, 1, { idempotencyKey: `${'k'.repeat(200)}${i}` })
    await expect(give(id, 0)).rejects.toMatchObject({ refusal: { status: 429, code: 'too_many_rewards' } })
    expect(await give(id, 1, { idempotencyKey: `${'k'.repeat(200)}7` })).toBe('known')
    pass(1000)
    expect(taught()).toEqual([1, 1])
  })

  it('take little room in the notes, whatever their keys are', async () => {
    const { away, give, decide } = await start()
    const id = decide()
    for (let i = 0; i < 100; i++) await give(id, 1, { idempotencyKey: `${'k'.repeat(250)}${i}` })
    expect(JSON.stringify(await away.notes.entries('rewards')).length).toBeLessThan(5000)
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
