import { scaleLinear } from 'd3-scale'
import { visible } from '../base/visible.js'
import { fitted } from './labels.js'
import { hint, label, type Size, tag } from './svg.js'

/** A mean with its interval, on a line of its own. */
export interface ForestLine {
  /** Stands above the first line of a group; empty for the others. */
  readonly group: string
  readonly label: string
  readonly mean: number
  readonly ci95: readonly [low: number, high: number]
  readonly hint: string
  /** Drawn light: beside the one that counts. */
  readonly faint?: boolean
}

interface ForestPlot {
  readonly lines: readonly ForestLine[]
  readonly xLabel: string
  readonly xFormat: (value: number) => string
  /** A vertical line to compare with, or null. */
  readonly reference: number | null
}

const MARGIN = { top: 12, right: 18, bottom: 38, left: 112 }
const LINE_HEIGHT = 19
const GROUP_HEIGHT = 24

/** The height that a plot of these lines takes, whatever its width. */
export function forestHeight(lines: readonly ForestLine[]): number {
  const groups = lines.filter(({ group }) => group !== '').length
  return MARGIN.top + MARGIN.bottom + lines.length * LINE_HEIGHT + groups * GROUP_HEIGHT
}

/** Means as points on lines that are their 95 % intervals, one below the other. */
export function forestPlot({ lines, xLabel, xFormat, reference }: ForestPlot, size: Size): string {
  const ends = lines.flatMap(({ ci95 }) => [...ci95])
  if (reference !== null) ends.push(reference)
  const [low, high] = [Math.min(...ends), Math.max(...ends)]
  const pad = 0.06 * (high - low) || Math.abs(high) || 1
  const right = size.width - MARGIN.right
  const bottom = size.height - MARGIN.bottom
  const x = scaleLinear()
    .domain([low - pad, high + pad])
    .range([MARGIN.left, right])
  let y = MARGIN.top
  const drawn = lines.map((line) => {
    const head = line.group === '' ? '' : heading(line.group, y + 16, right)
    if (line.group !== '') y += GROUP_HEIGHT
    const middle = y + LINE_HEIGHT / 2
    y += LINE_HEIGHT
    return head + drawLine(line, x, middle)
  })
  const ticks = x.ticks(size.width < 450 ? 3 : 5)
  return [
    ...ticks.flatMap((value) => [
      tag('line', { x1: x(value), x2: x(value), y1: MARGIN.top, y2: bottom, class: 'grid' }),
      label(xFormat(value), x(value), bottom + 16, { class: 'tick', 'text-anchor': 'middle' }),
    ]),
    reference === null
      ? ''
      : tag('line', { x1: x(reference), x2: x(reference), y1: MARGIN.top, y2: bottom, class: 'event' }),
    ...drawn,
    label(xLabel, right, size.height - 3, { class: 'axis', 'text-anchor': 'end' }),
  ].join('')
}

/** As much of a name as there is room for; the pointer tells the rest. */
function heading(name: string, y: number, width: number): string {
  const shown = fitted(visible(name), width)
  const text = label(shown, 0, y, { class: 'panel' })
  return shown === visible(name) ? text : tag('g', {}, text, hint(name))
}

function drawLine(line: ForestLine, x: (value: number) => number, y: number): string {
  const [low, high] = line.ci95
  return tag(
    'g',
    { class: 'policy', opacity: line.faint === true ? 0.45 : undefined },
    label(line.label, MARGIN.left - 10, y + 4, { class: 'tick', 'text-anchor': 'end' }),
    tag('line', { x1: x(low), x2: x(high), y1: y, y2: y }),
    tag('circle', { cx: x(line.mean), cy: y, r: 3 }),
    hint(line.hint),
  )
}
