import { percent, randomFrom, Shares } from './lib/traffic.mjs'

/** The better model's price is not much higher, so that it is chosen wherever it may be. */
const PLAIN = { id: 'plain', inputUsdPerMTok: 1, outputUsdPerMTok: 4 }
const BETTER = { id: 'better', inputUsdPerMTok: 1.2, outputUsdPerMTok: 4.4 }
const COSTS_USD = { plain: 0.0015, better: 0.00168 }
const REWARDS = { plain: 0.5, better: 0.9 }
const WRONG = { from: 500, calls: 10 }
const REQUESTS = 2000
const STEP = 25
const PANEL = {
  yLabel: 'requests that go to the better model',
  yDomain: [0, 1],
  yTicks: [0, 0.25, 0.5, 0.75, 1],
  yFormat: percent,
  requests: REQUESTS,
  phases: [
    { start: 0, end: WRONG.from, label: 'all is well' },
    { start: WRONG.from, end: REQUESTS, label: 'ten calls go wrong, then all is well' },
  ],
}

export const name = 'limits'
export const title = 'The better model, shut out by a limit that each request has'
export const about =
  'Each request has a limit. Ten calls under way to the better model go wrong: they take 30 s, or their bills are 30 times too high.'
export const panels = [
  { key: 'latency', title: 'maxLatencyMs: 1200 on every request', ...PANEL },
  { key: 'cost', title: 'maxCostUsd: 0.003 on every request', ...PANEL },
]

export async function measure({ createRouter }) {
  return {
    latency: await play(createRouter, { maxLatencyMs: 1200 }, { latencyMs: 30_000 }),
    cost: await play(createRouter, { maxCostUsd: 0.003 }, { times: 30 }),
  }
}

async function play(createRouter, limits, { latencyMs: slowMs = 800, times = 1 }) {
  const random = randomFrom(5)
  let now = Date.UTC(2026, 0, 5, 9)
  const options = { dimension: 4, kernel: 'js', models: [PLAIN, BETTER], clock: () => (now += 200) }
  const router = await createRouter(options)
  const better = new Shares(STEP)
  const context = () => [random() - 0.5, random() - 0.5, random() - 0.5, 1]
  const settle = ({ id, model }, isWrong) => {
    const usualUsd = COSTS_USD[model] * (0.8 + 0.4 * random())
    router.settle(id, { costUsd: isWrong ? times * usualUsd : usualUsd, latencyMs: isWrong ? slowMs : 800 })
    router.reward(id, REWARDS[model] + 0.1 * (random() - 0.5))
  }
  for (let i = 0; i < REQUESTS; i++) {
    if (i === WRONG.from) {
      const underWay = Array.from({ length: WRONG.calls }, () =>
        router.route(context(), { candidates: ['better'] }),
      )
      for (const decision of underWay) settle(decision, true)
    }
    const decision = router.route(context(), limits)
    better.add(decision.model === 'better')
    settle(decision, false)
  }
  return better.points
}
