import { describe, expect, it } from 'vitest'
import type { RouterEvent } from '../../../src/events/events.js'
import type { Router } from '../../../src/router/router.js'
import { Random } from '../../support/random.js'
import { digest, MODELS, makeBench } from '../../support/router.js'

const REWARDS = { small: 0.5, middle: 0.75, large: 0.95 }

/** Routes requests to models of these mean rewards. @returns the models chosen, and how many were canaries */
function play(router: Router, random: Random, count: number, rewards: Record<string, number>) {
  const models: string[] = []
  let canaries = 0
  for (let i = 0; i < count; i++) {
    const decision = router.route([random.next() - 0.5, random.next() - 0.5, 1])
    router.settle(decision.id, { costUsd: decision.expectedCostUsd })
    router.reward(
      decision.id,
      Math.min(1, Math.max(0, rewards[decision.model] + 0.1 * (random.next() - 0.5))),
    )
    models.push(decision.model)
    if (decision.canary) canaries++
  }
  return { models, canaries }
}

/** The same with answers that are right or wrong, one in twenty of them judged. @returns the models chosen */
function playJudged(
  router: Router,
  random: Random,
  count: number,
  rewards: Record<string, number>,
): string[] {
  const models: string[] = []
  for (let i = 0; i < count; i++) {
    const decision = router.route([random.next() - 0.5, random.next() - 0.5, 1])
    router.settle(decision.id, { costUsd: decision.expectedCostUsd })
    const isRight = random.next() < rewards[decision.model]
    if (random.next() < 0.05) router.reward(decision.id, isRight ? 1 : 0)
    models.push(decision.model)
  }
  return models
}

const share = (models: string[], id: string): number =>
  models.filter((model) => model === id).length / models.length

describe('a model that has fallen', () => {
  it('is tried now and then, and taken back for what it was soon after it recovers', async () => {
    const { router } = await makeBench({ policy: 'dollar', budget: { usdPerRequest: 0.05 } })
    const alarms: RouterEvent[] = []
    router.on('drift', (event) => alarms.push(event))
    const random = new Random(3)
    expect(share(play(router, random, 600, REWARDS).models, 'large')).toBeGreaterThan(0.8)
    const fallen = play(router, random, 600, { ...REWARDS, large: 0.3 })
    expect(share(fallen.models.slice(100), 'large')).toBeLessThan(0.05)
    expect(fallen.canaries).toBeGreaterThan(5)
    expect(fallen.canaries).toBeLessThan(25)
    const recovered = play(router, random, 600, REWARDS)
    const directions = alarms.flatMap((event) => (event.type === 'drift' ? [event.direction] : []))
    expect(directions[0]).toBe('down')
    expect(directions.filter((direction) => direction === 'up')).toEqual(['up'])
    expect(directions.at(-1)).toBe('up')
    expect(share(recovered.models.slice(450), 'large')).toBeGreaterThan(0.9)
  })

  it('is taken back where one answer in twenty is judged, too, by most routers', async () => {
    let takenBack = 0
    for (let seed = 0; seed < 10; seed++) {
      const { router } = await makeBench({ policy: 'dollar', budget: { usdPerRequest: 0.007 } })
      const random = new Random(seed)
      const before = playJudged(router, random, 6000, REWARDS)
      const fallen = playJudged(router, random, 6000, { ...REWARDS, large: 0.3 })
      const recovered = playJudged(router, random, 12_000, REWARDS)
      expect(share(before.slice(3000), 'large'), `seed ${seed}`).toBeGreaterThan(0.5)
      expect(share(fallen.slice(4000), 'large'), `seed ${seed}`).toBeLessThan(0.1)
      if (share(recovered.slice(9000), 'large') > 0.5) takenBack++
    }
    expect(takenBack).toBeGreaterThan(5)
  })

  it('is tried as often, and taken back as soon, where an alarm long before was false', async () => {
    for (let seed = 0; seed < 6; seed++) {
      const { router } = await makeBench({ policy: 'dollar', budget: { usdPerRequest: 0.05 } })
      const random = new Random(seed)
      play(router, random, 1500, REWARDS)
      let alarms = 0
      router.on('drift', ({ direction }) => (alarms += direction === 'down' ? 1 : 0))
      // A judge that fails a few times in a row.
      while (alarms === 0) play(router, random, 1, { ...REWARDS, large: 0 })
      const since = play(router, random, 4000, REWARDS)
      expect(share(since.models.slice(500), 'large'), `seed ${seed}`).toBeGreaterThan(0.9)
      expect(alarms, `seed ${seed}`).toBe(1)
      const fallen = play(router, random, 500, { ...REWARDS, large: 0.3 })
      expect(fallen.canaries, `seed ${seed}`).toBeGreaterThan(8)
      const recovered = play(router, random, 400, REWARDS)
      expect(share(recovered.models.slice(200), 'large'), `seed ${seed}`).toBeGreaterThan(0.9)
    }
  })

  it('is remembered by a snapshot, also while rewards say that the alarm was false', async () => {
    const options = { policy: 'dollar', budget: { usdPerRequest: 0.05 } } as const
    const { router, clock } = await makeBench(options)
    const random = new Random(3)
    play(router, random, 1500, REWARDS)
    let alarms = 0
    router.on('drift', () => alarms++)
    while (alarms === 0) play(router, random, 1, { ...REWARDS, large: 0 })
    play(router, random, 8, REWARDS)
    const other = await makeBench(options)
    other.router.restore(router.snapshot())
    other.clock.now = clock.now
    expect(digest(other.router)).toBe(digest(router))
    const [one, two] = [new Random(9), new Random(9)]
    for (const rewards of [REWARDS, { ...REWARDS, large: 0.3 }, REWARDS])
      expect(play(other.router, one, 300, rewards)).toEqual(play(router, two, 300, rewards))
    expect(digest(other.router)).toBe(digest(router))
  })

  it('is remembered by a snapshot', async () => {
    const options = { policy: 'dollar', budget: { usdPerRequest: 0.05 } } as const
    const { router, clock } = await makeBench(options)
    const random = new Random(3)
    play(router, random, 600, REWARDS)
    play(router, random, 300, { ...REWARDS, large: 0.3 })
    const other = await makeBench(options)
    other.router.restore(router.snapshot())
    other.clock.now = clock.now
    expect(digest(other.router)).toBe(digest(router))
    const [one, two] = [new Random(9), new Random(9)]
    expect(play(other.router, one, 500, REWARDS)).toEqual(play(router, two, 500, REWARDS))
    expect(digest(other.router)).toBe(digest(router))
  })

  it('is forgotten when it is removed: a snapshot from then on is read', async () => {
    const options = { policy: 'dollar', budget: { usdPerRequest: 0.05 } } as const
    for (const isDrained of [false, true]) {
      const { router } = await makeBench(options)
      const random = new Random(3)
      play(router, random, 600, REWARDS)
      play(router, random, 300, { ...REWARDS, large: 0.3 })
      router.removeModel('large', { drain: isDrained })
      const other = await makeBench(options)
      other.router.restore(router.snapshot())
      expect(digest(other.router)).toBe(digest(router))
    }
  })

  it('is not tried where it would not be chosen even if it were what it was', async () => {
    const { router } = await makeBench({ policy: 'dollar', budget: { usdPerRequest: 0.05 } })
    const random = new Random(5)
    play(router, random, 600, { ...REWARDS, middle: 0.6 })
    const { canaries } = play(router, random, 1200, { ...REWARDS, middle: 0.1 })
    expect(canaries).toBe(0)
  })
})

