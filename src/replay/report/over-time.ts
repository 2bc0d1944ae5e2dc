import type { RunTrace } from '../result.js'
import type { Course } from '../scenarios.js'
import { percent, reward, usdPerThousand } from './format.js'
import type { LineChart, LineSeries } from './line-chart.js'
import { budgetColor } from './palette.js'
import { cumulative, rolling, type Samples } from './series.js'

/** Requests that a running mean looks back on. */
const WINDOW = 60
/** Shares of seeds are steadier than rewards, and forced exploration lasts only 20 requests. */
const ADOPTION_WINDOW = 20

type Reading = (trace: RunTrace) => Samples

/** Mean spend so far (bold) and over the last requests (thin), against the budgets, on a logarithmic axis. */
export function spendChart(traces: readonly RunTrace[], course: Course): LineChart {
  const usd = (samples: Samples): Samples => samples.map(([i, value]) => [i, value * 1000])
  const recent = lines(
    traces,
    (t) => usd(rolling(t.trace.costsUsd, WINDOW)),
    'spend of the last 60 requests',
  ).map((series) => ({ ...series, label: '', faint: true }))
  const bold = lines(traces, (t) => usd(cumulative(t.trace.costsUsd)), 'mean spend so far')
  const levels = traces.map((t, i) => ({
    value: t.budgetUsdPerRequest * 1000,
    color: budgetColor(i, traces.length),
    hint: `budget ${usdPerThousand(t.budgetUsdPerRequest)} per 1,000 requests`,
  }))
  const values = [...recent, ...bold].flatMap((series) => series.samples.map(([, value]) => value))
  const positive = [...values, ...levels.map((level) => level.value)].filter((value) => value > 0)
  const low = Math.min(...positive) / 1.2
  const high = Math.max(...positive) * 1.25
  return {
    ...frame(traces, course),
    yLabel: 'USD per 1,000 requests',
    yScale: 'log',
    yDomain: [low, high],
    yTicks: decadeTicks(low, high),
    yFormat: (value) => `$${Number(value.toPrecision(1))}`,
    series: [...recent, ...bold],
    levels,
  }
}

/** Mean shadow price over time, on a square-root axis: most of the action is below 1. */
export function shadowPriceChart(traces: readonly RunTrace[], course: Course): LineChart {
  const series = lines(traces, (t) => rolling(t.trace.shadowPrices, 10), 'shadow price')
  const high = Math.max(0.2, ...series.flatMap((s) => s.samples.map(([, value]) => value)))
  return {
    ...frame(traces, course),
    yLabel: 'shadow price λ',
    yScale: 'root',
    yDomain: [0, high * 1.05],
    yTicks: high > 1 ? [0, 0.1, 0.5, 1, 2, 3, 4, 5] : [0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1],
    yFormat: String,
    series,
  }
}

/** Running mean reward. */
export function rewardChart(traces: readonly RunTrace[], course: Course): LineChart {
  const series = lines(traces, (t) => rolling(t.trace.rewards, WINDOW), `reward, mean of ${WINDOW} requests`)
  const values = series.flatMap((s) => s.samples.map(([, value]) => value))
  const low = Math.min(...values)
  const high = Math.max(...values)
  const pad = 0.1 * (high - low) + 1e-3
  return {
    ...frame(traces, course),
    yLabel: `reward, running mean of ${WINDOW}`,
    yScale: 'linear',
    yDomain: [low - pad, high + pad],
    yFormat: (value) => reward(value),
    series,
  }
}

/** Share of the requests that go to the model that joined. */
export function adoptionChart(traces: readonly RunTrace[], course: Course, newcomer: number): LineChart {
  const series = lines(
    traces,
    (t) => rolling(t.trace.shares[newcomer], ADOPTION_WINDOW, 1),
    'share of the newcomer',
  )
  return {
    ...frame(traces, course),
    yLabel: "newcomer's share of requests",
    yScale: 'linear',
    yDomain: [0, 1],
    yTicks: [0, 0.25, 0.5, 0.75, 1],
    yFormat: percent,
    series,
  }
}

function lines(traces: readonly RunTrace[], read: Reading, what: string): LineSeries[] {
  return traces.map((trace, i) => ({
    label: usdPerThousand(trace.budgetUsdPerRequest),
    hint: `${what}, budget ${usdPerThousand(trace.budgetUsdPerRequest)} per 1,000 requests`,
    color: budgetColor(i, traces.length),
    samples: read(trace),
  }))
}

function frame(traces: readonly RunTrace[], course: Course): Pick<LineChart, 'requests' | 'phases'> {
  const { bounds } = traces[0].trace
  const names =
    course.scenario === 'price-drop'
      ? ['before', 'price drop', 'restored']
      : course.scenario === 'quality-regression'
        ? ['before', 'regression', 'recovered']
        : []
  return {
    requests: bounds[bounds.length - 1],
    phases: names.map((label, p) => ({ start: bounds[p], end: bounds[p + 1], label })),
  }
}

function decadeTicks(low: number, high: number): number[] {
  const wide = high / low > 300
  const ticks = Array.from({ length: 14 }, (_, i) => 10 ** (i - 6)).flatMap((d) =>
    wide ? [d] : [d, 2 * d, 5 * d],
  )
  return ticks.filter((tick) => tick >= low && tick <= high)
}
