import { escapeHtml } from '../../report/escape.js'
import { percent, reward, shortName, usdPerThousand } from '../../report/format.js'
import { type LineChart, type LineSeries, lineChart } from '../../report/line-chart.js'
import { budgetColor } from '../../report/palette.js'
import { drawing, HALF } from '../../report/svg.js'
import type { FirstDay, FirstDayPoint } from '../first-day-point.js'
import type { ReplayResult } from '../result.js'
import { signed } from './check-text.js'
import { table } from './tables.js'

/** The first requests of a cold start, as two plots and a table; nothing for other replays. */
export function firstDayFigures(result: ReplayResult): string {
  const { firstDay } = result.report
  if (firstDay.length === 0) return ''
  return [
    figure(
      'The first day: reward',
      'Mean reward from the first request on, above always calling the best model whose mean cost is within the budget.',
      aheadChart(result.firstDayCurves),
    ),
    figure(
      'The first day: spend',
      'Spend from the first request on, over budget.',
      spendChart(result.firstDayCurves),
    ),
  ].join('\n')
}

/** A row a budget and look. */
export function firstDayTable(days: readonly FirstDay[]): string {
  if (days.length === 0) return ''
  const names = Object.keys(days[0].points[0].beside)
  const head = ['budget', 'first', 'reward', 'best model', 'best mix', ...names, 'used', 'worst seed']
  const rows = days.flatMap(({ budgetUsdPerRequest, points }) =>
    points.map(({ requests, policy, fixed, mix, beside }) => [
      usdPerThousand(budgetUsdPerRequest),
      requests.toLocaleString('en'),
      `${reward(policy.reward)} <small>${signed(policy.reward - fixed.reward)}</small>`,
      `${reward(fixed.reward)} <small>${escapeHtml(shortName(fixed.model))}</small>`,
      reward(mix.reward),
      ...names.map(
        (name) => `${reward(beside[name].reward)} <small>${percent(beside[name].utilisation)}</small>`,
      ),
      percent(policy.utilisation),
      percent(policy.utilisationWorst),
    ]),
  )
  return `<details open><summary>From the first request, in figures</summary>${table(head, rows)}</details>`
}

function aheadChart(days: readonly FirstDay[]): LineChart {
  const series = lines(days, ({ policy, fixed }) => policy.reward - fixed.reward)
  const values = series.flatMap(({ samples }) => samples.map(([, value]) => value))
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)]
  const pad = 0.08 * (high - low) + 1e-3
  return {
    ...frame(days),
    yLabel: 'reward so far above the best model within the budget',
    yDomain: [low - pad, high + pad],
    yFormat: differenceTick,
    series,
    levels: [{ value: 0, color: 'var(--ink)', hint: 'always the best model within the budget' }],
  }
}

function spendChart(days: readonly FirstDay[]): LineChart {
  const series = lines(days, ({ policy }) => policy.utilisation)
  const values = series.flatMap(({ samples }) => samples.map(([, value]) => value))
  return {
    ...frame(days),
    yLabel: 'spend so far over budget so far',
    yDomain: [0, Math.min(3, Math.max(1.1, ...values) + 0.05)],
    yFormat: (value) => value.toFixed(2).replace(/0$/, ''),
    series,
    levels: [{ value: 1, color: 'var(--ink)', hint: 'the ceiling' }],
  }
}

/** A difference of rewards beside an axis: `+.05`, `0`, `-.005`. */
export function differenceTick(value: number): string {
  const text = signed(Number(value.toFixed(3)))
  return text === '0' ? text : text.replace(/\.?0+$/, '')
}

function frame(days: readonly FirstDay[]): Pick<LineChart, 'requests' | 'xLabel' | 'yScale'> {
  const requests = Math.max(...days.flatMap(({ points }) => points.map((point) => point.requests)))
  return { requests, xLabel: 'requests since the first', yScale: 'linear' }
}

function lines(days: readonly FirstDay[], read: (point: FirstDayPoint) => number): LineSeries[] {
  return days.map(({ budgetUsdPerRequest, points }, i) => ({
    label: usdPerThousand(budgetUsdPerRequest),
    hint: `budget ${usdPerThousand(budgetUsdPerRequest)} per 1,000 requests`,
    color: budgetColor(i, days.length),
    samples: points.map((point) => [point.requests, read(point)] as const),
  }))
}

function figure(title: string, note: string, chart: LineChart): string {
  const body = drawing(title, HALF, (size) => lineChart(chart, size))
  return `<figure><figcaption><b>${title}</b> ${note}</figcaption>${body}</figure>`
}
