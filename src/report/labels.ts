/** Widths of characters in em, of the widest system font in use, bold: narrow ones, capitals, the widest, and all others. */
const WIDTHS = { narrow: 0.5, capital: 0.86, widest: 1.12, other: 0.72 } as const
const NARROW = /[fijlrt I.,:;|!'()[\]/\\-]/
const WIDEST = /[mwMW@%]|[^ -~]/
const CAPITAL = /[A-Z&#<>=+~^]/

/** Width of a text in pixels, rather too wide than too narrow, to keep labels apart. */
export function textWidth(text: string, fontPx = 12): number {
  let em = 0
  for (const character of text) em += emOf(character)
  return em * fontPx
}

/** A text that is no wider than `widthPx`: the rest of a longer one is an ellipsis. */
export function fitted(text: string, widthPx: number, fontPx = 12): string {
  if (textWidth(text, fontPx) <= widthPx) return text
  const kept = [...text]
  while (kept.length > 1 && textWidth(`${kept.join('')}…`, fontPx) > widthPx) kept.pop()
  return `${kept.join('')}…`
}

function emOf(character: string): number {
  if (NARROW.test(character)) return WIDTHS.narrow
  if (WIDEST.test(character)) return WIDTHS.widest
  return CAPITAL.test(character) ? WIDTHS.capital : WIDTHS.other
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

type Pixel = readonly [x: number, y: number]

interface PlacedLabel {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'middle' | 'end'
  /** What the text covers at most. */
  readonly box: Box
  /** A line from the point to a label that stands too far off to be understood without it, or null. */
  readonly leader: readonly [from: Pixel, to: Pixel] | null
}

interface Labelled {
  readonly x: number
  readonly y: number
  readonly text: string
}

/** Distances from a point at which labels are tried, nearest first, px. */
const GAPS = [11, 18, 28, 42, 60, 84, 112]
/** A label further off than this gets a leader. */
const LEADER_FROM_PX = 20
/** A leader begins where the mark ends. */
const MARK_PX = 7
/** How much further off a label may stand rather than cross a line, or be nearer to another point than to its own. */
const CROSSING_PX = 30
const AMBIGUOUS_PX = 30
/** The same rather than have a leader pass over a mark. */
const PASSING_PX = 40
/** Between two looks at what a leader passes. */
const STEP_PX = 4

/**
 * Places labels beside points so that no two overlap and none covers an obstacle or another's leader; a label that fits
 * nowhere is left out. Earlier points choose first.
 * @param points position of each point's centre, and its text
 * @param obstacles boxes that labels must not cover
 * @param lines boxes that labels cover only when there is no other place
 */
export function placeLabels(
  points: readonly Labelled[],
  obstacles: readonly Box[],
  lines: readonly Box[],
  bounds: Box,
): (PlacedLabel | null)[] {
  const taken = [...obstacles]
  const labels: Box[] = []
  return points.map((point) => {
    let best: PlacedLabel | undefined
    let bestPenalty = Number.POSITIVE_INFINITY
    for (const [gap, place] of candidates(point)) {
      if (gap >= bestPenalty) break
      const { box, leader } = place
      if (!within(box, bounds) || taken.some((other) => overlap(box, other))) continue
      if (leader !== null && labels.some((other) => crosses(leader, other))) continue
      const reach = distanceTo(box, point)
      // A leader says whose label it is.
      const isAmbiguous =
        leader === null && points.some((other) => other !== point && distanceTo(box, other) <= reach)
      const isCrossing = lines.some((other) => overlap(box, other))
      const isPassing = leader !== null && obstacles.some((other) => passes(leader, other, point))
      const penalty =
        gap + (isAmbiguous ? AMBIGUOUS_PX : 0) + (isCrossing ? CROSSING_PX : 0) + (isPassing ? PASSING_PX : 0)
      if (penalty >= bestPenalty) continue
      best = place
      bestPenalty = penalty
    }
    if (best === undefined) return null
    labels.push(best.box)
    taken.push(best.box, ...leaderBoxes(best.leader))
    return best
  })
}

/** Right and left, then below and above with their corners, then the same further out. */
function* candidates({ x, y, text }: Labelled): Generator<readonly [gap: number, place: PlacedLabel]> {
  const width = textWidth(text)
  const point: Pixel = [x, y]
  for (const gap of GAPS) {
    for (const dy of [0, gap, -gap]) {
      const side = dy === 0 ? gap : gap * 0.6
      yield [gap, at(text, point, [x + side, y + dy], 'start', width)]
      yield [gap, at(text, point, [x - side, y + dy], 'end', width)]
      if (dy !== 0) yield [gap, at(text, point, [x, y + dy * 1.3], 'middle', width)]
    }
  }
}

function at(
  text: string,
  point: Pixel,
  [x, y]: Pixel,
  anchor: PlacedLabel['anchor'],
  width: number,
): PlacedLabel {
  const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2
  const box = { x: left - 2, y: y - 7, width: width + 4, height: 14 }
  return { text, x, y: y + 4, anchor, box, leader: leaderTo(box, point) }
}

/** From the edge of the mark to the nearest place of the label. */
function leaderTo(box: Box, [x, y]: Pixel): PlacedLabel['leader'] {
  const toX = Math.min(Math.max(x, box.x), box.x + box.width)
  const toY = Math.min(Math.max(y, box.y), box.y + box.height)
  const distance = Math.hypot(toX - x, toY - y)
  if (distance <= LEADER_FROM_PX) return null
  const part = MARK_PX / distance
  return [
    [x + part * (toX - x), y + part * (toY - y)],
    [toX, toY],
  ]
}

/** Small boxes along a leader. */
function leaderBoxes(leader: PlacedLabel['leader']): Box[] {
  return leader === null
    ? []
    : pointsAlong(leader, STEP_PX).map(([x, y]) => ({ x: x - 1, y: y - 1, width: 2, height: 2 }))
}

function crosses(leader: readonly [Pixel, Pixel], box: Box): boolean {
  return pointsAlong(leader, STEP_PX).some(([x, y]) => distanceTo(box, { x, y }) === 0)
}

/** Whether a leader passes over an obstacle that is not the mark it comes from. */
function passes(leader: readonly [Pixel, Pixel], box: Box, from: Labelled): boolean {
  return distanceTo(box, from) > 0 && crosses(leader, box)
}

/** Points along a polyline, `stepPx` apart at most. */
export function pointsAlong(points: readonly Pixel[], stepPx: number): Pixel[] {
  return points.flatMap((point, i) => {
    const next = points[i + 1]
    if (next === undefined) return [point]
    const steps = Math.max(1, Math.ceil(Math.hypot(next[0] - point[0], next[1] - point[1]) / stepPx))
    return Array.from(
      { length: steps },
      (_, s): Pixel => [
        point[0] + ((next[0] - point[0]) * s) / steps,
        point[1] + ((next[1] - point[1]) * s) / steps,
      ],
    )
  })
}

/**
 * Moves labels along one axis as little as needed to keep `gap` between neighbours, within [low, high].
 * @returns positions in the order given
 */
export function spread(positions: readonly number[], gap: number, low: number, high: number): number[] {
  const order = positions.map((_, i) => i).sort((a, b) => positions[a] - positions[b])
  const placed = order.map((i) => Math.min(high, Math.max(low, positions[i])))
  for (let i = 1; i < placed.length; i++) placed[i] = Math.max(placed[i], placed[i - 1] + gap)
  for (let i = placed.length - 1, limit = high; i >= 0; i--, limit = placed[i + 1] - gap) {
    placed[i] = Math.min(placed[i], limit)
  }
  const result = new Array<number>(positions.length)
  order.forEach((original, i) => {
    result[original] = placed[i]
  })
  return result
}

/** Distance in pixels from a point to the nearest edge of a box, 0 inside. */
function distanceTo(box: Box, { x, y }: { readonly x: number; readonly y: number }): number {
  const dx = Math.max(box.x - x, 0, x - box.x - box.width)
  const dy = Math.max(box.y - y, 0, y - box.y - box.height)
  return Math.hypot(dx, dy)
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

function within(box: Box, bounds: Box): boolean {
  return (
    box.x >= bounds.x &&
    box.y >= bounds.y &&
    box.x + box.width <= bounds.x + bounds.width &&
    box.y + box.height <= bounds.y + bounds.height
  )
}
