import { scaleLinear, scaleLog } from 'd3-scale'
import { mean } from '../../src/base/statistics.js'
import { spread } from '../../src/report/labels.js'
import { hint, label, polyline, tag } from '../../src/report/svg.js'
import type { Figures, SetFigures, Start } from './figures.js'
import { runsOf } from './targets.js'

const PANEL = { width: 430, height: 270, gap: 28 }
const MARGIN = { top: 38, right: 86, bottom: 36, left: 44 }
const COLUMNS = 2
const SIDE = 20
const TOP = 62
const STYLE = `text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#1d1f23}
.title{font-size:17px;font-weight:600}.note,.axis,.tick{fill:#5f6470}.tick,.axis{font-size:11.5px}.name{font-weight:600}
.grid{stroke:#dedbd2;stroke-width:1}.line{fill:none;stroke-width:2;stroke-linejoin:round}.end{font-weight:600;font-size:11.5px}
.fixed{fill:#b9b5aa}.level{stroke:#1d1f23;stroke-width:1.2;stroke-dasharray:5 4}`
const COLORS = {
  bound: '#5f6470',
  warm: '#0072b2',
  cold: '#56b4e9',
  paper: '#c4541b',
  threshold: '#009e73',
}
/** Of budgets, tight to loose: the ramp of the report. */
const BUDGET_COLORS = ['#440f54', '#46327e', '#365c8d', '#277f8e', '#1a8f6f', '#4f9a2b', '#9a7d0a']

interface Series {
  readonly label: string
  readonly color: string
  readonly points: readonly (readonly [x: number, y: number])[]
  readonly dashes?: string
  readonly hint: string
}

interface Panel {
  readonly name: string
  readonly xLabel: string
  readonly xFormat: (value: number) => string
  readonly yLabel: string
  readonly yFormat: (value: number) => string
  readonly series: readonly Series[]
  /** Diamonds. */
  readonly marks: readonly { readonly x: number; readonly y: number; readonly hint: string }[]
  /** A horizontal line, or null. */
  readonly level: number | null
}

/** Reward by budget on every set: the bound, policy `dollar` warm and cold, policy `paper` and a threshold router. */
export function frontierPicture({ sets }: Figures): string {
  const title = 'What a budget buys on every set'
  const note = 'A point a budget. Grey diamonds: always the same model, at what it costs. Dashed: the bound.'
  return picture(title, note, sets.map(frontierPanel))
}

/** Policy `dollar` from nothing, against always calling the best model within the budget. */
export function firstDayPicture({ sets }: Figures): string {
  const title = 'The first day, from nothing'
  const note =
    'Mean reward from the first request on, above always calling the best model within the budget; budgets two to six.'
  return picture(title, note, sets.map(firstDayPanel))
}

function frontierPanel(set: SetFigures): Panel {
  const policyLine = (policy: string, start: Start) =>
    runsOf(set, policy, start).map(
      ({ budgetIndex, rewards }) => [set.references[budgetIndex].budgetUsdPerRequest, mean(rewards)] as const,
    )
  const reference = (read: (at: SetFigures['references'][number]) => number) =>
    set.references.map((at) => [at.budgetUsdPerRequest, read(at)] as const)
  const series: Series[] = [
    {
      ...{ label: 'bound', hint: 'the bound at each budget', color: COLORS.bound, dashes: '4 4' },
      points: reference(({ bound }) => bound),
    },
    {
      ...{ label: 'threshold', hint: 'threshold router', color: COLORS.threshold },
      points: reference(({ threshold }) => threshold),
    },
    {
      ...{ label: 'paper, warm', hint: 'policy paper with priors', color: COLORS.paper },
      points: policyLine('paper', 'warm'),
    },
    {
      ...{ label: 'dollar, cold', hint: 'policy dollar from nothing', color: COLORS.cold },
      points: policyLine('dollar', 'cold'),
    },
    {
      ...{ label: 'dollar, warm', hint: 'policy dollar with priors', color: COLORS.warm },
      points: policyLine('dollar', 'warm'),
    },
  ]
  return {
    name: `${set.name}, ${set.models} models`,
    xLabel: 'budget, USD per 1,000 requests (log)',
    xFormat: (value) => `$${Number((value * 1000).toPrecision(1))}`,
    yLabel: 'reward',
    yFormat: (value) => value.toFixed(2).replace(/^0/, ''),
    series,
    marks: set.fixed
      .filter(({ costUsd }) => costUsd > 0)
      .map(({ model, reward, costUsd }) => ({ x: costUsd, y: reward, hint: `always ${model}` })),
    level: null,
  }
}

