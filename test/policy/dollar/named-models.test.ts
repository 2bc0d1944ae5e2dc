import { describe, expect, it } from 'vitest'
import type { RouterEvent } from '../../../src/events/events.js'
import { createRouter } from '../../../src/index.js'
import type { Router } from '../../../src/router/router.js'
import { Random } from '../../support/random.js'

const D = 8
const TOKENS = 600
const USD_PER_MTOK = { small: 0.1, large: 5, added: 1 }
const REWARDS = { small: 0.6, large: 0.9, added: 0.9 }
/** What it buys of the large model is a tenth; of the added one all. */
const BUDGET_USD = (1.5 * USD_PER_MTOK.added * TOKENS) / 1e6
const SEEDS = Array.from({ length: 12 }, (_, seed) => seed)
type Id = keyof typeof REWARDS

const spec = (id: Id) => ({
  id,
  inputUsdPerMTok: USD_PER_MTOK[id],
  outputUsdPerMTok: USD_PER_MTOK[id],
})

/** Of models of which nobody has rated anything. */
function routerOf(ids: readonly Id[], seed: number, name = 'r'): Promise<Router> {
  return createRouter({
    models: ids.map(spec),
    dimension: D,
    kernel: 'js',
    seed,
    name,
    budget: { usdPerRequest: BUDGET_USD },
  })
}

/** Two models in use for 500 requests, and one that is added then. */
async function inUse(random: Random, seed: number): Promise<Router> {
  const router = await routerOf(['small', 'large'], seed)
  serve(router, random, 500)
  router.addModel(spec('added'))
  return router
}

/** @returns share of the requests that the added model got */
function serve(
  router: Router,
  random: Random,
  requests: number,
  candidates?: readonly Id[],
  isHeard: (id: Id) => boolean = () => true,
): number {
  let added = 0
  for (let i = 0; i < requests; i++) {
    const { id, model } = router.route(random.vector(D), { candidates })
    if (model === 'added') added++
    router.settle(id, { costUsd: (USD_PER_MTOK[model as Id] * TOKENS) / 1e6 })
    const right = random.next() < REWARDS[model as Id]
    if (candidates === undefined && isHeard(model as Id)) router.reward(id, right ? 1 : 0)
  }
  return added / requests
}

/** Of the added model: forced ones to come, and done. */
function triesOf(router: Router): readonly (number | undefined)[] {
  const { forcedRemaining, forcedDone } = router.stats().models.find(({ id }) => id === 'added') ?? {}
  return [forcedRemaining, forcedDone]
}

describe('a model that clients name, and do not rate', () => {
  for (const named of [0, 20, 40, 80, 500])
    it(`is found to be good by the others all the same, after ${named} requests by name`, async () => {
      for (const seed of SEEDS) {
        const random = new Random(seed)
        const router = await inUse(random, seed)
        serve(router, random, named, ['added'])
        expect.soft(serve(router, random, 1000), `seed ${seed}`).toBeGreaterThan(0.4)
      }
    })

  it('is found to be good where they did so before anybody rated anything', async () => {
    for (const named of [32, 64, 128])
      for (const seed of SEEDS) {
        const random = new Random(seed)
        const router = await routerOf(['small', 'large', 'added'], seed)
        serve(router, random, named, ['added'])
        expect.soft(serve(router, random, 1000), `seed ${seed}, ${named} by name`).toBeGreaterThan(0.4)
      }
  })

  it('is found to be good where they broke off or forgot their calls', async () => {
    for (const end of ['cancel', 'forget'])
      for (const seed of SEEDS) {
        const random = new Random(seed)
        const router = await inUse(random, seed)
        for (let i = 0; i < 40; i++) {
          const { id } = router.route(random.vector(D), { candidates: ['added'] })
          if (end === 'cancel') router.cancel(id)
        }
        expect.soft(serve(router, random, 1000), `seed ${seed}, ${end}`).toBeGreaterThan(0.4)
      }
  })

  it('is not tried again for tries that went to requests for others too, whose rewards come later', async () => {
    const random = new Random(0)
    const router = await inUse(random, 0)
    const ids: string[] = []
    while (triesOf(router)[0] !== 0) {
      const { id, model } = router.route(random.vector(D))
      router.settle(id, { costUsd: (USD_PER_MTOK[model as Id] * TOKENS) / 1e6 })
      if (model === 'added') ids.push(id)
    }
    for (let i = 0; i < 40; i++) router.cancel(router.route(random.vector(D), { candidates: ['added'] }).id)
    for (const id of ids) {
      router.reward(id, 1)
      expect(triesOf(router)).toEqual([0, 20])
    }
  })

  it('has no more tries than it had, where their rewards come later, all at once', async () => {
    const random = new Random(0)
    const router = await inUse(random, 0)
    const ids = Array.from({ length: 40 }, () => {
      const { id } = router.route(random.vector(D), { candidates: ['added'] })
      router.settle(id, { costUsd: (USD_PER_MTOK.added * TOKENS) / 1e6 })
      return id
    })
    expect(triesOf(router)).toEqual([0, 20])
    router.reward(ids[0], 1)
    expect(triesOf(router)).toEqual([19, 1])
    for (const id of ids.slice(1)) router.reward(id, 1)
    expect(triesOf(router)).toEqual([0, 20])
  })
})

it('a try by name of another process, which had not heard of a reward yet, counts once', async () => {
  const log: RouterEvent[] = []
  const router = await routerOf(['small', 'large'], 0)
  const other = await routerOf(['small', 'large'], 0, 'other')
  router.on('*', (event) => log.push(event))
  const random = new Random(0)
  serve(router, random, 500)
  router.addModel(spec('added'))
  for (const event of log) other.apply(event)
  const ofOther: RouterEvent[] = []
  other.on('*', (event) => ofOther.push(event))
  for (const each of [router, other]) {
    const { id } = each.route(random.vector(D), { candidates: ['added'] })
    each.settle(id, { costUsd: (USD_PER_MTOK.added * TOKENS) / 1e6 })
    each.reward(id, 1)
  }
  expect(triesOf(router)).toEqual([19, 1])
  for (const event of ofOther) {
    router.apply(event)
    expect(triesOf(router), event.type).toEqual([18, 2])
  }
  expect(ofOther.map(({ type }) => type)).toEqual(['routed', 'settled', 'rewarded'])
})

describe('models whose answers nobody rates', () => {
  it('leave the traffic to the one whose answers are rated, however good they are', async () => {
    for (const seed of SEEDS) {
      const random = new Random(seed)
      const router = await routerOf(['small', 'added'], seed)
      serve(router, random, 500, undefined, (id) => id === 'small')
      const unrated = serve(router, random, 1000, undefined, (id) => id === 'small')
      expect.soft(unrated, `seed ${seed}`).toBeLessThan(0.1)
    }
  })
})
