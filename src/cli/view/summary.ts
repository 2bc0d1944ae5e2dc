import type { BaselineName } from '../../replay/baseline-names.js'
import { policiesBeside } from '../../replay/beside.js'
import { baselineName } from '../../replay/report/tables.js'
import type { BaselineRow, PolicyRow, ReplayResult } from '../../replay/result.js'
import { halfWidth, percent, reward, shortName, usdPerThousand } from '../../report/format.js'
import { type Column, renderTable } from '../table.js'
import { firstDayText } from './first-day.js'
import { targetsText } from './targets.js'

/** Of the baselines that are fitted to the train part, those that stand beside the policy; the JSON has all. */
const SHOWN_TRAINED = [
  { name: 'bound', title: 'bound' },
  { name: 'threshold', title: 'threshold router' },
] as const

/** What a replay found, as text: the policy at each budget, then the baselines. Money is per 1,000 requests. */
export function summaryText(result: ReplayResult): string {
  const { scenario, policy, seeds, cold, requestsPerSecond } = result.report
  const speed = Math.round(requestsPerSecond).toLocaleString('en')
  const start = cold ? ', cold' : ''
  const head = `${scenario}${start}: policy ${policy}, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, ${speed} requests/s`
  const first = firstDayText(result.report)
  return `${head}\n\n${policyText(result)}\n${first === '' ? '' : `${first}\n`}${baselineText(result)}\n${targetsText(result.report)}`
}

function policyText(result: ReplayResult): string {
  const { rows, baselines } = result.report
  const phased = rows.some((row) => row.phase !== null)
  const varied = rows.some((row) => row.variant !== null)
  const beside = policiesBeside(baselines)
  const trained = SHOWN_TRAINED.filter(({ name }) => baselines.some(({ baseline }) => baseline === name))
  const columns: Column[] = [
    ...(varied ? [{ title: 'variant' }] : []),
    { title: 'budget', align: 'right' },
    ...(phased ? [{ title: 'phase', align: 'right' } as const] : []),
    { title: 'reward', align: 'right' },
    { title: '95% CI' },
    { title: 'best mix', align: 'right' },
    ...trained.map(({ title }): Column => ({ title, align: 'right' })),
    ...beside.map((title): Column => ({ title, align: 'right' })),
    { title: 'used', align: 'right' },
    ...(phased ? [{ title: 'so far', align: 'right' } as const] : []),
    { title: 'worst', align: 'right' },
    { title: 'lambda', align: 'right' },
    { title: 'shares' },
  ]
  const body = rows.map((row) => [
    ...(varied ? [row.variant ?? ''] : []),
    usdPerThousand(row.budgetUsdPerRequest),
    ...(phased ? [String(row.phase)] : []),
    reward(row.reward),
    halfWidth(row.rewardCi95) || '-',
    rewardOf('mix', baselines, row),
    ...trained.map(({ name }) => rewardOf(name, baselines, row)),
    ...beside.map((name) => rewardOf(name, baselines, row)),
    percent(row.utilisation),
    ...(phased ? [percent(row.utilisationCumulative)] : []),
    percent(row.utilisationWorst),
    row.lambdaMedian.toFixed(2),
    sharesText(row.shares, result.modelIds),
  ])
  return renderTable(columns, body)
}

/** One line a baseline; with phases or variants, one column each. */
function baselineText(result: ReplayResult): string {
  const rows = result.report.baselines.filter(({ budgetUsdPerRequest }) => budgetUsdPerRequest === null)
  const keys = [...new Set(rows.map(columnOf))]
  const names = [...new Set(rows.map(baselineName))]
  const columns: Column[] = [
    { title: 'baseline' },
    ...keys.flatMap((key): Column[] => [
      { title: key, align: 'right' },
      { title: 'cost', align: 'right' },
    ]),
  ]
  const body = names.map((name) => [
    name,
    ...keys.flatMap((key) => {
      const row = rows.find((candidate) => baselineName(candidate) === name && columnOf(candidate) === key)
      return row === undefined ? ['', ''] : [reward(row.reward), usdPerThousand(row.costUsdPerRequest)]
    }),
  ])
  return renderTable(columns, body)
}

function columnOf(row: BaselineRow): string {
  return row.variant ?? (row.phase === null ? 'reward' : `phase ${row.phase}`)
}

/** Reward of a baseline that keeps the row's budget. */
function rewardOf(baseline: BaselineName, baselines: readonly BaselineRow[], row: PolicyRow): string {
  const found = baselines.find(
    (candidate) =>
      candidate.baseline === baseline &&
      candidate.budgetUsdPerRequest === row.budgetUsdPerRequest &&
      candidate.phase === row.phase &&
      candidate.variant === row.variant,
  )
  return found === undefined ? '' : reward(found.reward)
}

function sharesText(shares: Readonly<Record<string, number>>, modelIds: readonly string[]): string {
  return modelIds
    .filter((id) => (shares[id] ?? 0) >= 0.005)
    .map((id) => `${shortName(id)} ${Math.round(100 * (shares[id] ?? 0))}%`)
    .join(', ')
}
