/** Marks of a plot, so that kinds of points are told apart without colours. */
export type Mark = 'circle' | 'cross' | 'diamond' | 'square' | 'star' | 'triangle'

type Corner = readonly [x: number, y: number]

/** Height and width of a diamond's corners. */
const TAN_30 = Math.sqrt(1 / 3)
/** Of a star of five points: its area by the square of its radius, and the inner radius by the outer. */
const STAR_AREA = 0.8908130915292852
const STAR_INNER = Math.sin(Math.PI / 10) / Math.sin((7 * Math.PI) / 10)

const CORNERS: Readonly<Record<Exclude<Mark, 'circle'>, (area: number) => readonly Corner[]>> = {
  cross(area) {
    const r = Math.sqrt(area / 5) / 2
    const quarter: readonly Corner[] = [
      [r, -3 * r],
      [r, -r],
      [3 * r, -r],
    ]
    return [0, 1, 2, 3].flatMap((turns) => quarter.map((corner) => turned(corner, turns)))
  },
  diamond(area) {
    const y = Math.sqrt(area / (2 * TAN_30))
    return [0, 1, 2, 3].map((turns): Corner => {
      const [x, height] = turned([0, -1], turns)
      return [x * y * TAN_30, height * y]
    })
  },
  square(area) {
    const half = Math.sqrt(area) / 2
    return [0, 1, 2, 3].map((turns) => turned([half, -half], turns))
  },
  star(area) {
    const radius = Math.sqrt(area * STAR_AREA)
    return Array.from({ length: 10 }, (_, i) => onCircle(i % 2 === 0 ? radius : radius * STAR_INNER, i / 10))
  },
  triangle(area) {
    const radius = 2 * Math.sqrt(area / (3 * Math.sqrt(3)))
    return [0, 1, 2].map((i) => onCircle(radius, i / 3))
  },
}

/**
 * The path of a mark about the origin, for SVG. The shapes are those of d3-shape, whose module would bring all of its curves with them.
 * @param area in square pixels
 */
export function symbolPath(mark: Mark, area: number): string {
  if (mark !== 'circle')
    return `M${CORNERS[mark](area)
      .map(([x, y]) => `${text(x)},${text(y)}`)
      .join('L')}Z`
  const r = text(Math.sqrt(area / Math.PI))
  return `M${r},0A${r},${r},0,1,1,-${r},0A${r},${r},0,1,1,${r},0`
}

/** By quarters of a circle. */
function turned([x, y]: Corner, turns: number): Corner {
  return turns === 0 ? [x, y] : turned([-y, x], turns - 1)
}

/** @param share of the circle, from the top */
function onCircle(radius: number, share: number): Corner {
  const angle = 2 * Math.PI * share
  return [radius * Math.sin(angle), -radius * Math.cos(angle)]
}

function text(value: number): number {
  return Math.round(1000 * value) / 1000
}
