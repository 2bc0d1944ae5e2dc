import { scaleLinear, scaleLog } from 'd3-scale'
import { symbol, type symbolCircle, symbolDiamond, symbolStar, symbolTriangle } from 'd3-shape'
import { bestMix, type Point } from '../hindsight.js'
import type { BaselineRow, PolicyRow } from '../result.js'
import { halfWidth, reward, usdPerThousand } from './format.js'
import { type Box, placeLabels, textWidth } from './labels.js'
import { hint, label, polyline, type Size, tag } from './svg.js'

export interface Frontier {
  readonly policy: string
  /** Rows of one phase of one variant. */
  readonly rows: readonly PolicyRow[]
  readonly baselines: readonly BaselineRow[]
  readonly colorOf: (modelId: string) => string
  /** Written above the plot, for panels. */
  readonly title?: string
}

interface Mark extends Point {
  readonly text: string
  readonly hint: string
  readonly shape: typeof symbolCircle
  readonly area: number
  readonly className: string
  readonly color?: string
}

const MARGIN = { top: 26, right: 18, bottom: 36, left: 44 }
const BASELINE_LABELS = {
  random: 'uniform random',
  linucb: 'LinUCB, static',
  forgetting: 'forgetting, static',
  oracle: 'oracle',
}

/** Reward against cost (logarithmic): fixed models, what mixing two of them reaches, baselines, the policy with its CI. */
export function frontier(plot: Frontier, size: Size): string {
  const marks = [...fixedMarks(plot), ...baselineMarks(plot)]
  const policy = plot.rows.map((row) => ({ ...row, costUsd: row.utilisation * row.budgetUsdPerRequest }))
  const costs = [...marks, ...policy].map((point) => point.costUsd).filter((cost) => cost > 0)
  const rewards = [...marks.map((mark) => mark.reward), ...policy.flatMap((row) => [...row.rewardCi95])]
  const x = scaleLog()
    .domain([Math.min(...costs) / 1.35, Math.max(...costs) * 1.7])
    .range([MARGIN.left, size.width - MARGIN.right])
  const pad = 0.08 * (Math.max(...rewards) - Math.min(...rewards)) + 1e-3
  const y = scaleLinear()
    .domain([Math.min(...rewards) - pad, Math.max(...rewards) + pad])
    .range([size.height - MARGIN.bottom, MARGIN.top])
    .nice(5)
  const at = ({ costUsd, reward: value }: Point): [number, number] => [
    x(Math.max(costUsd, x.domain()[0])),
    y(value),
  ]
  const policyAt = policy.map(at)
  return [
    ...axes(x, y, size, plot.title),
    mixLine(plot, x, at),
    tag('path', { d: polyline(policyAt), class: 'policy-line' }),
    ...policy.map((row, i) => policyMark(row, policyAt[i], y)),
    ...marks.map((mark) => drawMark(mark, at(mark))),
    ...labelsOf(marks, at, policyAt, plot.policy, size),
  ].join('')
}

function fixedMarks({ baselines, colorOf }: Frontier): Mark[] {
  return baselines
    .filter((row) => row.baseline === 'fixed')
    .map((row) => ({
      costUsd: row.costUsdPerRequest,
      reward: row.reward,
      text: shortName(row.model ?? ''),
      hint: `always ${row.model}: reward ${reward(row.reward)} ${halfWidth(row.rewardCi95)}, ${perThousand(row.costUsdPerRequest)}`,
      shape: symbolDiamond,
      area: 90,
      className: 'fixed',
      color: colorOf(row.model ?? ''),
    }))
}

function baselineMarks({ baselines }: Frontier): Mark[] {
  return baselines.flatMap((row) => {
    if (row.baseline === 'fixed' || row.baseline === 'mix') return []
    const text = BASELINE_LABELS[row.baseline]
    return [
      {
        costUsd: row.costUsdPerRequest,
        reward: row.reward,
        text,
        hint: `${text}: reward ${reward(row.reward)} ${halfWidth(row.rewardCi95)}, ${perThousand(row.costUsdPerRequest)}`,
        shape: row.baseline === 'oracle' ? symbolStar : symbolTriangle,
        area: row.baseline === 'oracle' ? 70 : 44,
        className: 'baseline',
      },
    ]
  })
}

/** The best mix of two fixed models at every cost in between: straight in dollars, curved on a logarithmic axis. */
function mixLine(plot: Frontier, x: { domain(): number[] }, at: (point: Point) => [number, number]): string {
  const points = fixedMarks(plot).filter((mark) => mark.costUsd > 0)
  if (points.length < 2) return ''
  const low = Math.min(...points.map((point) => point.costUsd))
  const high = Math.min(Math.max(...points.map((point) => point.costUsd)), x.domain()[1])
  const path = Array.from({ length: 90 }, (_, i) => at(bestMix(points, low * (high / low) ** (i / 89))))
  return tag(
    'path',
    { d: polyline(path), class: 'mix-line' },
    hint('best affordable mix of two fixed models'),
  )
}