function firstDayPanel(set: SetFigures): Panel {
  const series = runsOf(set, 'dollar', 'cold')
    .filter(({ budgetIndex }) => budgetIndex > 0 && budgetIndex < set.references.length - 1)
    .map(({ budgetIndex, firstDay }): Series => {
      const usd = set.references[budgetIndex].budgetUsdPerRequest * 1000
      return {
        label: `$${Number(usd.toPrecision(2))}`,
        hint: `budget $${Number(usd.toPrecision(2))} per 1,000 requests`,
        color: BUDGET_COLORS[budgetIndex] ?? COLORS.bound,
        points: (firstDay?.points ?? []).map(
          ({ requests, policy, fixed }) => [requests, policy.reward - fixed.reward] as const,
        ),
      }
    })
  return {
    name: `${set.name}, ${set.models} models`,
    xLabel: 'requests since the first (log)',
    xFormat: (value) => value.toLocaleString('en'),
    yLabel: 'reward so far, above the best model',
    yFormat: (value) => (value > 0 ? '+' : '') + String(Number(value.toFixed(3))),
    series,
    marks: [],
    level: 0,
  }
}

function picture(title: string, note: string, panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / COLUMNS)
  const width = 2 * SIDE + COLUMNS * (PANEL.width + PANEL.gap) - PANEL.gap
  const height = TOP + rows * (PANEL.height + PANEL.gap)
  const drawn = panels.map((panel, i) => {
    const x = SIDE + (i % COLUMNS) * (PANEL.width + PANEL.gap)
    const y = TOP + Math.floor(i / COLUMNS) * (PANEL.height + PANEL.gap)
    return tag('g', { transform: `translate(${x} ${y})` }, ...panelParts(panel))
  })
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height }
  return `${tag(
    'svg',
    { ...attributes, role: 'img', 'aria-label': title },
    tag('style', {}, STYLE),
    tag('rect', { width, height, fill: '#fcfbf8' }),
    label(title, SIDE, 28, { class: 'title' }),
    label(note, SIDE, 48, { class: 'note' }),
    ...drawn,
  )}\n`
}

function panelParts(panel: Panel): string[] {
  const all = [
    ...panel.series.flatMap(({ points }) => points),
    ...panel.marks.map(({ x, y }) => [x, y] as const),
  ]
  const xs = all.map(([x]) => x)
  const ys = [...all.map(([, y]) => y), ...(panel.level === null ? [] : [panel.level])]
  const pad = 0.06 * (Math.max(...ys) - Math.min(...ys)) + 1e-3
  const right = PANEL.width - MARGIN.right
  const bottom = PANEL.height - MARGIN.bottom
  const x = scaleLog()
    .domain([Math.min(...xs) / 1.15, Math.max(...xs) * 1.15])
    .range([MARGIN.left, right])
  const y = scaleLinear()
    .domain([Math.min(...ys) - pad, Math.max(...ys) + pad])
    .range([bottom, MARGIN.top])
  const drawn = panel.series.filter(({ points }) => points.length > 0)
  const at = (points: Series['points']) => points.map(([px, py]) => [x(px), y(py)] as const)
  const ends = spread(
    drawn.map(({ points }) => y(points[points.length - 1][1])),
    14,
    MARGIN.top,
    bottom,
  )
  return [
    label(panel.name, 0, 8, { class: 'name' }),
    label(panel.yLabel, 0, 25, { class: 'axis' }),
    label(panel.xLabel, right, PANEL.height - 3, { class: 'axis', 'text-anchor': 'end' }),
    ...y
      .ticks(5)
      .flatMap((value) => [
        tag('line', { x1: MARGIN.left, x2: right, y1: y(value), y2: y(value), class: 'grid' }),
        label(panel.yFormat(value), MARGIN.left - 6, y(value) + 4, { class: 'tick', 'text-anchor': 'end' }),
      ]),
    ...logTicks(x.domain()).map((value) =>
      label(panel.xFormat(value), x(value), bottom + 16, { class: 'tick', 'text-anchor': 'middle' }),
    ),
    panel.level === null
      ? ''
      : tag('line', { x1: MARGIN.left, x2: right, y1: y(panel.level), y2: y(panel.level), class: 'level' }),
    ...panel.marks.map((mark) => diamond(x(mark.x), y(mark.y), mark.hint)),
    ...drawn.map(({ points, color, dashes, hint: text }) =>
      tag(
        'path',
        { d: polyline(at(points)), class: 'line', stroke: color, 'stroke-dasharray': dashes },
        hint(text),
      ),
    ),
    ...drawn.map(({ label: text, color }, i) =>
      label(text, right + 6, ends[i] + 4, { class: 'end', style: `fill:${color}` }),
    ),
  ]
}

function diamond(x: number, y: number, text: string): string {
  return tag(
    'path',
    { d: `M${x.toFixed(1)},${(y - 5).toFixed(1)}l4,5l-4,5l-4,-5z`, class: 'fixed' },
    hint(text),
  )
}

/** One, two and five of each decade; of wide axes fewer. */
function logTicks([low, high]: readonly number[]): number[] {
  const steps = high / low < 50 ? [1, 2, 5] : high / low < 1000 ? [1, 3] : [1]
  return Array.from({ length: 20 }, (_, i) => 10 ** (i - 10))
    .flatMap((decade) => steps.map((step) => step * decade))
    .filter((tick) => tick >= low && tick <= high)
}
