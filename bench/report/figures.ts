import { formatNs, whole } from '../format.js'
import type { BenchRow } from '../row.js'
import { logLogChart, type Mark, type Point, type Series } from './chart.js'

/** Okabe and Ito's colours, as in the report of replays. */
const COLORS = { js: '#c98a00', wasm: '#0072b2', native: '#009e73', plain: '#6f6f6f', limit: '#1d1f23' }
type Kernel = keyof typeof COLORS

/** The published router in Python on this kind of machine, and in its paper, ns. */
const PUBLISHED_BY_MODELS: readonly Mark[] = [
  { label: 'Python 57 us', at: [3, 57_000] },
  { label: 'paper: 22.5 us', at: [3, 22_500] },
  { label: 'Python 8.8 ms', at: [1000, 8_800_000] },
]
const PUBLISHED_BY_DIMENSION: readonly Mark[] = [
  { label: 'Python 57 us', at: [26, 57_000] },
  { label: 'paper: 22.5 us', at: [26, 22_500] },
  { label: 'Python 293 us', at: [385, 293_000] },
  { label: 'Python 163 us', at: [385, 163_000] },
]

export interface Figure {
  readonly file: string
  readonly svg: string
}

/** The plots of docs/PERFORMANCE.md. */
export function figures(rows: readonly BenchRow[]): Figure[] {
  return [
    { file: 'latency-models.svg', svg: latencyByModels(rows) },
    { file: 'latency-dimension.svg', svg: latencyByDimension(rows) },
    { file: 'candidates.svg', svg: candidatesByModels(rows) },
  ]
}

function latencyByModels(rows: readonly BenchRow[]): string {
  const points = (name: string, kernel: Kernel): Point[] =>
    rows
      .filter((row) => row.name === name && row.kernel === kernel && row.dimension === 26)
      .map(({ models, p50Ns }) => [models, p50Ns])
  return logLogChart({
    title: 'One routing decision, d = 26',
    xLabel: 'models (log)',
    yLabel: 'median time (log)',
    xTicks: [3, 10, 100, 1000, 10_000],
    yFormat: tickOfTime,
    series: latencySeries(points),
    marks: PUBLISHED_BY_MODELS,
  })
}

function latencyByDimension(rows: readonly BenchRow[]): string {
  const points = (name: string, kernel: Kernel): Point[] =>
    rows
      .filter((row) => row.name === name && row.kernel === kernel && row.models === 3)
      .map(({ dimension, p50Ns }) => [dimension, p50Ns])
  return logLogChart({
    title: 'One routing decision, 3 models',
    xLabel: 'dimension of the context (log)',
    yLabel: 'median time (log)',
    xTicks: [26, 64, 385],
    yFormat: tickOfTime,
    series: latencySeries(points),
    marks: PUBLISHED_BY_DIMENSION,
  })
}

function latencySeries(points: (name: string, kernel: Kernel) => Point[]): Series[] {
  const series: Series[] = [
    { label: 'plain, scores only', color: COLORS.plain, points: points('score', 'plain') },
    { label: 'route, js', color: COLORS.js, points: points('route', 'js') },
    { label: 'route, wasm', color: COLORS.wasm, points: points('route', 'wasm') },
    { label: 'route, native', color: COLORS.native, points: points('route', 'native') },
    { label: 'C limit, scores only', color: COLORS.limit, points: points('score', 'limit'), dashed: true },
  ]
  return series.filter((each) => each.points.length > 0)
}

function candidatesByModels(rows: readonly BenchRow[]): string {
  const points = (name: string, kernel: Kernel): Point[] =>
    rows
      .filter((row) => row.name === name && row.kernel === kernel && row.dimension === 26)
      .filter(({ alpha }) => alpha === undefined || alpha === 0.1)
      .map(({ models, perMs }) => [models, perMs ?? 0])
  const series: Series[] = (['js', 'wasm', 'native'] as const).flatMap((kernel) => [
    { label: `pruned, ${kernel}`, color: COLORS[kernel], points: points('score-pruned', kernel) },
    { label: `full, ${kernel}`, color: COLORS[kernel], points: points('score', kernel), dashed: true },
  ])
  const others: Series[] = [
    { label: 'full, C limit', color: COLORS.limit, points: points('score', 'limit'), dashed: true },
    { label: 'full, plain', color: COLORS.plain, points: points('score', 'plain'), dashed: true },
  ]
  return logLogChart({
    title: 'Candidates scored, d = 26, alpha 0.1',
    xLabel: 'models (log)',
    yLabel: 'candidates per millisecond (log)',
    xTicks: [3, 10, 100, 1000, 10_000],
    yFormat: whole,
    series: [...series, ...others].filter((each) => each.points.length > 0),
    marks: [],
  })
}

/** `10 us` of 10,000 ns: ticks are powers of ten. */
function tickOfTime(ns: number): string {
  return formatNs(ns).replace(/\.0+ /, ' ')
}
