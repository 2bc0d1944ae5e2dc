// Takes the gap of policy `dollar` to its bound on one set apart by cause: what the policy earns when it knows more.
//     node scripts/causes.mjs --data FOLDER [--set crux] [--seeds 20] [--write]
// Sets are as in scripts/datasets.mjs. --write writes the section of docs/DATASETS.md.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'
import { write } from './doc-sections.mjs'
import { workerAnswer } from './worker-answer.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const text = { type: 'string' }
const options = { data: text, set: text, seeds: text, write: { type: 'boolean' } }
const { data, set = 'crux', seeds = '20', write: writes = false } = parseArgs({ options }).values
if (data === undefined || !(Number(seeds) >= 1)) {
  console.error('usage: node scripts/causes.mjs --data FOLDER [--set NAME] [--seeds N] [--write]')
  process.exit(2)
}
const out = await bundle('causes', {
  worker: 'scripts/datasets/causes-worker.ts',
  text: 'scripts/datasets/causes-text.ts',
})
const { causesText } = await import(new URL('text.mjs', out).href)

const found = await Promise.all(['warm', 'cold'].map((start) => played(start)))
const { budgetsUsd } = found[0]
const bandit = found[1].bandit
const page = causesText({ set, budgetsUsd, starts: found.map(({ causes }) => causes), bandit })
console.log(page)
if (writes) write(resolve(root, 'docs/DATASETS.md'), { causes: page })

function played(start) {
  const task = { folder: resolve(data), set, start, seeds: Number(seeds) }
  return workerAnswer(new URL('worker.mjs', out), task, `the ${start} start`)
}
