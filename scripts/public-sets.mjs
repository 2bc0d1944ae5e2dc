// Makes sets of recorded outcomes, as scripts/datasets.mjs and `replay` read them, of what others have published:
//     node scripts/public-sets.mjs [--zeroeval CLONE] [--routellm CLONE] [--bfcl CLONE] [--alpacaeval CLONE]
//         [--routerarena CLONE] --out FOLDER
// CLONE is a clone of github.com/WildEval/ZeroEval, lm-sys/RouteLLM, HuanzhiMao/BFCL-Result, tatsu-lab/alpaca_eval or
// RouteWorks/RouterArena. The files stay outside this repository.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'

/** By the name of a source: its sets, of a clone of it. */
const SOURCES = {
  zeroeval: (make, read) => make.zeroEvalSets(read),
  routellm: (make, read) => [make.routeLlmSet(read)],
  bfcl: (make, read) => [make.bfclSet(read)],
  alpacaeval: (make, read) => make.alpacaEvalSets(read),
  routerarena: (make, read) => [make.routerArenaSet(read)],
}
const names = Object.keys(SOURCES)
const text = { type: 'string' }
const options = Object.fromEntries([...names, 'out'].map((name) => [name, text]))
const { out, ...clones } = parseArgs({ options }).values
if (out === undefined || Object.keys(clones).length === 0)
  fail(
    `usage: node scripts/public-sets.mjs ${names.map((name) => `[--${name} CLONE]`).join(' ')} --out FOLDER`,
  )

const folder = await bundle('public-sets', { sets: 'scripts/datasets/public-sets.ts' })
const make = await import(new URL('sets.mjs', folder).href)
const sets = Object.entries(clones).flatMap(([name, clone]) => setsIn(name, clone))
mkdirSync(out, { recursive: true })
for (const { name, models, rows } of sets) {
  writeFileSync(join(out, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  writeFileSync(join(out, `${name}.models.json`), `${JSON.stringify({ models }, null, 1)}\n`)
  console.log(`${name}: ${rows.length} rows, ${models.length} models`)
}

function setsIn(name, clone) {
  try {
    return SOURCES[name](make, reader(clone))
  } catch (error) {
    return fail(`${clone}: ${error.message}`)
  }
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
