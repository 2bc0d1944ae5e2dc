import { type Box, placeLabels } from '../../report/labels.js'
import { label } from '../../report/svg.js'
import type { Mark } from './frontier-marks.js'

type Pixel = readonly [x: number, y: number]

/** Marks closer than this share a label. */
const TOUCHING_PX = 14

interface FrontierLabels {
  readonly marks: readonly Mark[]
  readonly at: (mark: Mark) => Pixel
  readonly policy: string
  readonly policyAt: readonly Pixel[]
  readonly besideAt: readonly { readonly policy: string; readonly points: readonly Pixel[] }[]
  readonly mixAt: readonly Pixel[]
  readonly bounds: Box
}

/** Names beside the marks and lines: models first, then the policy, the mix, the baselines. */
export function frontierLabels(plot: FrontierLabels): string[] {
  const { marks, at, policy, policyAt, besideAt, mixAt, bounds } = plot
  const named = [
    ...marks.filter((mark) => mark.className === 'fixed').map((mark) => nameAt(mark.text, at(mark), 'name')),
    ...policyAt
      .slice(Math.floor(policyAt.length / 2))
      .slice(0, 1)
      .map((point) => nameAt(`policy ${policy}`, point, 'name')),
    ...besideAt.map((other) =>
      nameAt(`policy ${other.policy}`, other.points[Math.floor(other.points.length / 3)], 'name quiet'),
    ),
    ...merged(
      marks.filter((mark) => mark.className !== 'fixed'),
      at,
    ),
    ...mixAt
      .slice(Math.floor(mixAt.length * 0.3))
      .slice(0, 1)
      .map((point) => nameAt('best mix of two', point, 'name quiet')),
  ]
  const besides = besideAt.map(({ points }) => points)
  const obstacles = [...marks.map(at), ...along(policyAt), ...besides.flat()].map(square)
  const lines = [...along(mixAt), ...besides.flatMap(along)].map(square)
  const placed = placeLabels(named, obstacles, lines, bounds)
  return placed.map((place, i) =>
    place === null
      ? ''
      : label(place.text, place.x, place.y, { 'text-anchor': place.anchor, class: named[i].className }),
  )
}

interface Named {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly className: string
}

function nameAt(text: string, [x, y]: Pixel, className: string): Named {
  return { text, x, y, className }
}

/** One label for marks that touch: LinUCB with and without forgetting often coincide. */
function merged(marks: readonly Mark[], at: (mark: Mark) => Pixel): Named[] {
  const groups: Mark[][] = []
  for (const mark of marks) {
    const near = groups.find(([first]) => distance(at(first), at(mark)) < TOUCHING_PX)
    if (near === undefined) groups.push([mark])
    else near.push(mark)
  }
  return groups.map((group) => {
    const texts = group.map((mark) => mark.text)
    const both = texts.includes('LinUCB') && texts.includes('LinUCB + forgetting')
    const text = both && texts.length === 2 ? 'LinUCB ± forgetting' : texts.join(', ')
    return nameAt(text, at(group[0]), 'name quiet')
  })
}

function square([x, y]: Pixel): Box {
  return { x: x - 5, y: y - 5, width: 10, height: 10 }
}

function distance(a: Pixel, b: Pixel): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1])
}
/** Points every 12 px along a polyline, so that labels keep off it. */
function along(points: readonly Pixel[]): Pixel[] {
  return points.flatMap((point, i) => {
    const next = points[i + 1]
    if (next === undefined) return [point]
    const steps = Math.max(1, Math.ceil(Math.hypot(next[0] - point[0], next[1] - point[1]) / 12))
    return Array.from(
      { length: steps },
      (_, s): Pixel => [
        point[0] + ((next[0] - point[0]) * s) / steps,
        point[1] + ((next[1] - point[1]) * s) / steps,
      ],
    )
  })
}
