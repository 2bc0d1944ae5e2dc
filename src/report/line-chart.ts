import { scaleLinear, scaleLog, scalePow } from 'd3-scale'
import { line } from 'd3-shape'
import { spread } from './labels.js'
import type { Samples } from './series.js'
import { hint, label, round, type Size, tag } from './svg.js'

export interface LineSeries {
  /** Stands at the right end of the line; empty for a line that needs none. */
  readonly label: string
  /** What the pointer is told. */
  readonly hint: string
  /** A CSS colour, usually a variable of the page. */
  readonly color: string
  readonly samples: Samples
  readonly faint?: boolean
}

export interface LineChart {
  readonly requests: number
  /** Default: requests since evaluation started. */
  readonly xLabel?: string
  readonly yLabel: string
  readonly yScale: 'linear' | 'log' | 'root'
  readonly yDomain: readonly [low: number, high: number]
  readonly yTicks?: readonly number[]
  readonly yFormat: (value: number) => string
  readonly series: readonly LineSeries[]
  /** Horizontal lines: budgets. */
  readonly levels?: readonly { readonly value: number; readonly color: string; readonly hint: string }[]
  /** Phases: where each begins and what it is. */
  readonly phases?: readonly { readonly start: number; readonly end: number; readonly label: string }[]
}

const MARGIN = { right: 58, bottom: 34, left: 48 }
/** Room above the plot: for the axis label, and for the names of phases. */
const TOP = 24
const TOP_PHASED = 42

/** Lines over requests, labelled at their right ends. */
export function lineChart(chart: LineChart, size: Size): string {
  const right = size.width - MARGIN.right
  const bottom = size.height - MARGIN.bottom
  const top = chart.phases?.length ? TOP_PHASED : TOP
  const x = scaleLinear().domain([0, chart.requests]).range([MARGIN.left, right])
  const y = yScaleOf(chart).range([bottom, top])
  const clamp = (value: number): number => y(Math.min(Math.max(value, chart.yDomain[0]), chart.yDomain[1]))
  const path = line<readonly [number, number]>()
    .x(([request]) => Math.round(x(request) * 10) / 10)
    .y(([, value]) => Math.round(clamp(value) * 10) / 10)
  const lines = chart.series.map((series) =>
    tag(
      'path',
      {
        d: path([...series.samples]) ?? '',
        class: series.faint ? 'line faint' : 'line',
        stroke: series.color,
      },
      hint(series.hint),
    ),
  )
  const levels = (chart.levels ?? []).map(({ value, color, hint: text }) =>
    tag(
      'line',
      { x1: MARGIN.left, x2: right, y1: y(value), y2: y(value), class: 'level', stroke: color },
      hint(text),
    ),
  )
  const ticks = (chart.yTicks ?? y.ticks(5)).filter((t) => t >= chart.yDomain[0] && t <= chart.yDomain[1])
  return [
    ...phaseBands(chart, x, top, bottom),
    ...ticks.flatMap((value) => [
      tag('line', { x1: MARGIN.left, x2: right, y1: y(value), y2: y(value), class: 'grid' }),
      label(chart.yFormat(value), MARGIN.left - 6, y(value) + 4, { class: 'tick', 'text-anchor': 'end' }),
    ]),
    ...x
      .ticks(size.width < 450 ? 4 : 6)
      .map((value) =>
        label(String(value), x(value), bottom + 16, { class: 'tick', 'text-anchor': 'middle' }),
      ),
    label(chart.yLabel, 0, 11, { class: 'axis' }),
    label(chart.xLabel ?? 'requests since evaluation started', right, size.height - 3, {
      class: 'axis',
      'text-anchor': 'end',
    }),
    ...levels,
    ...lines,
    ...endLabels(chart, clamp, right, top, bottom),
  ].join('')
}

function yScaleOf({ yScale, yDomain }: LineChart) {
  if (yScale === 'log') return scaleLog().domain([...yDomain])
  if (yScale === 'root')
    return scalePow()
      .exponent(0.5)
      .domain([...yDomain])
  return scaleLinear().domain([...yDomain])
}

function endLabels(
  chart: LineChart,
  clamp: (value: number) => number,
  right: number,
  top: number,
  bottom: number,
): string[] {
  const named = chart.series.filter((series) => series.label !== '' && series.samples.length > 0)
  const ends = named.map((series) => clamp(series.samples[series.samples.length - 1][1]))
  const placed = spread(ends, 14, top, bottom)
  return named.map((series, i) =>
    label(series.label, right + 6, placed[i] + 4, { class: 'end', style: `fill:${series.color}` }),
  )
}

function phaseBands(chart: LineChart, x: (value: number) => number, top: number, bottom: number): string[] {
  return (chart.phases ?? []).flatMap(({ start, end, label: text }, i) => [
    i % 2 === 1
      ? tag('rect', {
          x: x(start),
          y: top,
          width: x(end) - x(start),
          height: bottom - top,
          class: 'band',
        })
      : '',
    label(text, x((start + end) / 2), top - 6, { class: 'phase', 'text-anchor': 'middle' }),
    i > 0 ? `<path class="phase-line" d="M${round(x(start))},${top}V${round(bottom)}"/>` : '',
  ])
}
