// Runs the replays behind docs/PACING.md, writes its tables, and takes its pictures from the reports:
//     node scripts/pacing.mjs --data FILE --models FILE [--seeds N]
// Needs Chromium for the pictures (CHROMIUM_PATH overrides /usr/bin/chromium).
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { write } from './doc-sections.mjs'

const { values } = parseArgs({
  options: { data: { type: 'string' }, models: { type: 'string' }, seeds: { type: 'string', default: '20' } },
})
if (values.data === undefined || values.models === undefined) {
  console.error('usage: node scripts/pacing.mjs --data FILE --models FILE [--seeds N]')
  process.exit(2)
}

const NEWCOMER = 'google/gemini-2.5-flash'
const THREE = ['--exclude', NEWCOMER]
const SOME_BUDGETS = ['--budgets', '2.35e-4,6.64e-4,5.31e-3']
const SHOWN = 'node dist/cli/main.js replay --data $DATA --models $MODELS'
const folder = mkdtempSync(join(tmpdir(), 'paretobandit-pacing-'))
const report = join(folder, 'report.html')

function replay(flags, more = []) {
  const file = join(folder, 'out.json')
  const run = ['replay', '--data', values.data, '--models', values.models, ...flags, '--seeds', values.seeds]
  console.error(`replay ${flags.join(' ')}`)
  execFileSync(process.execPath, ['dist/cli/main.js', ...run, '--json', file, ...more], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return JSON.parse(readFileSync(file, 'utf8'))
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

const usd = (value) => `$${Number(value.toPrecision(2))}`

/** What was expected when requests were routed beside what they cost, by tenths of the expectation. */
function calibrationTable({ calibration }) {
  const [all] = calibration.filter(({ model }) => model === null)
  const rows = all.deciles.map(({ predictedUsd, realisedUsd, ratio }, i) => [
    `${i + 1}`,
    usd(predictedUsd),
    usd(realisedUsd),
    ratio.toFixed(2),
  ])
  rows.push(['all', usd(all.predictedUsd), usd(all.realisedUsd), all.ratio.toFixed(2)])
  return table(['tenth of the requests', 'expected', 'realised', 'ratio'], rows)
}

const rewards = ({ rows }) =>
  rows.map(({ reward, utilisation }) => `${reward.toFixed(4)} (${utilisation.toFixed(2)})`)

/** Rewards and utilisation with feedback that is seldom, late or noisy. */
function feedbackTable() {
  const cases = [
    ['all rewards, at once', []],
    ['1 in 5 requests rewarded', ['--reward-rate', '0.2']],
    ['1 in 20', ['--reward-rate', '0.05']],
    ['500 requests late', ['--delay', '500']],
    ['2,000 late', ['--delay', '2000']],
    ['noise of 0.3', ['--noise', '0.3']],
    ['1 in 20, 500 late, noise of 0.3', ['--reward-rate', '0.05', '--delay', '500', '--noise', '0.3']],
  ]
  const rows = []
  for (const [name, flags] of cases) {
    for (const [start, extra] of [
      ['priors', []],
      ['cold', ['--cold']],
    ]) {
      const ours = replay([...THREE, ...SOME_BUDGETS, ...flags, ...extra])
      const paper = ours.baselines.filter(({ baseline }) => baseline === 'paper')
      rows.push([name, start, ...rewards(ours), ...rewards({ rows: paper })])
    }
  }
  const at = (policy) => ['$2.35e-4', '$6.64e-4', '$5.31e-3'].map((budget) => `${policy}, ${budget}`)
  return table(['feedback', 'start', ...at('dollar'), ...at('paper')], rows)
}

/** Alarms of a run on traffic that does not change, and in a regression. */
function alarmTable(stationary, regression) {
  const rows = stationary.rows.map((row) => [
    'stationary',
    usd(row.budgetUsdPerRequest),
    '',
    row.alarms.toFixed(2),
  ])
  for (const row of regression.rows)
    rows.push(['quality-regression', usd(row.budgetUsdPerRequest), `${row.phase}`, row.alarms.toFixed(2)])
  return table(['scenario', 'budget', 'phase', 'alarms a run'], rows)
}

function picture(name, selector) {
  const script = ['scripts/capture-report.mjs', report, `docs/img/${name}.png`, selector]
  execFileSync(process.execPath, script, { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** The panels of a scenario: spend and shadow price, then shares, each policy beside the other. */
function pictures(name, flags, panels) {
  const result = replay([...flags, '--scenario', name], ['--report', report])
  picture(`${name}-dynamics`, panels)
  picture(`${name}-shares`, 'figure.wide')
  return result
}

const stationary = replay(THREE)
const regression = pictures('quality-regression', THREE, '.grid:has-text("Spend over allowance")')
pictures('price-drop', THREE, '.grid:has-text("Spend over allowance")')
pictures('onboarding', ['--newcomer', NEWCOMER], 'figure:has-text("Spend over allowance")')
const code = (...flags) => `    ${[SHOWN, ...flags].join(' ')}`
write('docs/PACING.md', {
  calibration: [code(...THREE, '--json f.json'), calibrationTable(stationary)].join('\n\n'),
  alarms: [
    `${code(...THREE, '--json f.json')}\n${code(...THREE, '--scenario quality-regression', '--json f.json')}`,
    alarmTable(stationary, regression),
  ].join('\n\n'),
  feedback: [
    code(...THREE, ...SOME_BUDGETS, '[--cold] --reward-rate 0.05 --delay 500 --noise 0.3'),
    feedbackTable(),
  ].join('\n\n'),
})
rmSync(folder, { recursive: true })
