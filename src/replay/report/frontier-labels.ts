import { type Box, placeLabels, pointsAlong } from '../../report/labels.js'
import { label, polyline, tag } from '../../report/svg.js'
import type { PlotPoint } from './frontier-points.js'

type Pixel = readonly [x: number, y: number]

/** Points closer than this share a label. */
const TOUCHING_PX = 14
/** Characters of a name at most: an id may have hundreds. The hint of the mark has all of it. */
const NAME_LENGTH_MAX = 28
/** Half the size of a point of a line, with its stroke. */
const POINT_PX = 5

interface FrontierLabels {
  readonly points: readonly PlotPoint[]
  readonly at: (point: PlotPoint) => Pixel
  readonly policy: string
  readonly policyAt: readonly Pixel[]
  readonly besideAt: readonly { readonly policy: string; readonly points: readonly Pixel[] }[]
  readonly mixAt: readonly Pixel[]
  readonly bounds: Box
  /** Whether models alone are named: the page says what the rest is. */
  readonly namesModelsAlone: boolean
}

/**
 * Names beside the marks and lines: models first, then the policies, the baselines, the mix. No two overlap; one that would
 * stand far from its mark has a leader, and one that fits nowhere is left out.
 */
export function frontierLabels(plot: FrontierLabels): string[] {
  const { points, at, policyAt, besideAt, mixAt, bounds } = plot
  const models = points
    .filter((point) => point.className === 'fixed')
    .map((point) => nameAt(point.text, at(point), 'name'))
  const named = plot.namesModelsAlone ? models : [...models, ...namesOfOthers(plot)]
  const obstacles = [
    ...points.map((point) => square(at(point), halfSize(point))),
    ...[...along(policyAt), ...besideAt.flatMap((beside) => beside.points)].map((point) => square(point)),
  ]
  const lines = [...along(mixAt), ...besideAt.flatMap(({ points }) => along(points))].map((point) =>
    square(point),
  )
  const placed = placeLabels(named, obstacles, lines, bounds)
  const leaders = placed.map((place) =>
    place === null || place.leader === null
      ? ''
      : tag('path', { d: polyline(place.leader), class: 'leader' }),
  )
  const names = placed.map((place, i) =>
    place === null
      ? ''
      : label(place.text, place.x, place.y, { 'text-anchor': place.anchor, class: named[i].className }),
  )
  return [...leaders, ...names]
}

/** The policies, the baselines and the mix. */
function namesOfOthers({ points, at, policy, policyAt, besideAt, mixAt }: FrontierLabels): Named[] {
  return [
    ...policyAt
      .slice(Math.floor(policyAt.length / 2))
      .slice(0, 1)
      .map((point) => nameAt(`policy ${policy}`, point, 'name')),
    ...besideAt.map((other) =>
      nameAt(`policy ${other.policy}`, other.points[Math.floor(other.points.length / 3)], 'name quiet'),
    ),
    ...merged(
      points.filter((point) => point.className !== 'fixed'),
      at,
    ),
    ...mixAt
      .slice(Math.floor(mixAt.length * 0.3))
      .slice(0, 1)
      .map((point) => nameAt('best mix of two', point, 'name quiet')),
  ]
}

interface Named {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly className: string
}

function nameAt(text: string, [x, y]: Pixel, className: string): Named {
  const characters = [...text]
  const shown =
    characters.length <= NAME_LENGTH_MAX ? text : `${characters.slice(0, NAME_LENGTH_MAX - 1).join('')}…`
  return { text: shown, x, y, className }
}

/** One label for points that touch: LinUCB with and without forgetting often coincide. */
function merged(points: readonly PlotPoint[], at: (point: PlotPoint) => Pixel): Named[] {
  const groups: PlotPoint[][] = []
  for (const point of points) {
    const near = groups.find(([first]) => distance(at(first), at(point)) < TOUCHING_PX)
    if (near === undefined) groups.push([point])
    else near.push(point)
  }
  return groups.map((group) => {
    const texts = group.map((point) => point.text)
    const both = texts.includes('LinUCB') && texts.includes('LinUCB + forgetting')
    const text = both && texts.length === 2 ? 'LinUCB ± forgetting' : texts.join(', ')
    return nameAt(text, at(group[0]), 'name quiet')
  })
}

function square([x, y]: Pixel, half = POINT_PX): Box {
  return { x: x - half, y: y - half, width: 2 * half, height: 2 * half }
}

/** Diamonds and stars reach further than their area says. */
function halfSize({ area }: PlotPoint): number {
  return 0.85 * Math.sqrt(area)
}

function distance(a: Pixel, b: Pixel): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1])
}

/** So close that labels keep off the line between. */
function along(points: readonly Pixel[]): Pixel[] {
  return pointsAlong(points, 12)
}
