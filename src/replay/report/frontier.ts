import { scaleLinear, scaleLog } from 'd3-scale'
import { perThousand, rewardAndWidth } from '../../report/format.js'
import { hint, label, polyline, type Size, tag } from '../../report/svg.js'
import { usdTicks, usdTickText } from '../../report/usd-ticks.js'
import { bestMix, type Point } from '../hindsight.js'
import type { BaselineRow, PolicyRow } from '../result.js'
import { frontierLabels } from './frontier-labels.js'
import { baselinePoints, besidePoints, fixedPoints, type PlotPoint } from './frontier-points.js'
import { symbolPath } from './symbol-path.js'

export interface Frontier {
  readonly policy: string
  /** Rows of one phase of one variant. */
  readonly rows: readonly PolicyRow[]
  readonly baselines: readonly BaselineRow[]
  readonly colorOf: (modelId: string) => string
  /** Written above the plot, for panels. */
  readonly title?: string
  /** Models alone are named in the plot, where the page says what the other marks are. Default: everything is. */
  readonly namesModelsAlone?: boolean
}

const MARGIN = { top: 26, right: 18, bottom: 36, left: 44 }
/** Reward against cost (logarithmic): fixed models, what mixing two of them reaches, baselines, the policy with its CI. */
export function frontier(plot: Frontier, size: Size): string {
  const fixed = fixedPoints(plot.baselines, plot.colorOf)
  const points = [...fixed, ...baselinePoints(plot.baselines)]
  const policy = plot.rows
    .map((row) => ({ ...row, costUsd: row.utilisation * row.budgetUsdPerRequest }))
    .sort((a, b) => a.costUsd - b.costUsd)
  const beside = besidePoints(plot.baselines)
  const { x, y } = scales(
    [...points, ...policy, ...beside.flatMap((other) => other.points)],
    policy.flatMap((row) => [...row.rewardCi95]),
    size,
  )
  const at = ({ costUsd, reward: value }: Point): [number, number] => [
    x(Math.max(costUsd, x.domain()[0])),
    y(value),
  ]
  const policyAt = policy.map(at)
  const besideAt = beside.map((other) => ({ policy: other.policy, points: other.points.map(at) }))
  const mixAt = mixPoints(fixed, x.domain()[1]).map(at)
  const bounds = {
    x: MARGIN.left,
    y: MARGIN.top - 6,
    width: size.width - MARGIN.left,
    height: size.height - MARGIN.bottom - MARGIN.top + 6,
  }
  return [
    ...axes(x, y, size, plot.title),
    tag('path', { d: polyline(mixAt), class: 'mix-line' }, hint('best affordable mix of two fixed models')),
    ...besideAt.map(({ points }) => tag('path', { d: polyline(points), class: 'beside-line' })),
    ...beside.flatMap((other) => other.points.map((point) => drawPoint(point, at(point)))),
    tag('path', { d: polyline(policyAt), class: 'policy-line' }),
    ...policy.map((row, i) => policyPoint(row, policyAt[i], y)),
    ...points.map((point) => drawPoint(point, at(point))),
    ...frontierLabels({
      ...{ points, at, policy: plot.policy, policyAt, besideAt, mixAt, bounds },
      namesModelsAlone: plot.namesModelsAlone ?? false,
    }),
  ].join('')
}

function scales(points: readonly Point[], intervals: readonly number[], size: Size) {
  const costs = points.map((point) => point.costUsd).filter((cost) => cost > 0)
  const low = costs.length === 0 ? 1e-6 : Math.min(...costs)
  const high = costs.length === 0 ? 1e-3 : Math.max(...costs)
  const rewards = [...points.map((point) => point.reward), ...intervals]
  const pad = 0.08 * (Math.max(...rewards) - Math.min(...rewards)) + 1e-3
  const y = scaleLinear()
    .domain([Math.min(...rewards) - pad, Math.max(...rewards) + pad])
    .range([size.height - MARGIN.bottom, MARGIN.top])
    .nice(5)
  const [worst, best] = y.domain()
  return {
    x: scaleLog()
      .domain([low / 1.35, high * (size.width < 450 ? 7 : 1.9)])
      .range([MARGIN.left, size.width - MARGIN.right]),
    y: y.domain([Math.max(0, worst), Math.min(1, best)]),
  }
}

/** The best mix of two fixed models at every cost in between: straight in dollars, curved on a logarithmic axis. */
function mixPoints(fixed: readonly Point[], highest: number): Point[] {
  const points = fixed.filter((point) => point.costUsd > 0)
  if (points.length < 2) return []
  const low = Math.min(...points.map((point) => point.costUsd))
  const high = Math.min(Math.max(...points.map((point) => point.costUsd)), highest)
  return Array.from({ length: 90 }, (_, i) => bestMix(points, low * (high / low) ** (i / 89)))
}

function policyPoint(
  row: PolicyRow & Point,
  [px, py]: readonly [number, number],
  y: (value: number) => number,
): string {
  const text = `${perThousand(row.budgetUsdPerRequest)} budget: reward ${rewardAndWidth(row)}, spent ${perThousand(row.costUsd)}`
  return tag(
    'g',
    { class: 'policy' },
    tag('line', { x1: px, x2: px, y1: y(row.rewardCi95[0]), y2: y(row.rewardCi95[1]) }),
    tag('circle', { cx: px, cy: py, r: 4.5 }),
    hint(text),
  )
}

function drawPoint(point: PlotPoint, [px, py]: readonly [number, number]): string {
  const d = symbolPath(point.shape, point.area)
  const transform = `translate(${px.toFixed(1)},${py.toFixed(1)})`
  return tag('path', { d, transform, class: point.className, fill: point.color }, hint(point.hint))
}

function axes(
  x: ReturnType<typeof scaleLog<number, number>>,
  y: ReturnType<typeof scaleLinear<number, number>>,
  size: Size,
  title: string | undefined,
): string[] {
  const bottom = size.height - MARGIN.bottom
  const [low, high] = x.domain()
  const steps = high / low < 100 ? [1, 2, 5] : size.width < 450 ? [1] : [1, 3]
  const ticks = y.ticks(5)
  // As many digits as tell one tick from the next.
  const [first = 0, second = first + 1] = ticks
  const digits = Math.max(2, Math.ceil(-Math.log10(second - first) - 1e-9))
  return [
    ...ticks.flatMap((value) => [
      tag('line', {
        x1: MARGIN.left,
        x2: size.width - MARGIN.right,
        y1: y(value),
        y2: y(value),
        class: 'grid',
      }),
      label(value.toFixed(digits).replace(/^0/, ''), MARGIN.left - 6, y(value) + 4, {
        class: 'tick',
        'text-anchor': 'end',
      }),
    ]),
    ...usdTicks([low, high], steps).flatMap((value) => [
      tag('line', { x1: x(value), x2: x(value), y1: bottom, y2: bottom + 4, class: 'axis-tick' }),
      label(usdTickText(value), x(value), bottom + 16, {
        class: 'tick',
        'text-anchor': 'middle',
      }),
    ]),
    label('reward', 0, 11, { class: 'axis' }),
    label('USD per 1,000 requests (log)', size.width - MARGIN.right, size.height - 3, {
      class: 'axis',
      'text-anchor': 'end',
    }),
    title === undefined
      ? ''
      : label(title, size.width - MARGIN.right, 11, { class: 'panel', 'text-anchor': 'end' }),
  ]
}
