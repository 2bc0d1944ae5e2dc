import { percent, reward, usdPerThousand } from '../../report/format.js'
import type { LineChart, LineSeries } from '../../report/line-chart.js'
import { budgetColor } from '../../report/palette.js'
import { cumulative, rolling, type Samples } from '../../report/series.js'
import type { LearningCurve } from '../learning-block.js'
import type { RunTrace } from '../result.js'
import type { Course } from '../scenarios.js'

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
    yTicks: rootTicks(high),
    yFormat: String,
    series,
  }
}

/** Evenly spread on a square-root axis, each to one digit: an even share of the height is a square of it in value. */
function rootTicks(high: number): number[] {
  return [0, 0.2, 0.4, 0.6, 0.8, 1].map((height) => Number((height * height * high).toPrecision(1)))
}

/** Spend since evaluation started over what the budget allowed for as many requests. */
export function allowanceChart(
  traces: readonly RunTrace[],
  course: Course,
  yDomain: readonly [low: number, high: number],
): LineChart {
  return {
    ...frame(traces, course),
    yLabel: 'spend so far over budget so far',
    yScale: 'linear',
    yDomain,
    yFormat: (value) => value.toFixed(2).replace(/0$/, ''),
    series: lines(traces, utilisation, 'spend over allowance'),
    levels: [{ value: 1, color: 'var(--ink)', hint: 'the ceiling' }],
  }
}

/** One axis for all policies on a course: the ceiling in it, and at most three times the ceiling. */
export function allowanceDomain(traces: readonly RunTrace[]): [low: number, high: number] {
  const values = traces.flatMap((trace) => utilisation(trace).map(([, value]) => value))
  return [Math.max(0, Math.min(0.9, ...values) - 0.05), Math.min(3, Math.max(1.1, ...values) + 0.05)]
}

function utilisation({ trace, budgetUsdPerRequest }: RunTrace): Samples {
  return cumulative(trace.costsUsd).map(([i, value]) => [i, value / budgetUsdPerRequest])
}

/** Mean reward of the first requests in blocks, cold bold and warm thin. */
export function learningChart(curves: readonly LearningCurve[]): LineChart {
  const series = curves.flatMap(({ budgetUsdPerRequest, blocks }, i) =>
    (['warm', 'cold'] as const).map((kind) => ({
      label: kind === 'cold' ? usdPerThousand(budgetUsdPerRequest) : '',
      hint: `${kind}, budget ${usdPerThousand(budgetUsdPerRequest)} per 1,000 requests`,
      color: budgetColor(i, curves.length),
      samples: blocks.map((block) => [(block.from + block.to) / 2, block[kind]] as const),
      faint: kind === 'warm',
    })),
  )
  const values = series.flatMap(({ samples }) => samples.map(([, value]) => value))
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return {
    requests: Math.max(...curves.flatMap(({ blocks }) => blocks.map(({ to }) => to))),
    xLabel: 'requests since the cold start',
    yLabel: 'reward, blocks of 100',
    yScale: 'linear',
    yDomain: [low - 0.005, high + 0.005],
    yFormat: (value) => reward(value),
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

/** What the phases of a course are called; none where nothing happens after the start. */
export function phaseNames({ scenario }: Course): readonly string[] {
  if (scenario === 'price-drop') return ['before', 'price drop', 'restored']
  return scenario === 'quality-regression' ? ['before', 'regression', 'recovered'] : []
}

function frame(traces: readonly RunTrace[], course: Course): Pick<LineChart, 'requests' | 'phases'> {
  const { bounds } = traces[0].trace
  return {
    requests: bounds[bounds.length - 1],
    phases: phaseNames(course).map((label, p) => ({ start: bounds[p], end: bounds[p + 1], label })),
  }
}

function decadeTicks(low: number, high: number): number[] {
  const wide = high / low > 300
  const ticks = Array.from({ length: 14 }, (_, i) => 10 ** (i - 6)).flatMap((d) =>
    wide ? [d] : [d, 2 * d, 5 * d],
  )
  return ticks.filter((tick) => tick >= low && tick <= high)
}
