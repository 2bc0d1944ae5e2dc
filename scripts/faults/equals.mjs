import { percent, randomFrom } from './lib/traffic.mjs'

const MODELS = [
  { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
  { id: 'dear', inputUsdPerMTok: 5, outputUsdPerMTok: 5 },
]
const COSTS_USD = { cheap: 0.00006, dear: 0.003 }
const SEEDS = 20
const REQUESTS = 3000
const ROWS = 2000
const PANEL = {
  yLabel: 'requests that go to the dear one',
  yDomain: [0, 1],
  yTicks: [0, 0.25, 0.5, 0.75, 1],
  yFormat: percent,
  xLabel: '20 runs (seeds), sorted by share',
  requests: SEEDS,
}

export const name = 'equals'
export const title = 'Two models that are equally good, one fifty times as dear, without a budget'
export const about =
  'Shares of 3,000 requests. What rewards cannot tell apart goes to the cheaper one; right or wrong in 70 % of both takes thousands of them.'
export const panels = [
  { key: 'same', title: 'Every answer is right', ...PANEL },
  { key: 'silent', title: 'No rewards', ...PANEL },
  { key: 'warm', title: 'Right in 70 %, with priors of 2,000 rows', ...PANEL },
  { key: 'cold', title: 'Right in 70 %, nothing known at first', ...PANEL },
]

export async function measure({ createRouter, fitPriors }) {
  const right = (random) => (random() < 0.7 ? 1 : 0)
  const priors = await fitPriors(rowsOf(right))
  return {
    same: await play(createRouter, {}, () => 1),
    silent: await play(createRouter, {}, () => null),
    warm: await play(createRouter, { priors }, right),
    cold: await play(createRouter, {}, right),
  }
}

const contextOf = (random) => [random() - 0.5, random() - 0.5, random() - 0.5, 1]

function rowsOf(reward) {
  const random = randomFrom(99)
  return Array.from({ length: ROWS }, () => ({
    context: contextOf(random),
    outcomes: {
      cheap: { reward: reward(random), costUsd: COSTS_USD.cheap },
      dear: { reward: reward(random), costUsd: COSTS_USD.dear },
    },
  }))
}

/** Shares of the dear model by seed, in order. */
async function play(createRouter, options, reward) {
  const shares = []
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = randomFrom(seed)
    let now = Date.UTC(2026, 0, 5, 9)
    const settings = { dimension: 4, kernel: 'js', models: MODELS, seed, clock: () => (now += 200) }
    const router = await createRouter({ ...settings, ...options })
    let dear = 0
    for (let i = 0; i < REQUESTS; i++) {
      const { id, model } = router.route(contextOf(random))
      if (model === 'dear') dear++
      router.settle(id, { costUsd: COSTS_USD[model] })
      const value = reward(random)
      if (value !== null) router.reward(id, value)
    }
    shares.push(dear / REQUESTS)
  }
  return shares.sort((a, b) => a - b).map((share, i) => [i + 1, share])
}
