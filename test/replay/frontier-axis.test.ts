import { expect, it } from 'vitest'
import { frontier } from '../../src/replay/report/frontier.js'
import type { BaselineRow } from '../../src/replay/result.js'

const fixed = (model: string, reward: number): BaselineRow => ({
  phase: null,
  variant: null,
  shares: {},
  baseline: 'fixed',
  model,
  budgetUsdPerRequest: null,
  reward,
  rewardCi95: [reward, reward],
  costUsdPerRequest: 0.001,
  utilisation: null,
})

it.each([
  ['far apart', [0.2, 0.9]],
  ['near each other', [0.91, 0.914]],
  ['the same', [1, 1]],
])('ticks of rewards that are %s are told apart', (_, rewards) => {
  const baselines = rewards.map((reward, i) => fixed(`m${i}`, reward))
  const svg = frontier(
    { policy: 'dollar', rows: [], baselines, colorOf: () => '#000' },
    { width: 500, height: 300, show: 'wide' },
  )
  const ticks = [...svg.matchAll(/text-anchor="end"[^>]*>([\d.]+)</g)].map(([, text]) => text)
  expect(ticks.length).toBeGreaterThan(2)
  expect(new Set(ticks).size).toBe(ticks.length)
})
