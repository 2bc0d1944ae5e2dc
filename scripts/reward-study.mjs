// How much of what rewards are worth is left when few answers are judged, when the judge errs, and when validators alone speak:
//     node scripts/reward-study.mjs --data FOLDER [--seeds 5] [--write]
// Sets are as in scripts/datasets.mjs, played without priors over `--seeds` shuffles, from seed 1000 on. --write writes the table and
// the picture of docs/REWARDS.md.
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'
import { write } from './doc-sections.mjs'
import { setsInFolder } from './sets-in-folder.mjs'
import { workerAnswer } from './worker-answer.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const text = { type: 'string' }
const options = { data: text, seeds: text, write: { type: 'boolean' } }
const { data, seeds = '5', write: writes = false } = parseArgs({ options }).values
if (data === undefined || !(Number(seeds) >= 1)) {
  console.error('usage: node scripts/reward-study.mjs --data FOLDER [--seeds N] [--write]')
  process.exit(2)
}
const folder = resolve(data)
const names = setsInFolder(folder)
if (names.length === 0) {
  console.error(`expected NAME.jsonl and NAME.models.json in ${data}`)
  process.exit(2)
}
const out = await bundle('rewards', {
  worker: 'scripts/rewards/worker.ts',
  page: 'scripts/rewards/page.ts',
})
const { studyTable, agreementTable, studyPicture } = await import(new URL('page.mjs', out).href)
const sets = await Promise.all(names.map(studied))
const [table, agreement] = [studyTable(sets), agreementTable(sets)]
console.log(`${table}\n\n${agreement}`)
if (writes) {
  write(resolve(root, 'docs/REWARDS.md'), { study: table, agreement })
  writeFileSync(resolve(root, 'docs/img/reward-study.svg'), studyPicture(sets))
}

function studied(set) {
  return workerAnswer(new URL('worker.mjs', out), { folder, set, seeds: Number(seeds) }, set)
}
