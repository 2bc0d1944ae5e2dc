// Makes sets of recorded outcomes, as scripts/datasets.mjs and `replay` read them, of what others have published:
//     node scripts/public-sets.mjs [--zeroeval CLONE] [--routellm CLONE] --out FOLDER
// CLONE is a clone of github.com/WildEval/ZeroEval or github.com/lm-sys/RouteLLM. The files stay outside this repository.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'

const text = { type: 'string' }
const { zeroeval, routellm, out } = parseArgs({
  options: { zeroeval: text, routellm: text, out: text },
}).values
if (out === undefined || (zeroeval === undefined && routellm === undefined))
  fail('usage: node scripts/public-sets.mjs [--zeroeval CLONE] [--routellm CLONE] --out FOLDER')

const folder = await bundle('public-sets', { sets: 'scripts/datasets/public-sets.ts' })
const { zeroEvalSets, routeLlmSet } = await import(new URL('sets.mjs', folder).href)
const sets = [
  ...(zeroeval === undefined ? [] : zeroEvalSets(reader(zeroeval))),
  ...(routellm === undefined ? [] : [routeLlmSet(reader(routellm))]),
]
mkdirSync(out, { recursive: true })
for (const { name, models, rows } of sets) {
  writeFileSync(join(out, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  writeFileSync(join(out, `${name}.models.json`), `${JSON.stringify({ models }, null, 1)}\n`)
  console.log(`${name}: ${rows.length} rows, ${models.length} models`)
}

function reader(clone) {
  return (path) => {
    const file = join(clone, path)
    if (!existsSync(file)) fail(`${file}: expected a file of the clone`)
    return readFileSync(file, 'utf8')
  }
}

function fail(message) {
  console.error(message)
  process.exit(2)
}
