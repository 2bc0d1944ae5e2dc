// What estimates from the rows of the priors reach with the price of hindsight, and what bandits must miss that start from nothing:
//     node scripts/estimates.mjs --data FOLDER [--sets A,B] [--seeds 20] [--write]
// Sets are as in scripts/datasets.mjs. --write writes the section of docs/DATASETS.md.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'
import { write } from './doc-sections.mjs'
import { setsInFolder } from './sets-in-folder.mjs'
import { workerAnswer } from './worker-answer.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const text = { type: 'string' }
const options = { data: text, sets: text, seeds: text, write: { type: 'boolean' } }
const { data, sets, seeds = '20', write: writes = false } = parseArgs({ options }).values
const folder = resolve(data ?? '.')
const there = data === undefined ? [] : setsInFolder(folder)
const names = sets?.split(',') ?? there
if (names.length === 0 || names.some((name) => !there.includes(name)) || !(Number(seeds) >= 1)) {
  console.error('usage: node scripts/estimates.mjs --data FOLDER [--sets A,B] [--seeds N] [--write]')
  process.exit(2)
}
const out = await bundle('estimates', {
  worker: 'scripts/datasets/estimates-worker.ts',
  text: 'scripts/datasets/estimates-text.ts',
})
const { estimatesText } = await import(new URL('text.mjs', out).href)

// One after the other: each takes a core.
const found = []
for (const set of names) found.push(await taken(set))
const page = estimatesText(found)
console.log(page)
if (writes) write(resolve(root, 'docs/DATASETS.md'), { estimates: page })

function taken(set) {
  return workerAnswer(new URL('worker.mjs', out), { folder, set, seeds: Number(seeds) }, set)
}
