// Plays the policies on every set of recorded outcomes in a folder, warm and cold, and holds them to their targets:
//     node scripts/datasets.mjs --data FOLDER [--sets A,B] [--seeds 20] [--jobs 2] [--json FILE] [--quick] [--write]
// A set is two files, NAME.jsonl and NAME.models.json; docs/DATASETS.md has their format. --write writes the tables and
// pictures of that page. --quick is for development: policy dollar alone, six seeds, unless --seeds says otherwise.
import { fork } from 'node:child_process'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const QUICK_SEEDS = 6
const SEEDS = 20
const BUDGETS = 7

const flags = readFlags()
const { folder, sets, seeds, policies } = flags
process.chdir(root)
const out = await bundle('datasets', {
  worker: 'scripts/datasets/worker.ts',
  'two-models': 'scripts/datasets/two-models.ts',
  targets: 'scripts/datasets/targets.ts',
  text: 'scripts/datasets/text.ts',
})
const load = (name) => import(new URL(`${name}.mjs`, out).href)
const { FACTORS, ANSWER_TOKENS } = await load('two-models')
const { summaryText } = await load('text')
const answers = await work(jobsOf())
const figures = figuresOf(answers)
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(figures, null, 1)}\n`)
console.log(summaryText(figures, policies))

function readFlags() {
  const usage =
    'usage: node scripts/datasets.mjs --data FOLDER [--sets A,B] [--seeds N] [--jobs N] [--policies A,B] [--json FILE] [--quick] [--write]'
  const fail = (message) => {
    console.error(`${message}\n${usage}`)
    process.exit(2)
  }
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      sets: { type: 'string' },
      seeds: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      policies: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  })
  if (values.data === undefined) fail('--data: expected a folder of sets')
  const folder = resolve(values.data)
  const found = readdirSync(folder)
    .filter(
      (file) => file.endsWith('.jsonl') && existsSync(join(folder, file.replace(/jsonl$/, 'models.json'))),
    )
    .map((file) => file.replace(/\.jsonl$/, ''))
    .sort()
  const sets = values.sets === undefined ? found : values.sets.split(',')
  const missing = sets.filter((set) => !found.includes(set))
  if (missing.length > 0 || sets.length === 0)
    fail(`--sets: no set '${missing[0] ?? ''}' in ${folder}; there are ${found.join(', ')}`)
  const seeds = Number(values.seeds ?? (values.quick ? QUICK_SEEDS : SEEDS))
  const jobs = Number(values.jobs)
  if (!(Number.isInteger(seeds) && seeds >= 1)) fail('--seeds: expected a whole number from 1 on')
  if (!(Number.isInteger(jobs) && jobs >= 1)) fail('--jobs: expected a whole number from 1 on')
  if (values.quick && values.write) fail('--write: the page is written by a full run, not by --quick')
  const policies = (values.policies ?? (values.quick ? 'dollar' : 'dollar,paper,thompson')).split(',')
  return { ...values, folder, sets, seeds, jobs, policies }
}

/** The longest first, so that the workers end together. */
function jobsOf() {
  const runs = sets.flatMap((set) =>
    policies.flatMap((policy) =>
      ['cold', 'warm'].flatMap((start) =>
        Array.from({ length: BUDGETS }, (_, i) => ({ kind: 'run', set, policy, start, budgetIndex: i })),
      ),
    ),
  )
  const two = policies.flatMap((policy) =>
    ANSWER_TOKENS.flatMap((answerTokens) =>
      FACTORS.map((factor) => ({ kind: 'two-models', policy, answerTokens, factor })),
    ),
  )
  const size = (set) => statSync(join(folder, `${set}.jsonl`)).size
  return [
    ...sets.map((set) => ({ kind: 'set', set })),
    ...runs.sort((a, b) => size(b.set) - size(a.set)),
    ...two,
  ]
}

/** Answers of all jobs, in no order. */
async function work(jobs) {
  const waiting = [...jobs]
  const answers = []
  const began = Date.now()
  const worker = async () => {
    const child = fork(fileURLToPath(new URL('worker.mjs', out)), [JSON.stringify({ folder, seeds })])
    try {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        answers.push(await ask(child, job))
        progress(answers.length, jobs.length, began)
      }
    } finally {
      child.kill()
    }
  }
  await Promise.all(Array.from({ length: Math.min(flags.jobs, jobs.length) }, worker))
  return answers
}

function ask(child, job) {
  return new Promise((done, fail) => {
    const ended = (code) => fail(new Error(`a worker ended with ${code}`))
    child.once('exit', ended)
    child.once('message', ({ answer, error }) => {
      child.off('exit', ended)
      if (error === undefined) done(answer)
      else fail(new Error(`${JSON.stringify(job)}: ${error}`))
    })
    child.send(job)
  })
}

function progress(done, all, began) {
  const seconds = Math.round((Date.now() - began) / 1000)
  if (process.stderr.isTTY)
    process.stderr.write(`\r${done} of ${all}, ${seconds} s ${done === all ? '\n' : ''}`)
  else if (done % 20 === 0 || done === all) process.stderr.write(`${done} of ${all}, ${seconds} s\n`)
}

function figuresOf(all) {
  const of = (kind) => all.filter((answer) => answer.kind === kind)
  return {
    seeds,
    sets: sets.map((name) => ({
      ...of('set').find(({ set }) => set.name === name).set,
      runs: of('run')
        .filter(({ set }) => set === name)
        .map(({ run }) => run),
    })),
    twoModels: of('two-models')
      .map(({ run }) => run)
      .sort((a, b) => b.answerTokens - a.answerTokens || a.factor - b.factor),
  }
}
