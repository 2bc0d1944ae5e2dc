// A process that builds the library with one constant changed and plays what is to be measured. Told by messages:
// { name, file, text } (or name null: as it is) and answers { rows }, a row of measures a seed.
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { redeclared } from './constants.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { policy, seeds, data, models, folder, sets } = JSON.parse(process.argv[2])
/** Of the seven budgets of a stationary replay all but the ends, where there is nothing to pace. */
const BUDGETS = [1, 2, 3, 4, 5]
/** What is asked in the world of latencies and floors; a table of outcomes has no latencies. */
const ASKED = [
  { latency: { meanMs: 1500 } },
  { latency: { ms: 4000, percentile: 0.95 } },
  { quality: { meanReward: 0.7 } },
]
const WARM_UP = 300
const MEASURED = 1500

process.on('message', async (change) => {
  try {
    process.send({ rows: await measure(change) })
  } catch (error) {
    process.send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})

async function measure(change) {
  const library = await load(change)
  if (sets !== null) return library.sensitivityRows(new library.Measure(folder, seeds), sets, seeds)
  const rows = Array.from({ length: seeds }, () => ({
    rewards: [],
    uses: [],
    falseAlarms: 0,
    objectiveRewards: [],
    misses: [],
  }))
  await playReplays(library, rows)
  if (policy === 'dollar') await playObjectives(library, rows)
  return rows.map(({ rewards, uses, falseAlarms, objectiveRewards, misses }) => ({
    reward: mean(rewards),
    utilisationWorst: Math.max(...uses),
    falseAlarms,
    objectiveReward: objectiveRewards.length === 0 ? 0 : mean(objectiveRewards),
    miss: misses.length === 0 ? 0 : Math.max(...misses),
  }))
}

/** Stationary traffic warm and cold, and the scenarios: rewards, spend over budget, alarms at nothing. */
async function playReplays(library, rows) {
  const workload = readWorkload(library)
  for (const { scenario, cold } of [
    { scenario: 'stationary', cold: false },
    { scenario: 'stationary', cold: true },
    { scenario: 'price-drop', cold: false },
    { scenario: 'quality-regression', cold: false },
    { scenario: 'onboarding', cold: false },
  ]) {
    const present = workload.models.filter(({ id }) => scenario === 'onboarding' || id !== workload.newcomer)
    const table = library.buildTable(workload.rows, present, null, 'sensitivity')
    const all = scenario === 'stationary' ? library.autoBudgets(table) : library.SCENARIO_BUDGETS_USD
    const budgets = scenario === 'stationary' ? BUDGETS.map((i) => all[i]) : all
    const settings = {
      scenario,
      data: table,
      train: null,
      budgetsUsd: budgets,
      policy,
      seeds,
      cold,
      kernel: 'wasm',
    }
    const cache = new Map()
    for (const course of library.coursesOf(scenario, present)) {
      const bench = library.setBench(course, { ...settings, courses: [course] }, cache)
      for (const usd of budgets) {
        const run = { policy, budgetUsdPerRequest: usd, knobs: {}, leading: false }
        await library.playBudgeted(bench, run, CLOCK(library), (record, s) => {
          const length = record.length
          rows[s].rewards.push(mean(record.rewards.subarray(0, length)))
          if (scenario === 'stationary') {
            rows[s].uses.push(mean(record.costsUsd.subarray(0, length)) / usd)
            rows[s].falseAlarms += record.alarms.reduce((sum, each) => sum + each, 0)
          }
        })
      }
    }
  }
}

/** Latency objectives and a quality floor: rewards, and by how much of itself a limit or floor is missed. */
async function playObjectives({ createRouter, world }, rows) {
  const models = world.WORLD.map(({ id, inputUsdPerMTok, outputUsdPerMTok }) => ({
    id,
    inputUsdPerMTok,
    outputUsdPerMTok,
  }))
  for (const [s, row] of rows.entries()) {
    for (const asked of ASKED) {
      const router = await createRouter({
        models,
        dimension: world.DIMENSION,
        kernel: 'wasm',
        clock: () => 0,
        ...asked,
      })
      const outcomes = world.play(router, { requests: WARM_UP + MEASURED, seed: s + 1 }).slice(WARM_UP)
      row.objectiveRewards.push(world.mean(outcomes, ({ reward }) => reward))
      row.misses.push(missOf(asked, outcomes, world))
    }
  }
}

function missOf({ latency, quality }, outcomes, { mean: meanOf }) {
  if (quality !== undefined) return 1 - meanOf(outcomes, ({ reward }) => reward) / quality.meanReward
  if (latency.percentile === undefined)
    return meanOf(outcomes, ({ latencyMs }) => latencyMs) / latency.meanMs - 1
  return meanOf(outcomes, ({ latencyMs }) => Number(latencyMs > latency.ms)) / (1 - latency.percentile) - 1
}

/** Plays at once, and tells nobody. */
const CLOCK = (library) => ({
  play: (_, strategy, round) => library.play(strategy, round, { tick: () => undefined }),
})

function readWorkload(library) {
  if (data === null) {
    const { models: all, rows } = library.simulateWorkload(library.defaultEncoder())
    return { models: all, rows, newcomer: all.at(-1).id }
  }
  const specs = JSON.parse(readFileSync(models, 'utf8'))
  const all = Array.isArray(specs) ? specs : specs.models
  return {
    models: all,
    rows: library.parseOutcomes(readFileSync(data, 'utf8'), data),
    newcomer: all.at(-1).id,
  }
}

async function load({ name, file, text }) {
  const out = `${root}build/sensitivity/${process.pid}-${Date.now()}.mjs`
  await build({
    absWorkingDir: root,
    stdin: {
      contents: `
        export * from './src/replay/index.ts'
        export { setBench } from './src/replay/bench.ts'
        export { playBudgeted } from './src/replay/budgeted.ts'
        export { play } from './src/replay/play.ts'
        export { createRouter } from './src/index.ts'
        export { defaultEncoder } from './src/features/default-encoder.ts'
        export { Measure } from './scripts/datasets/measure.ts'
        export { sensitivityRows } from './scripts/datasets/sensitivity-rows.ts'
        export * as world from './test/support/slo-world.ts'`,
      resolveDir: root,
      sourcefile: 'sensitivity.ts',
      loader: 'ts',
    },
    outfile: out,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    external: ['redis', 'better-sqlite3', '@huggingface/transformers'],
    logLevel: 'warning',
    plugins: name === null ? [] : [changing(name, file, text)],
  })
  try {
    return await import(pathToFileURL(out).href)
  } finally {
    rmSync(out)
  }
}

/** Reads one file with one constant declared otherwise. */
function changing(name, file, text) {
  return {
    name: 'changed-constant',
    setup(plugin) {
      plugin.onLoad({ filter: /\.ts$/ }, ({ path }) =>
        path === `${root}${file}`
          ? { contents: redeclared(readFileSync(path, 'utf8'), name, text), loader: 'ts' }
          : undefined,
      )
    },
  }
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
