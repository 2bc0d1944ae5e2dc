// What half and twice of each tuned constant do to the replays; with --write their table and picture in docs/TUNING.md.
//     node scripts/sensitivity.mjs [--policy dollar|paper|thompson] [--only NAME] [--seeds 4] [--data FILE --models FILE]
//         [--json FILE] [--workers 2] [--write]
//     node scripts/sensitivity.mjs --sets FOLDER [...]      # on every set of docs/DATASETS.md, policy dollar alone
// Every run is held against the run of the constants as they are, seed by seed. What has been measured is kept in
// build/sensitivity/ for as long as src/ does not change, so a run that was stopped goes on where it was.
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { write } from './doc-sections.mjs'
import { constantsOf, FILES, variantsOf } from './sensitivity/constants.mjs'
import { drawSensitivity } from './sensitivity/picture.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values: flags } = parseArgs({
  options: {
    policy: { type: 'string', default: 'dollar' },
    only: { type: 'string' },
    seeds: { type: 'string', default: '4' },
    data: { type: 'string' },
    models: { type: 'string' },
    sets: { type: 'string' },
    json: { type: 'string' },
    workers: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
})
const { policy } = flags
const seeds = Number(flags.seeds)
const constants = FILES[policy] === undefined ? [] : constantsOf(policy)
const setsFolder = flags.sets === undefined ? null : resolve(flags.sets)
const sets = setsFolder === null ? null : setNames(setsFolder)
const wanted = flags.only === undefined ? constants : constants.filter(({ name }) => name === flags.only)
const badSets = sets !== null && (sets.length === 0 || policy !== 'dollar' || flags.data !== undefined)
if (
  wanted.length === 0 ||
  !(seeds >= 2) ||
  (flags.data === undefined) !== (flags.models === undefined) ||
  badSets
) {
  console.error(
    'usage: node scripts/sensitivity.mjs [--policy dollar|paper|thompson] [--only NAME] [--seeds N, 2 or more]',
  )
  console.error(
    '           [--data FILE --models FILE] [--sets FOLDER] [--json FILE] [--workers N] [--write]',
  )
  if (badSets) console.error('--sets: a folder of sets, for policy dollar, and without --data')
  if (wanted.length === 0) console.error(`constants: ${constants.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

process.chdir(root)

/** Measures in order, and the least difference of each that anybody would notice. */
const MEASURES = sets === null ? ofReplays() : ofSets(sets)
/** 97.5 % points of Student's t by degrees of freedom, from 1; for more than nine that of nine, a little too wide. */
const T = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]

mkdirSync('build/sensitivity', { recursive: true })
const cacheFile = `build/sensitivity/${fingerprint()}.jsonl`
const known = new Map(
  existsSync(cacheFile)
    ? readFileSync(cacheFile, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
        .map(({ key, rows }) => [key, rows])
    : [],
)
const jobs = [{ name: null, file: '', text: '' }]
for (const constant of wanted)
  for (const { text } of variantsOf(constant)) jobs.push({ name: constant.name, file: constant.file, text })
await measureAll(jobs.filter((job) => !known.has(keyOf(job))))
const standard = known.get(keyOf(jobs[0]))
const results = wanted.map((constant) => ({
  ...constant,
  variants: variantsOf(constant).map((variant) => {
    const rows = known.get(keyOf({ name: constant.name, text: variant.text }))
    return {
      ...variant,
      effects: Object.fromEntries(Object.keys(MEASURES).map((measure) => [measure, effect(rows, measure)])),
    }
  }),
}))
const table = tableOf(results)
console.log(table)
if (flags.json !== undefined)
  writeFileSync(flags.json, `${JSON.stringify({ policy, seeds, standard, results }, null, 1)}\n`)
if (flags.write) await writeDocs()

function ofReplays() {
  return {
    reward: { head: 'reward', digits: 4, least: 0.001 },
    utilisationWorst: { head: 'worst utilisation', digits: 3, least: 0.005 },
    falseAlarms: { head: 'false alarms', digits: 1, least: 0.5 },
    objectiveReward: { head: 'reward with objectives', digits: 4, least: 0.002 },
    miss: { head: 'worst miss', digits: 3, least: 0.01 },
  }
}

function ofSets(names) {
  const rewards = names.flatMap((set) =>
    ['warm', 'cold'].map((start) => [
      `${set} ${start}`,
      { head: `${set}, ${start}`, digits: 4, least: 0.001 },
    ]),
  )
  return {
    ...Object.fromEntries(rewards),
    utilisationWorst: { head: 'worst utilisation', digits: 3, least: 0.005 },
    shareGot: { head: 'dear share got', digits: 3, least: 0.02 },
  }
}

function setNames(folder) {
  return readdirSync(folder)
    .filter(
      (file) => file.endsWith('.jsonl') && existsSync(`${folder}/${file.replace(/jsonl$/, 'models.json')}`),
    )
    .map((file) => file.replace(/\.jsonl$/, ''))
    .sort()
}

/** Everything that a measurement depends on. */
function fingerprint() {
  const hash = createHash('sha256').update(JSON.stringify([policy, seeds, flags.data ?? null, sets]))
  for (const folder of ['src', 'scripts/sensitivity', 'scripts/datasets', 'test/support']) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).sort((a, b) =>
      `${a.parentPath}/${a.name}` < `${b.parentPath}/${b.name}` ? -1 : 1,
    ))
      if (entry.isFile() && !entry.name.includes('picture'))
        hash.update(readFileSync(`${entry.parentPath}/${entry.name}`))
  }
  return hash.digest('hex').slice(0, 16)
}

function keyOf({ name, text }) {
  return `${name} ${text}`
}

async function measureAll(waiting) {
  if (waiting.length === 0) return
  const total = waiting.length
  const startMs = Date.now()
  let done = 0
  const settings = JSON.stringify({
    policy,
    seeds,
    data: flags.data ?? null,
    models: flags.models ?? null,
    folder: setsFolder,
    sets,
  })
  await Promise.all(
    Array.from({ length: Math.min(Number(flags.workers), total) }, async () => {
      const child = fork(new URL('./sensitivity/measure.mjs', import.meta.url), [settings])
      try {
        for (;;) {
          const job = waiting.shift()
          if (job === undefined) break
          const answer = await ask(child, job)
          const label = job.name === null ? 'as it is' : `${job.name} = ${job.text}`
          if (answer.error !== undefined) throw new Error(`${label}: ${answer.error}`)
          known.set(keyOf(job), answer.rows)
          appendFileSync(cacheFile, `${JSON.stringify({ key: keyOf(job), rows: answer.rows })}\n`)
          done++
          const leftMin = (((Date.now() - startMs) / done) * (total - done)) / 60_000
          console.error(`${done}/${total} ${label} (${leftMin.toFixed(1)} min left)`)
        }
      } finally {
        child.disconnect()
      }
    }),
  )
}

function ask(child, job) {
  return new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`a measuring process ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (answer) => {
      child.off('exit', ended)
      resolve(answer)
    })
    child.send(job)
  })
}

