// Makes sets of recorded outcomes, as scripts/datasets.mjs and `replay` read them, of what others have published:
//     node scripts/public-sets.mjs [--zeroeval CLONE] [--routellm CLONE] [--bfcl CLONE] [--alpacaeval CLONE] --out FOLDER
// CLONE is a clone of github.com/WildEval/ZeroEval, lm-sys/RouteLLM, HuanzhiMao/BFCL-Result or tatsu-lab/alpaca_eval. The
// files stay outside this repository.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'

const text = { type: 'string' }
const SOURCES = ['zeroeval', 'routellm', 'bfcl', 'alpacaeval']
const options = Object.fromEntries([...SOURCES, 'out'].map((name) => [name, text]))
const { out, ...clones } = parseArgs({ options }).values
if (out === undefined || Object.keys(clones).length === 0)
  fail(
    `usage: node scripts/public-sets.mjs ${SOURCES.map((name) => `[--${name} CLONE]`).join(' ')} --out FOLDER`,
  )

const folder = await bundle('public-sets', { sets: 'scripts/datasets/public-sets.ts' })
const make = await import(new URL('sets.mjs', folder).href)
const setsOf = {
  zeroeval: make.zeroEvalSets,
  routellm: (read) => [make.routeLlmSet(read)],
  bfcl: (read) => [make.bfclSet(read)],
  alpacaeval: make.alpacaEvalSets,
}
const sets = Object.entries(clones).flatMap(([name, clone]) => setsOf[name](reader(clone)))
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
