// How mean rewards of models lie about what they are sold for, on the scale of log-odds, in sets of recorded outcomes:
//     npm run levels -- --data FOLDER [--sets A,B] [--write]
// Sets are as in scripts/datasets.mjs. --write writes the section of docs/DATASETS.md. What policy dollar takes for granted of models that it knows nothing of,
// src/policy/dollar/estimate/level-line.ts, is compared with these.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { write } from './doc-sections.mjs'
import { setsInFolder } from './sets-in-folder.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const text = { type: 'string' }
const options = { data: text, sets: text, write: { type: 'boolean' } }
const { data, sets, write: writes = false } = parseArgs({ options }).values
const folder = resolve(data ?? '.')
const there = data === undefined ? [] : setsInFolder(folder)
const names = sets?.split(',') ?? there
if (names.length === 0 || names.some((name) => !there.includes(name))) {
  console.error('usage: npm run levels -- --data FOLDER [--sets A,B] [--write]')
  process.exit(2)
}

const page = [
  '| set | models | mean reward | more at e times the price, log-odds | about that, one standard deviation |',
  '| --- | --- | --- | --- | --- |',
  ...names.map((name) => row(name)),
].join('\n')
console.log(page)
if (writes) write(resolve(root, 'docs/DATASETS.md'), { levels: page })

function row(name) {
  const { models } = JSON.parse(readFileSync(join(folder, `${name}.models.json`), 'utf8'))
  const rows = readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map(JSON.parse)
  const levels = models.map(
    ({ id }) => rows.reduce((sum, { outcomes }) => sum + outcomes[id].reward, 0) / rows.length,
  )
  const prices = models.map(({ inputUsdPerMTok, outputUsdPerMTok }) =>
    Math.log(inputUsdPerMTok + outputUsdPerMTok),
  )
  const mean = (list) => list.reduce((sum, one) => sum + one, 0) / list.length
  const [centre, price] = [mean(levels), mean(prices)]
  const spread = prices.reduce((sum, x) => sum + (x - price) ** 2, 0)
  const slope = prices.reduce((sum, x, i) => sum + (x - price) * (levels[i] - centre), 0) / spread
  const rest = mean(levels.map((level, i) => (level - centre - slope * (prices[i] - price)) ** 2))
  const step = centre * (1 - centre)
  const about = models.length === 2 ? '' : (Math.sqrt(rest) / step).toFixed(2)
  return `| ${name} | ${models.length} | ${centre.toFixed(3)} | ${(slope / step).toFixed(2)} | ${about} |`
}
