// Plays the policies on every set of recorded outcomes in a folder, warm and cold, and holds the first to its targets:
//     node scripts/datasets.mjs --data FOLDER [--sets A,B] [--seeds 20] [--jobs 2] [--policies dollar,paper,thompson]
//         [--json FILE] [--against FILE] [--quick] [--write]
//     node scripts/datasets.mjs --from FILE --write
// A set is two files, NAME.jsonl and NAME.models.json; docs/DATASETS.md has their format. --write writes the tables and
// pictures of that page, --from takes the figures that --json wrote before, --against compares with such, seed by seed. --quick is for development: policy dollar
// alone over six shuffles, unless --seeds or --policies say otherwise.
import { fork } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle-run.mjs'
import { write } from './doc-sections.mjs'
import { setsInFolder } from './sets-in-folder.mjs'

const BUDGETS = 7
const root = fileURLToPath(new URL('..', import.meta.url))
const out = await bundle('datasets', {
  worker: 'scripts/datasets/worker.ts',
  'two-models': 'scripts/datasets/two-models.ts',
  flags: 'scripts/datasets/flags.ts',
  text: 'scripts/datasets/text.ts',
  page: 'scripts/datasets/page.ts',
  pictures: 'scripts/datasets/pictures.ts',
})
const load = (name) => import(new URL(`${name}.mjs`, out).href)
const { readFlags, setsOf, USAGE } = await load('flags')
const { FACTORS, ANSWER_TOKENS } = await load('two-models')
const { summaryText, againstText } = await load('text')

const { flags, folder, sets } = asked()
const figures =
  flags.from === null ? figuresOf(await work(jobsOf())) : JSON.parse(readFileSync(flags.from, 'utf8'))
const policies =
  flags.from === null ? flags.policies : [...new Set(figures.sets[0].runs.map(({ policy }) => policy))]
if (flags.json !== null) writeFileSync(flags.json, `${JSON.stringify(figures, null, 1)}\n`)
console.log(summaryText(figures, policies))
if (flags.against !== null)
  console.log(`\n${againstText(figures, JSON.parse(readFileSync(flags.against, 'utf8')))}`)
if (flags.write) await writeDocs()

function asked() {
  try {
    const read = readFlags(process.argv.slice(2))
    if (read.data === null) return { flags: read, folder: null, sets: [] }
    const path = resolve(read.data)
    return { flags: read, folder: path, sets: setsOf(read, setsInFolder(path)) }
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`)
    process.exit(2)
  }
}

/** The longest first, so that the workers end together. */
function jobsOf() {
  const runs = sets.flatMap((set) =>
    flags.policies.flatMap((policy) =>
      ['cold', 'warm'].flatMap((start) =>
        Array.from({ length: BUDGETS }, (_, i) => ({ kind: 'run', set, policy, start, budgetIndex: i })),
      ),
    ),
  )
  const two = flags.policies.flatMap((policy) =>
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
    const told = JSON.stringify({ folder, seeds: flags.seeds })
    const child = fork(fileURLToPath(new URL('worker.mjs', out)), [told], { cwd: root })
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
  const rank = ({ policy, start, budgetIndex }) =>
    10 * (2 * flags.policies.indexOf(policy) + (start === 'cold' ? 1 : 0)) + budgetIndex
  return {
    seeds: flags.seeds,
    sets: sets.map((name) => ({
      ...of('set').find(({ set }) => set.name === name).set,
      runs: of('run')
        .filter(({ set }) => set === name)
        .map(({ run }) => run)
        .sort((a, b) => rank(a) - rank(b)),
    })),
    twoModels: of('two-models')
      .map(({ run }) => run)
      .sort(
        (a, b) =>
          rank({ ...a, start: 'cold', budgetIndex: 0 }) - rank({ ...b, start: 'cold', budgetIndex: 0 }) ||
          b.answerTokens - a.answerTokens ||
          a.factor - b.factor,
      ),
  }
}

async function writeDocs() {
  const [{ sectionsOf }, { frontierPicture, firstDayPicture }] = [await load('page'), await load('pictures')]
  process.chdir(root)
  write('docs/DATASETS.md', sectionsOf(figures, policies))
  writeFileSync('docs/img/datasets-frontier.svg', frontierPicture(figures))
  writeFileSync('docs/img/datasets-first-day.svg', firstDayPicture(figures))
}
