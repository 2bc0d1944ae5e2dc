import { percent, randomFrom, Shares } from './lib/traffic.mjs'

const B_USD = 0.002
const CHEAP = { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 }
const BETTER = { id: 'better', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
const COSTS_USD = { cheap: 0.0002, better: 0.0015 }
const REWARDS = { cheap: 0.5, better: 0.9 }
const REQUESTS = 2000
const STEP = 20
const PANEL = {
  yDomain: [0, 1],
  yTicks: [0, 0.25, 0.5, 0.75, 1],
  yFormat: percent,
  requests: REQUESTS,
}

export const name = 'one-bill'
export const title = 'One bill of $0.25, and of $1,000, under a budget of $0.002 a request'
export const about =
  'The better model costs $0.0015 a request, within the budget. Its second request, one of the first four, is billed far beyond it.'
export const panels = [
  {
    key: 'honest',
    title: 'A bill of $0.25 (a prompt of 250,000 tokens)',
    yLabel: 'requests that go to the better model',
    ...PANEL,
  },
  {
    key: 'mistake',
    title: 'A bill of $1,000 (a mistake of units)',
    yLabel: 'requests that go to the better model',
    ...PANEL,
  },
  {
    key: 'refused',
    title: 'A bill of $1,000, and strict: true',
    yLabel: 'requests that are refused',
    ...PANEL,
  },
]

export async function measure({ createRouter }) {
  return {
    honest: (await play(createRouter, 0.25, false)).better.points,
    mistake: (await play(createRouter, 1000, false)).better.points,
    refused: (await play(createRouter, 1000, true)).refused.points,
  }
}

async function play(createRouter, billUsd, strict) {
  const random = randomFrom(7)
  let now = Date.UTC(2026, 0, 5, 9)
  const budget = { usdPerRequest: B_USD }
  const options = { dimension: 4, kernel: 'js', budget, strict, clock: () => (now += 200) }
  const router = await createRouter({ ...options, models: [CHEAP, BETTER] })
  const better = new Shares(STEP)
  const refused = new Shares(STEP)
  let seen = 0
  for (let i = 0; i < REQUESTS; i++) {
    const decision = attempt(() => router.route([random() - 0.5, random() - 0.5, random() - 0.5, 1]))
    better.add(decision?.model === 'better')
    refused.add(decision === null)
    if (decision === null) continue
    const isBilled = decision.model === 'better' && ++seen === 2
    const usualUsd = COSTS_USD[decision.model] * (0.7 + 0.6 * random())
    router.settle(decision.id, { costUsd: isBilled ? billUsd : usualUsd })
    router.reward(decision.id, REWARDS[decision.model] + 0.1 * (random() - 0.5))
  }
  return { better, refused }
}

function attempt(route) {
  try {
    return route()
  } catch (error) {
    if (error.code === 'BUDGET_EXHAUSTED') return null
    throw error
  }
}