function policyMark(
  row: PolicyRow & Point,
  [px, py]: readonly [number, number],
  y: (value: number) => number,
): string {
  const text = `${perThousand(row.budgetUsdPerRequest)} budget: reward ${reward(row.reward)} ${halfWidth(row.rewardCi95)}, spent ${perThousand(row.costUsd)}`
  return tag(
    'g',
    { class: 'policy' },
    tag('line', { x1: px, x2: px, y1: y(row.rewardCi95[0]), y2: y(row.rewardCi95[1]) }),
    tag('circle', { cx: px, cy: py, r: 4.5 }),
    hint(text),
  )
}

function drawMark(mark: Mark, [px, py]: readonly [number, number]): string {
  const d = symbol(mark.shape, mark.area)() ?? ''
  const transform = `translate(${px.toFixed(1)},${py.toFixed(1)})`
  return tag('path', { d, transform, class: mark.className, fill: mark.color }, hint(mark.hint))
}

function labelsOf(
  marks: readonly Mark[],
  at: (point: Point) => [number, number],
  policyAt: readonly (readonly [number, number])[],
  policy: string,
  size: Size,
): string[] {
  const square = ([px, py]: readonly [number, number]): Box => ({
    x: px - 6,
    y: py - 6,
    width: 12,
    height: 12,
  })
  const obstacles = [...marks.map((mark) => square(at(mark))), ...along(policyAt).map(square)]
  const bounds = {
    x: MARGIN.left,
    y: MARGIN.top - 6,
    width: size.width - MARGIN.left,
    height: size.height - MARGIN.bottom - MARGIN.top + 6,
  }
  const middle = policyAt[Math.floor(policyAt.length / 2)] ?? [0, 0]
  const named = [
    ...marks.filter((mark) => mark.className === 'fixed').map((mark) => ({ mark, point: at(mark) })),
    { mark: null, point: middle },
    ...marks.filter((mark) => mark.className !== 'fixed').map((mark) => ({ mark, point: at(mark) })),
  ]
  const placed = placeLabels(
    named.map(({ mark, point: [px, py] }) => ({ x: px, y: py, text: mark?.text ?? `policy ${policy}` })),
    obstacles,
    bounds,
  )
  return placed.map((place, i) => {
    if (place === null) return ''
    const mark = named[i].mark
    const className = mark === null ? 'name policy-name' : mark.className === 'fixed' ? 'name' : 'name quiet'
    return label(place.text, place.x, place.y, { 'text-anchor': place.anchor, class: className })
  })
}

/** Points every 12 px along a polyline, so that labels keep off it. */
function along(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  return points.flatMap((point, i) => {
    const next = points[i + 1]
    if (next === undefined) return [point]
    const steps = Math.max(1, Math.ceil(Math.hypot(next[0] - point[0], next[1] - point[1]) / 12))
    return Array.from({ length: steps }, (_, s): [number, number] => [
      point[0] + ((next[0] - point[0]) * s) / steps,
      point[1] + ((next[1] - point[1]) * s) / steps,
    ])
  })
}

function axes(
  x: ReturnType<typeof scaleLog<number, number>>,
  y: ReturnType<typeof scaleLinear<number, number>>,
  size: Size,
  title: string | undefined,
): string[] {
  const bottom = size.height - MARGIN.bottom
  const steps = size.width < 450 ? [1] : [1, 3]
  const decades = Array.from({ length: 16 }, (_, i) => 10 ** (i - 9))
  const ticks = decades
    .flatMap((d) => steps.map((s) => d * s))
    .filter((t) => t >= x.domain()[0] && t <= x.domain()[1])
  return [
    ...y.ticks(5).flatMap((value) => [
      tag('line', {
        x1: MARGIN.left,
        x2: size.width - MARGIN.right,
        y1: y(value),
        y2: y(value),
        class: 'grid',
      }),
      label(value.toFixed(2).replace(/^0/, ''), MARGIN.left - 6, y(value) + 4, {
        class: 'tick',
        'text-anchor': 'end',
      }),
    ]),
    ...ticks.flatMap((value) => [
      tag('line', { x1: x(value), x2: x(value), y1: bottom, y2: bottom + 4, class: 'axis-tick' }),
      label(`$${Number((value * 1000).toPrecision(1))}`, x(value), bottom + 16, {
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
      : label(title, Math.max(60, size.width - MARGIN.right - textWidth(title)), 11, { class: 'panel' }),
  ]
}

function perThousand(usd: number): string {
  return `${usdPerThousand(usd)} per 1,000 requests`
}

/** The part of an id after its last slash: `google/gemini-2.5-pro` reads `gemini-2.5-pro`. */
export function shortName(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1) || id
}
