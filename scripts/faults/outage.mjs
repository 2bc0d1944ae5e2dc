import { percent, randomFrom, Shares } from './lib/traffic.mjs'

const MODELS = ['first', 'second', 'third'].map((id) => ({ id, inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 }))
const REWARDS = { first: 0.95, second: 0.6, third: 0.5 }
const DOWN = { from: 500, to: 1500 }
const REQUESTS = 2000
const STEP = 25
const PANEL = {
  yLabel: 'first tries that go to the best model',
  yDomain: [0, 1],
  yTicks: [0, 0.25, 0.5, 0.75, 1],
  yFormat: percent,
  requests: REQUESTS,
  phases: [
    { start: 0, end: DOWN.from, label: 'it answers' },
    { start: DOWN.from, end: DOWN.to, label: 'every call to it fails' },
    { start: DOWN.to, end: REQUESTS, label: 'it answers' },
  ],
}

export const name = 'outage'
export const title = 'A model that is down for 1,000 requests'
export const about = 'Every failed call is told by fail() and sent again to another model, as the docs say.'
export const panels = [
  { key: 'dollar', title: 'Policy dollar', ...PANEL },
  { key: 'paper', title: 'Policy paper', ...PANEL },
]

export async function measure({ createRouter }) {
  return { dollar: await play(createRouter, 'dollar'), paper: await play(createRouter, 'paper') }
}

async function play(createRouter, policy) {
  const random = randomFrom(11)
  let now = Date.UTC(2026, 0, 5, 9)
  const options = { policy, dimension: 4, kernel: 'js', models: MODELS, clock: () => (now += 200) }
  const router = await createRouter(options)
  const tries = new Shares(STEP)
  for (let i = 0; i < REQUESTS; i++) {
    const input = [random() - 0.5, random() - 0.5, random() - 0.5, 1]
    let decision = router.route(input)
    tries.add(decision.model === 'first')
    if (decision.model === 'first' && i >= DOWN.from && i < DOWN.to) {
      router.fail(decision.id)
      decision = router.route(input, { exclude: ['first'] })
    }
    router.settle(decision.id, { costUsd: 0.001 })
    router.reward(decision.id, REWARDS[decision.model] + 0.1 * (random() - 0.5))
  }
  return tries.points
}