describe('a model that nobody chooses', () => {
  it('is tried once in 2,000 requests, and found when it has got better', async () => {
    const { router } = await makeBench({ policy: 'dollar', models: MODELS.slice(0, 2) })
    const random = new Random(11)
    const before = play(router, random, 12_000, { small: 0.8, middle: 0.3 })
    expect(before.canaries).toBeGreaterThan(2)
    expect(before.canaries).toBeLessThan(7)
    expect(share(before.models, 'middle')).toBeLessThan(0.05)
  })
})

describe('alarms on traffic that does not change', () => {
  it('are few: under one in 10,000 rewards', async () => {
    let alarms = 0
    for (let seed = 0; seed < 4; seed++) {
      const { router } = await makeBench({ policy: 'dollar', budget: { usdPerRequest: 0.004 } })
      router.on('drift', () => alarms++)
      play(router, new Random(seed), 5000, REWARDS)
    }
    expect(alarms).toBeLessThanOrEqual(2)
  })
})

describe('a cold router', () => {
  it('learns where one request in twenty is rewarded', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const { router } = await makeBench({ policy: 'dollar', budget: { usdPerRequest: 0.004 } })
      const random = new Random(seed)
      const models: string[] = []
      for (let i = 0; i < 3000; i++) {
        const decision = router.route([random.next() - 0.5, random.next() - 0.5, 1])
        router.settle(decision.id, { costUsd: decision.expectedCostUsd })
        if (random.next() < 0.05) router.reward(decision.id, REWARDS[decision.model as keyof typeof REWARDS])
        models.push(decision.model)
      }
      // $0.0015 and $0.009 a request: a third of the requests can have the best.
      expect(share(models.slice(2000), 'large')).toBeGreaterThan(0.25)
      expect(share(models.slice(2000), 'small')).toBeLessThan(0.1)
    }
  })
})