/** Mean of the paired differences, and its 95 % interval. */
function effect(rows, measure) {
  const differences = rows.map((row, s) => row[measure] - standard[s][measure])
  const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length
  const variance = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (differences.length - 1)
  const half = (T[differences.length - 2] ?? T[T.length - 1]) * Math.sqrt(variance / differences.length)
  const moves = Math.abs(mean) > half && Math.abs(mean) >= MEASURES[measure].least
  return { mean, low: mean - half, high: mean + half, moves }
}

function tableOf(all) {
  const shown = shownMeasures()
  const rows = all.map(({ name, text, variants }) => {
    const cells = shown.map(([measure, { digits }]) =>
      variants.map(({ effects }) => cell(effects[measure], digits)).join(' / '),
    )
    return `| ${[`\`${name}\``, text, ...cells].join(' | ')} |`
  })
  const head = ['constant', 'value', ...shown.map(([, { head: title }]) => title)]
  return [`| ${head.join(' | ')} |`, `| ${head.map(() => '---').join(' | ')} |`, ...rows].join('\n')
}

function shownMeasures() {
  return Object.entries(MEASURES).filter(
    ([measure]) => policy === 'dollar' || !['objectiveReward', 'miss'].includes(measure),
  )
}

function cell({ mean, moves }, digits) {
  const text = mean.toFixed(digits)
  const value = Number(text) === 0 ? '0' : mean > 0 ? `+${text}` : text
  return moves ? `**${value}**` : value
}

async function writeDocs() {
  const average = (measure) => standard.reduce((sum, row) => sum + row[measure], 0) / standard.length
  const as = shownMeasures().map(
    ([measure, { head, digits }]) => `${head} ${average(measure).toFixed(digits)}`,
  )
  const moving = results.filter(({ variants }) =>
    variants.some(({ effects }) => Object.values(effects).some(({ moves }) => moves)),
  )
  const flat = results.filter(({ variants }) =>
    variants.every(({ effects }) => Object.values(effects).every(({ mean }) => mean === 0)),
  )
  write('docs/TUNING.md', {
    [sets === null ? policy : 'sets']: [
      `With all constants as they are, means of ${seeds} seeds: ${as.join(', ')}.`,
      `${results.length} constants: ${moving.length} move a measure beyond the noise of the seeds, ${flat.length} change no decision in these runs.`,
      table,
    ].join('\n\n'),
  })
  if (sets !== null) return
  const drawn = {
    measure: 'reward',
    title: 'Half and twice of each constant: change of mean reward',
    xLabel: 'change of mean reward',
  }
  await drawSensitivity(`docs/img/sensitivity-${policy}.svg`, results, drawn)
  if (policy !== 'dollar') return
  const spend = {
    measure: 'utilisationWorst',
    title: 'Half and twice of each constant: change of the worst utilisation',
    xLabel: 'change of the worst utilisation',
  }
  await drawSensitivity(`docs/img/sensitivity-${policy}-spend.svg`, results, spend)
}
