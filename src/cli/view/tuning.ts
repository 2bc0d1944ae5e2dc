import type { PolicyKnobs } from '../../replay/strategy.js'
import type { TunedSetting, TuneReport } from '../../replay/tune.js'
import { halfWidth, percent, reward, usdPerThousand } from '../../report/format.js'
import { type Column, renderTable } from '../table.js'

/** What a search found: the frontier of the chosen setting beside the defaults', on held-out rows, and a verdict. */
export function tuneText(report: TuneReport): string {
  const { policy, seeds, tried, finalists, heldOut } = report
  const shuffles = `${seeds} ${seeds === 1 ? 'shuffle' : 'shuffles'}`
  const share = `${Math.round(100 * report.trainShare)} %`
  const head = `tune: policy ${policy}, ${tried} settings on the first ${share} of ${shuffles}`
  return [
    `${head}\n\nBest settings there, mean gain over the defaults in reward`,
    finalists.map((setting) => `  ${gainText(setting)}  ${knobsText(setting.knobs)}`).join('\n'),
    `\nOn the rows held out: ${knobsText(heldOut.knobs)}`,
    frontierText(heldOut),
    verdict(report),
    'Budgets are in USD per 1,000 requests; ± is half a 95 % interval over shuffles, which share rows.',
  ].join('\n')
}

function frontierText(setting: TunedSetting): string {
  const columns: Column[] = [
    { title: 'budget', align: 'right' },
    { title: 'defaults', align: 'right' },
    { title: 'used', align: 'right' },
    { title: 'tuned', align: 'right' },
    { title: 'used', align: 'right' },
    { title: 'gain', align: 'right' },
    { title: '95% CI' },
  ]
  const body = setting.rows.map((row) => [
    usdPerThousand(row.budgetUsdPerRequest),
    reward(row.defaultReward),
    percent(row.defaultUtilisation),
    reward(row.reward),
    percent(row.utilisation),
    signed(row.gain),
    halfWidth(row.gainCi95) || '-',
  ])
  return renderTable(columns, body)
}

/** Plain words: tuning that gains nothing beyond noise should not be adopted. */
function verdict({ heldOut, defaultsAsGood, seeds }: TuneReport): string {
  const gain = gainText(heldOut)
  if (Object.keys(heldOut.knobs).length === 0)
    return 'Keep the defaults: no setting did better on the train part.'
  if (!heldOut.withinBudget)
    return `Keep the defaults: the best setting overspends on the held-out rows (${gain} in reward).`
  if (seeds === 1)
    return `Keep the defaults: one shuffle cannot tell a gain (${signed(heldOut.gain)} on the held-out rows) from noise; give --seeds 2 or more.`
  if (defaultsAsGood)
    return `The defaults are as good: the difference on the held-out rows (${gain}) is within noise.`
  return `The tuned setting is ahead on the held-out rows: ${gain} in reward. Pass it to createRouter: ${knobsText(heldOut.knobs)}.`
}

function gainText({ gain, gainCi95, withinBudget }: TunedSetting): string {
  return [signed(gain), halfWidth(gainCi95), withinBudget ? '' : '(over budget)']
    .filter((part) => part !== '')
    .join(' ')
}

function knobsText(knobs: PolicyKnobs): string {
  const parts = Object.entries(knobs).map(([name, value]) => `${name} ${value}`)
  return parts.length === 0 ? 'the defaults' : parts.join(', ')
}

function signed(value: number): string {
  const text = value.toFixed(4).replace(/^(-?)0\./, '$1.')
  return value >= 0 ? `+${text}` : text
}
