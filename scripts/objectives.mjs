// How latency objectives and quality floors are met in the simulated world of the tests (test/support/slo-world.ts: four
// models, latencies lognormal, rewards with noise): 3,000 requests after 500, ten seeds. The table of docs/PACING.md.
// node scripts/objectives.mjs
import { bundle } from './bundle-run.mjs'

const SEEDS = 10
const WARM_UP = 500
const MEASURED = 3000

const folder = await bundle('objectives', { index: 'src/index.ts', world: 'test/support/slo-world.ts' })
const { createRouter } = await import(new URL('index.mjs', folder).href)
const { WORLD, DIMENSION, play, mean, bestReward, leastUsd } = await import(new URL('world.mjs', folder).href)

const ASKED = [
  { latency: { meanMs: 1000 } },
  { latency: { meanMs: 1500 } },
  { latency: { meanMs: 2500 } },
  { latency: { ms: 4000, percentile: 0.9 } },
  { latency: { ms: 4000, percentile: 0.95 } },
  { latency: { ms: 4000, percentile: 0.99 } },
  { quality: { meanReward: 0.6 } },
  { quality: { meanReward: 0.7 } },
  { quality: { meanReward: 0.75 } },
  { latency: { meanMs: 1500 }, budget: { usdPerRequest: 3e-3 } },
  { quality: { meanReward: 0.7 }, latency: { meanMs: 1500 } },
]

console.log('| asked | mean ms | over the limit | reward | USD, millionths | flagged | reference |')
console.log('| --- | ---: | ---: | ---: | ---: | ---: | --- |')
for (const asked of ASKED) {
  const runs = []
  for (let seed = 1; seed <= SEEDS; seed++) runs.push(await run(asked, seed))
  const cell = (of, digits) => {
    const each = runs.map(of)
    const average = each.reduce((sum, value) => sum + value, 0) / SEEDS
    return `${average.toFixed(digits)} (${Math.min(...each).toFixed(digits)} to ${Math.max(...each).toFixed(digits)})`
  }
  const limitMs = asked.latency?.meanMs ?? asked.latency?.ms
  const over = (outcomes) => mean(outcomes, ({ latencyMs }) => Number(latencyMs > limitMs))
  const cells = [
    JSON.stringify(asked).replaceAll('"', ''),
    cell((outcomes) => mean(outcomes, ({ latencyMs }) => latencyMs), 0),
    asked.latency?.percentile === undefined ? '' : cell(over, 4),
    cell((outcomes) => mean(outcomes, ({ reward }) => reward), 4),
    cell((outcomes) => 1e6 * mean(outcomes, ({ costUsd }) => costUsd), 0),
    cell((outcomes) => mean(outcomes, ({ decision }) => Number(decision.infeasible.length > 0)), 2),
    reference(asked),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

const back = []
const left = []
for (let seed = 1; seed <= SEEDS; seed++) {
  const slower = (model, request) => (model === 'quick' && request >= 1000 && request < 1500 ? 6 : 1)
  const outcomes = play(await routerOf({ latency: { meanMs: 1500 } }), { requests: 3000, seed, slower })
  left.push(outcomes.slice(1000, 1500).filter(({ decision }) => decision.model === 'quick').length)
  // The first of a hundred requests of which half go to it again.
  const half = (_, i) =>
    mean(outcomes.slice(i, i + 100), ({ decision }) => Number(decision.model === 'quick')) > 0.5
  back.push(outcomes.findIndex((outcome, i) => i >= 1500 && half(outcome, i)) - 1500)
}
console.log(`\nA model takes six times as long for 500 requests, mean under 1,500 ms: requests that it gets meanwhile
${left.join(', ')}; requests after the end until it has half of the traffic again ${back.join(', ')}.`)

async function routerOf(asked) {
  const models = WORLD.map(({ id, inputUsdPerMTok, outputUsdPerMTok }) => ({
    id,
    inputUsdPerMTok,
    outputUsdPerMTok,
  }))
  return createRouter({ models, dimension: DIMENSION, kernel: 'wasm', ...asked })
}

async function run(asked, seed) {
  return play(await routerOf(asked), { requests: WARM_UP + MEASURED, seed }).slice(WARM_UP)
}

/** What one who knows all means gets; nothing for percentiles. */
function reference({ latency, quality, budget }) {
  if (latency?.percentile !== undefined) return ''
  if (quality !== undefined)
    return `at least ${(1e6 * leastUsd(quality.meanReward, latency?.meanMs)).toFixed(0)} millionths`
  return `at most ${bestReward({ ms: latency.meanMs, usd: budget?.usdPerRequest }).toFixed(4)}`
}
