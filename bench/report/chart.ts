import { scaleLog } from 'd3-scale'
import { symbol, symbolTriangle } from 'd3-shape'
import { placeLabels, spread, textWidth } from '../../src/report/labels.js'
import { hint, label, polyline, tag } from '../../src/report/svg.js'

export type Point = readonly [x: number, y: number]

export interface Series {
  readonly label: string
  readonly color: string
  readonly points: readonly Point[]
  readonly dashed?: boolean
}

/** A figure of somebody else's: a point with its name beside it. */
export interface Mark {
  readonly label: string
  readonly at: Point
}

export interface Chart {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly xTicks: readonly number[]
  readonly yFormat: (value: number) => string
  readonly series: readonly Series[]
  readonly marks: readonly Mark[]
}

const WIDTH = 760
const HEIGHT = 420
const MARGIN = { top: 52, right: 168, bottom: 46, left: 66 }
const MARK_COLOR = '#b3400f'
/** The light page of the report (src/report/style.ts), on white. */
const STYLE =
  "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#1d1f23}" +
  '.title{font-size:14px;font-weight:600}.tick,.axis{fill:#5f6470;font-size:11.5px}' +
  `.grid{stroke:#dedbd2}.end{font-weight:600;font-size:11.5px}.mark{fill:${MARK_COLOR};paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}`

/** Lines and points on two logarithmic axes, as an SVG file: labels at the right ends of lines and beside points. */
export function logLogChart(chart: Chart): string {
  const right = WIDTH - MARGIN.right
  const bottom = HEIGHT - MARGIN.bottom
  const points = [...chart.series.flatMap((series) => series.points), ...chart.marks.map(({ at }) => at)]
  const xs = points.map(([x]) => x)
  const x = scaleLog()
    .domain([Math.min(...xs) / 1.15, Math.max(...xs) * 1.05])
    .range([MARGIN.left, right])
  const ys = points.map(([, y]) => y)
  const y = scaleLog().domain(decadesAround(ys)).range([bottom, MARGIN.top])
  const pixel = ([a, b]: Point): Point => [x(a), y(b)]
  const parts = [
    tag('rect', { width: WIDTH, height: HEIGHT, fill: '#ffffff' }),
    label(chart.title, MARGIN.left, 20, { class: 'title' }),
    label(chart.yLabel, MARGIN.left, 40, { class: 'axis' }),
    label(chart.xLabel, right, HEIGHT - 8, { class: 'axis', 'text-anchor': 'end' }),
    ...gridLines(chart, x, y),
    ...chart.series.flatMap((series) => drawSeries(series, series.points.map(pixel), chart.yFormat)),
    ...endLabels(chart.series, pixel),
    ...drawMarks(chart, pixel),
  ]
  const size = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT }
  const root = { xmlns: 'http://www.w3.org/2000/svg', ...size, role: 'img', 'aria-label': chart.title }
  return `${tag('svg', root, tag('style', {}, STYLE), ...parts)}\n`
}

function decadesAround(values: readonly number[]): [low: number, high: number] {
  const low = Math.floor(Math.log10(Math.min(...values)))
  return [10 ** low, 10 ** Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))]
}

type Scale = (value: number) => number

function gridLines(chart: Chart, x: Scale, y: Scale & { domain(): number[] }): string[] {
  const right = WIDTH - MARGIN.right
  const bottom = HEIGHT - MARGIN.bottom
  const [low, high] = y.domain()
  const decades = Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, i) => low * 10 ** i)
  return [
    ...decades.flatMap((value) => [
      tag('line', { x1: MARGIN.left, x2: right, y1: y(value), y2: y(value), class: 'grid' }),
      label(chart.yFormat(value), MARGIN.left - 8, y(value) + 4, { class: 'tick', 'text-anchor': 'end' }),
    ]),
    ...chart.xTicks.flatMap((value) => [
      tag('line', { x1: x(value), x2: x(value), y1: bottom, y2: bottom + 4, stroke: '#5f6470' }),
      label(value.toLocaleString('en-US'), x(value), bottom + 18, { class: 'tick', 'text-anchor': 'middle' }),
    ]),
  ]
}

function drawSeries(series: Series, at: readonly Point[], format: (value: number) => string): string[] {
  const { color, dashed, points } = series
  const dashes = dashed ? '5 4' : undefined
  const line = { d: polyline(at), fill: 'none', stroke: color, 'stroke-width': 2, 'stroke-dasharray': dashes }
  return [
    tag('path', line),
    ...at.map(([cx, cy], i) =>
      tag(
        'circle',
        { cx, cy, r: 3.5, fill: color, stroke: '#ffffff' },
        hint(`${series.label}, ${points[i][0]}: ${format(points[i][1])}`),
      ),
    ),
  ]
}

/** Lines may end at different x: labels stand in one column on the right, thin leaders lead to those that moved. */
function endLabels(all: readonly Series[], pixel: (point: Point) => Point): string[] {
  const named = all.filter(({ points }) => points.length > 0)
  const ends = named.map(({ points }) => pixel(points[points.length - 1]))
  const placed = spread(
    ends.map(([, y]) => y),
    15,
    MARGIN.top,
    HEIGHT - MARGIN.bottom,
  )
  const column = WIDTH - MARGIN.right + 14
  return named.flatMap(({ label: text, color }, i) => {
    const leader = { x1: ends[i][0] + 6, y1: ends[i][1], x2: column - 3, y2: placed[i], stroke: color }
    return [
      tag('line', { ...leader, 'stroke-width': 0.75, 'stroke-opacity': 0.6 }),
      label(text, column, placed[i] + 4, { class: 'end', style: `fill:${color}` }),
    ]
  })
}

function drawMarks({ marks, series }: Chart, pixel: (point: Point) => Point): string[] {
  const at = marks.map((mark) => pixel(mark.at))
  const obstacles = [...at, ...series.flatMap(({ points }) => points.map(pixel))].map(around)
  const lines = series.flatMap(({ points }) => along(points.map(pixel))).map(around)
  const named = marks.map((mark, i) => ({ text: mark.label, x: at[i][0], y: at[i][1] }))
  const area = {
    x: MARGIN.left,
    y: MARGIN.top - 8,
    width: WIDTH - MARGIN.left - MARGIN.right,
    height: HEIGHT - 90,
  }
  const placed = placeLabels(named, obstacles, lines, area)
  return marks.flatMap((mark, i) => {
    const place = placed[i]
    const transform = `translate(${at[i][0].toFixed(1)},${at[i][1].toFixed(1)})`
    const triangle = tag('path', { d: symbol(symbolTriangle, 60)() ?? '', transform, fill: MARK_COLOR })
    if (place === null) throw new Error(`no room for '${mark.label}', ${textWidth(mark.label)} px wide`)
    return [triangle, label(place.text, place.x, place.y, { class: 'mark', 'text-anchor': place.anchor })]
  })
}

function around([x, y]: Point) {
  return { x: x - 5, y: y - 5, width: 10, height: 10 }
}

/** Points every few pixels between the corners of a line. */
function along(corners: readonly Point[]): Point[] {
  return corners.slice(1).flatMap((to, i) => {
    const from = corners[i]
    return Array.from({ length: 20 }, (_, k): Point => {
      const share = k / 20
      return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
    })
  })
}
