import { expect, it } from 'vitest'
import { createRouter } from '../../src/index.js'
import { answerOf, createRewards } from '../../src/rewards/index.js'
import { Random } from '../support/random.js'
import { Timers } from './timers.js'

const REQUESTS = 2500
const MODELS = [
  { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1, good: 0.5, costUsd: 0.00006 },
  { id: 'dear', inputUsdPerMTok: 3, outputUsdPerMTok: 3, good: 0.95, costUsd: 0.0018 },
]
/** Questions differ: one that comes again says that the answer before was no good. */
const question = (i: number) => ({ messages: [{ role: 'user', content: `Where is house ${i}?` }] })
const ANSWER = {
  id: 'chatcmpl-1',
  choices: [{ index: 0, message: { content: 'Here' }, finish_reason: 'stop' }],
}

/** Half of the bad answers are complained of, and nobody praises any. @returns the share of the dear model in the last thousand requests */
async function shareOfDear(seed: number): Promise<number> {
  const random = new Random(seed)
  const timers = new Timers()
  const router = await createRouter({
    models: MODELS.map(({ id, inputUsdPerMTok, outputUsdPerMTok }) => ({
      id,
      inputUsdPerMTok,
      outputUsdPerMTok,
    })),
    dimension: 1,
    seed,
    budget: { usdPerRequest: 0.002 },
    clock: () => timers.now,
  })
  const rewards = createRewards(router, { seed, now: () => timers.now, after: timers.after })
  let dear = 0
  for (let i = 0; i < REQUESTS; i++) {
    await timers.pass(10_000)
    const { id, model } = router.route([1])
    const { good, costUsd } = MODELS.find((each) => each.id === model) ?? MODELS[0]
    router.settle(id, { costUsd })
    rewards.answered({ decision: id, ...answerOf('chat', question(i), ANSWER) })
    if (random.next() > good && random.next() < 0.5)
      await rewards.give({ decision: id, value: 0, source: 'person' })
    if (i >= REQUESTS - 1000 && model === 'dear') dear++
  }
  await rewards.close()
  return dear / 1000
}

it.each([1, 2, 3])(
  'complaints alone teach who is good where all answers are passed on, seed %i',
  async (seed) => {
    expect(await shareOfDear(seed)).toBeGreaterThan(0.8)
  },
)
