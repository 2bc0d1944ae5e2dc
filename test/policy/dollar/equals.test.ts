import { describe, expect, it } from 'vitest'
import { createRouter } from '../../../src/create-router.js'
import type { RouterOptions } from '../../../src/index.js'
import { expectCode } from '../../support/errors.js'
import { Random } from '../../support/random.js'

const CHEAP = { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 }
const MIDDLE = { id: 'middle', inputUsdPerMTok: 0.6, outputUsdPerMTok: 1.8 }
const DEAR = { id: 'dear', inputUsdPerMTok: 5, outputUsdPerMTok: 15 }
const REQUESTS = 1500

/** Those after the cheapest: 6, 50, 20 and 100 times its prices. */
function dearerModel(i: number): typeof CHEAP {
  const times = [6, 50, 20, 100][i] ?? 10
  return { id: `dearer-${i}`, inputUsdPerMTok: 0.1 * times, outputUsdPerMTok: 0.3 * times }
}

interface Asked {
  readonly models?: readonly (typeof CHEAP)[]
  readonly reward: (model: string, random: Random) => number | null
  readonly options?: Partial<RouterOptions>
  readonly tenant?: string
  readonly restores?: boolean
}

/** Share of the requests from `from` on that does not go to the cheapest model. */
async function dearShare(
  { models = [CHEAP, DEAR], reward, options = {}, tenant, restores }: Asked,
  requests = REQUESTS,
  from = 0,
): Promise<number> {
  const shares: number[] = []
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed)
    const all = { dimension: 4, kernel: 'js', seed, name: 'r', ...options } as const
    const tenants = tenant === undefined ? {} : { tenants: [{ id: tenant }] }
    let router = await createRouter({ models, ...tenants, ...all })
    let dear = 0
    for (let i = 0; i < requests; i++) {
      if (restores === true && i === REQUESTS / 2) {
        const snapshot = router.snapshot()
        router = await createRouter({ models, ...tenants, ...all })
        router.restore(snapshot)
      }
      const x = [...random.vector(3), 1]
      const { id, model } = router.route(x, tenant === undefined ? {} : { tenant })
      if (model !== 'cheap' && i >= from) dear++
      const spec = models.find((each) => each.id === model) ?? CHEAP
      router.settle(id, { costUsd: spec.outputUsdPerMTok * 3.3e-4 * (0.5 + random.next()) })
      const given = reward(model, random)
      if (given !== null) router.reward(id, given)
    }
    shares.push(dear / (requests - from))
  }
  return Math.max(...shares)
}

describe('models that are as good as each other, with money to spare', () => {
  it.each<[string, Asked]>([
    ['rewards all 1', { reward: () => 1 }],
    ['no rewards at all', { reward: () => null }],
    [
      'rewards all 1, a budget that is never short',
      { reward: () => 1, options: { budget: { usdPerRequest: 1 } } },
    ],
    ['rewards all 1, the dear one first', { models: [DEAR, CHEAP], reward: () => 1 }],
    ['three, no rewards', { models: [CHEAP, MIDDLE, DEAR], reward: () => null }],
    ['rewards of another range', { reward: () => 10, options: { rewardRange: [0, 10] } }],
    ['a tenant', { reward: () => 1, tenant: 'team' }],
    ['after a restart', { reward: () => 1, restores: true }],
  ])('go to the cheapest but for the first tries: %s', async (_, asked) => {
    const tries = 15 * ((asked.models?.length ?? 2) - 1)
    expect(await dearShare(asked)).toBeLessThanOrEqual((tries + 2) / REQUESTS)
  })

  it.each<[string, Asked]>([
    ['both .7', { reward: () => 0.7 }],
    ['both .2', { reward: () => 0.2 }],
    ['both 0 of a range from -1', { reward: () => 0, options: { rewardRange: [-1, 1] } }],
  ])('go to the cheapest once their rewards are known: %s', async (_, asked) => {
    expect(await dearShare(asked, 3000, 2000)).toBeLessThan(0.05)
  })

  it.each<[string, number, number]>([
    ['three at .1', 3, 0.1],
    ['three at .5', 3, 0.5],
    ['five at .7', 5, 0.7],
  ])(
    'go to the cheapest once their rewards are known, however many they are: %s',
    async (_, count, reward) => {
      const models = [CHEAP, ...Array.from({ length: count - 1 }, (_, i) => dearerModel(i))]
      expect(await dearShare({ models, reward: () => reward }, 3000, 2000)).toBeLessThan(0.05 * (count - 1))
    },
  )

  it('are told from better ones', async () => {
    const reward = (model: string, random: Random): number =>
      (model === 'dear' ? 0.75 : 0.7) + 0.1 * (random.next() - 0.5)
    expect(await dearShare({ reward })).toBeGreaterThan(0.9)
  })

  it('share the requests as chance has it where a dollar has no value', async () => {
    expect(await dearShare({ reward: () => 1, options: { indifference: 0 } })).toBeGreaterThan(0.4)
  })

  it('takes a part of the range alone', async () => {
    for (const indifference of [-0.1, 1.5, Number.NaN])
      expectCode(
        (await createRouter({ models: [CHEAP], dimension: 3, indifference }).catch((error) => () => {
          throw error
        })) as () => unknown,
        'INVALID_ARGUMENT',
        'indifference',
      )
  })
})

describe('models that earn the same every time, under a budget that pays for some of the dear one', () => {
  it.each<[string, Asked]>([
    ['every answer is right', { reward: () => 1 }],
    ['every answer is wrong', { reward: () => 0 }],
    ['three at .7', { models: [CHEAP, MIDDLE, DEAR], reward: () => 0.7 }],
    ['the dear one first', { models: [DEAR, CHEAP], reward: () => 0.7 }],
    ['a range from -1 to 1', { reward: () => 0.5, options: { rewardRange: [-1, 1] } }],
    ['after a restart', { reward: () => 0.7, restores: true }],
  ])('go to the cheapest: %s', async (_, { options, ...asked }) => {
    const paced = { ...options, budget: { usdPerRequest: 0.001 } }
    const dearer = (asked.models?.length ?? 2) - 1
    expect(await dearShare({ ...asked, options: paced }, 6000, 5000)).toBeLessThan(0.05 * dearer)
  })

  it('are told from one that is a little better', async () => {
    const reward = (model: string): number => (model === 'dear' ? 0.71 : 0.7)
    expect(
      await dearShare({ reward, options: { budget: { usdPerRequest: 0.001 } } }, 3000, 2000),
    ).toBeGreaterThan(0.1)
  })
})
