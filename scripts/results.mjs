// Runs the replays behind docs/RESULTS.md and writes their tables and pictures into it, and the headline into README.md:
//     node scripts/results.mjs --data FILE --models FILE [--seeds N]
// Needs Chromium for docs/img/frontier.png (CHROMIUM_PATH overrides /usr/bin/chromium).
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { write } from './doc-sections.mjs'

const { values } = parseArgs({
  options: { data: { type: 'string' }, models: { type: 'string' }, seeds: { type: 'string', default: '20' } },
})
if (values.data === undefined || values.models === undefined) {
  console.error('usage: node scripts/results.mjs --data FILE --models FILE [--seeds N]')
  process.exit(2)
}

/** The fourth model stays out but where it is the newcomer. */
const NEWCOMER = 'google/gemini-2.5-flash'
/** The paper's reward and utilisation at its seven budgets (arXiv 2604.00136). */
const PAPER = {
  reward: [0.793, 0.813, 0.859, 0.898, 0.917, 0.924, 0.929],
  utilisation: [0.98, 1.0, 1.0, 0.98, 0.91, 0.89, 0.74],
}

const folder = mkdtempSync(join(tmpdir(), 'paretobandit-results-'))

/** Runs one replay; returns its JSON and the command as the docs show it. @param more flags that the docs leave out */
function replay(flags, more = []) {
  const file = join(folder, 'out.json')
  const run = ['replay', '--data', values.data, '--models', values.models, ...flags, '--seeds', values.seeds]
  console.error(`replay ${flags.join(' ')}`)
  execFileSync(process.execPath, ['dist/cli/main.js', ...run, ...more, '--json', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const shown = ['replay', '--data', '$DATA', '--models', '$MODELS', ...flags]
  return { ...JSON.parse(readFileSync(file, 'utf8')), command: `node dist/cli/main.js ${shown.join(' ')}` }
}

const BASELINES = {
  oracle: 'best answer of every prompt (oracle)',
  random: 'uniform random',
  linucb: 'LinUCB, static weight 0.3, no forgetting',
  forgetting: 'the same with forgetting',
}

/** Of the picture of the first day, in pixels. */
const GAP = 20
const TITLE = 40

const POLICIES = ['dollar', 'paper', 'thompson']

const usd = (value) => `$${value.toPrecision(2)}`
const reward = (value) => value.toFixed(4)
const share = (value) => value.toFixed(3)
const shortId = (id) => id.split('/').pop()

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function shares(row) {
  return Object.entries(row.shares)
    .map(([id, value]) => `${shortId(id)} ${Math.round(100 * value)} %`)
    .join(', ')
}

/** Policies that were played at the same budgets, and their columns. */
function policiesBeside({ baselines }) {
  return POLICIES.filter((name) => baselines.some((b) => b.baseline === name))
}

const besideHeads = (result) => policiesBeside(result).map((name) => `policy \`${name}\``)
const besideCells = (result, row) => policiesBeside(result).map((name) => baselineAt(result, name, row))

/** Reward of a baseline that depends on the budget, in the phase and variant of a row. */
function baselineAt(result, name, { budgetUsdPerRequest, phase, variant }) {
  const found = result.baselines.find(
    (b) =>
      b.baseline === name &&
      b.budgetUsdPerRequest === budgetUsdPerRequest &&
      b.phase === phase &&
      b.variant === variant,
  )
  return found === undefined ? '' : reward(found.reward)
}

function stationaryTable(result, paper) {
  const head = [
    'budget, $/request',
    'reward',
    '95 % CI',
    'utilisation',
    'worst seed',
    'best mix of two fixed models',
    'bound',
    'threshold router',
    ...besideHeads(result),
  ]
  if (paper) head.push("paper's own reward", "paper's own utilisation")
  return table(
    head,
    result.rows.map((row, i) => [
      row.budgetUsdPerRequest.toExponential(1),
      reward(row.reward),
      `${reward(row.rewardCi95[0])} to ${reward(row.rewardCi95[1])}`,
      share(row.utilisation),
      share(row.utilisationWorst),
      baselineAt(result, 'mix', row),
      baselineAt(result, 'bound', row),
      baselineAt(result, 'threshold', row),
      ...besideCells(result, row),
      ...(paper ? [PAPER.reward[i].toFixed(3), PAPER.utilisation[i].toFixed(2)] : []),
    ]),
  )
}

function baselineTable(result) {
  const rows = result.baselines.filter((b) => b.budgetUsdPerRequest === null)
  return table(
    ['baseline', 'reward', 'cost, $/request'],
    rows.map((b) => [
      b.model === null ? BASELINES[b.baseline] : `always ${shortId(b.model)}`,
      reward(b.reward),
      usd(b.costUsdPerRequest),
    ]),
  )
}

function phaseTable(result) {
  return table(
    [
      'budget, $/request',
      'phase',
      'reward',
      ...besideHeads(result),
      'utilisation',
      'cumulative',
      'worst seed',
      'shares',
    ],
    result.rows.map((row) => [
      usd(row.budgetUsdPerRequest),
      row.phase,
      reward(row.reward),
      ...besideCells(result, row),
      share(row.utilisation),
      share(row.utilisationCumulative),
      share(row.utilisationWorst),
      shares(row),
    ]),
  )
}

function onboardingTable(result) {
  return table(
    [
      'newcomer',
      'budget, $/request',
      'reward',
      ...besideHeads(result),
      'utilisation',
      'worst seed',
      'shares',
    ],
    result.rows.map((row) => [
      row.variant,
      usd(row.budgetUsdPerRequest),
      reward(row.reward),
      ...besideCells(result, row),
      share(row.utilisation),
      share(row.utilisationWorst),
      shares(row),
    ]),
  )
}

/** From the first request on: reward so far and spend over budget, beside those who know. */
function firstDayTable({ firstDay }) {
  const names = Object.keys(firstDay[0].points[0].beside)
  const soFar = (at) => `${reward(at.reward)} (${at.utilisation.toFixed(2)})`
  return table(
    [
      ...['budget, $/request', 'first', 'reward', 'worst seed', 'best model', 'best mix of two fixed models'],
      ...names.map((name) => `policy \`${name}\``),
    ],
    firstDay.flatMap(({ budgetUsdPerRequest, points }) =>
      points.map(({ requests, policy, fixed, mix, beside }) => [
        budgetUsdPerRequest.toExponential(1),
        requests.toLocaleString('en'),
        soFar(policy),
        policy.utilisationWorst.toFixed(2),
        `${reward(fixed.reward)} (${shortId(fixed.model)})`,
        reward(mix.reward),
        ...names.map((name) => soFar(beside[name])),
      ]),
    ),
  )
}

/** The plots of the first day in a report, side by side as a picture that stands alone. */
function drawFirstDay(html) {
  const plots = ['The first day: reward', 'The first day: spend'].map((title) => {
    const found = html.match(
      new RegExp(`<svg [^>]*class="from-m"[^>]*aria-label="${title}">(.*?)</svg>`, 's'),
    )
    if (found === null) throw new Error(`the report has no plot '${title}'`)
    const [, width, height] = found[0].match(/viewBox="0 0 (\d+) (\d+)"/).map(Number)
    return { title, body: found[1], width, height }
  })
  const width = plots.reduce((sum, plot) => sum + plot.width + GAP, GAP)
  const height = TITLE + plots[0].height + GAP
  const [style] = html.match(/(?<=<style>).*?(?=<\/style>)/s)
  const drawn = plots.map(({ title, body, width: one }, i) => {
    const x = GAP + i * (one + GAP)
    return `<text class="panel" x="${x}" y="${GAP + 4}">${title}</text><g transform="translate(${x} ${TITLE})">${body}</g>`
  })
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The first day of a cold start">`
  const paper = `<rect width="${width}" height="${height}" fill="var(--paper)"/>`
  writeFileSync('docs/img/first-day.svg', `${open}<style>${style}</style>${paper}${drawn.join('')}</svg>\n`)
}

const three = ['--exclude', NEWCOMER, '--features', 'stored']
const page = join(folder, 'report.html')
const stationary = replay(three, ['--report', page])
const frontier = ['scripts/capture-report.mjs', page, 'docs/img/frontier.png']
execFileSync(process.execPath, [...frontier, 'figure:has-text("Quality against cost")'])
const cold = replay([...three, '--cold'])
const fromStart = replay([...three, '--cold', '--from-start'], ['--report', page])
drawFirstDay(readFileSync(page, 'utf8'))
const priceDrop = replay([...three, '--scenario', 'price-drop'])
const regression = replay([...three, '--scenario', 'quality-regression'])
const onboarding = replay(['--features', 'stored', '--scenario', 'onboarding'])
const code = ({ command }) => `    ${command}`

write('docs/RESULTS.md', {
  stationary: [code(stationary), stationaryTable(stationary, true), baselineTable(stationary)].join('\n\n'),
  cold: [code(cold), stationaryTable(cold, false)].join('\n\n'),
  'first-day': [code(fromStart), firstDayTable(fromStart)].join('\n\n'),
  'price-drop': [code(priceDrop), phaseTable(priceDrop)].join('\n\n'),
  'quality-regression': [code(regression), phaseTable(regression)].join('\n\n'),
  onboarding: [code(onboarding), onboardingTable(onboarding)].join('\n\n'),
})
write('README.md', {
  results: table(
    ['budget, $/request', 'mean reward', 'share of the budget spent'],
    stationary.rows.map((row) => [
      row.budgetUsdPerRequest.toExponential(1),
      row.reward.toFixed(3),
      `${Math.round(100 * row.utilisation)} %`,
    ]),
  ),
})
rmSync(folder, { recursive: true })
