/** Width of a text in pixels, rather too wide than too narrow, to keep labels apart: 0.62 em a character. */
export function textWidth(text: string, fontPx = 12): number {
  return text.length * fontPx * 0.62
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

interface PlacedLabel {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'middle' | 'end'
}

/**
 * Places labels beside points so that no two overlap and none covers an obstacle; a label that fits nowhere is left out.
 * Earlier points choose first.
 * @param points position of each point's centre, its text, and how far the text keeps away
 * @param obstacles boxes that labels must not cover
 * @param lines boxes that labels cover only when there is no other place
 */
export function placeLabels(
  points: readonly { readonly x: number; readonly y: number; readonly text: string }[],
  obstacles: readonly Box[],
  lines: readonly Box[],
  bounds: Box,
): (PlacedLabel | null)[] {
  const taken = [...obstacles]
  return points.map((point) => {
    let best: Candidate | undefined
    let bestPenalty = Number.POSITIVE_INFINITY
    for (const candidate of candidates(point.x, point.y, point.text)) {
      const { box } = candidate
      if (!within(box, bounds) || taken.some((other) => overlap(box, other))) continue
      const reach = distanceTo(box, point)
      const ambiguous = points.some((other) => other !== point && distanceTo(box, other) <= reach)
      const crossing = lines.some((other) => overlap(box, other))
      const penalty = candidate.gap + (ambiguous ? AMBIGUOUS_PX : 0) + (crossing ? CROSSING_PX : 0)
      if (penalty >= bestPenalty) continue
      best = candidate
      bestPenalty = penalty
    }
    if (best === undefined) return null
    taken.push(best.box)
    return best.label
  })
}

/** How much further off a label may stand rather than cross a line, or be nearer to another point than to its own. */
const CROSSING_PX = 12
const AMBIGUOUS_PX = 20

interface Candidate {
  readonly label: PlacedLabel
  readonly box: Box
  readonly gap: number
}

/** Right and left, then below and above with their corners, then the same further out. */
function* candidates(x: number, y: number, text: string): Generator<Candidate> {
  const width = textWidth(text)
  for (const gap of [9, 16, 26]) {
    for (const dy of [0, gap, -gap]) {
      const side = dy === 0 ? gap : gap * 0.6
      yield at(text, x + side, y + dy, 'start', width, gap)
      yield at(text, x - side, y + dy, 'end', width, gap)
      if (dy !== 0) yield at(text, x, y + dy * 1.3, 'middle', width, gap)
    }
  }
}

function at(
  text: string,
  x: number,
  y: number,
  anchor: PlacedLabel['anchor'],
  width: number,
  gap: number,
): Candidate {
  const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2
  return {
    label: { text, x, y: y + 4, anchor },
    box: { x: left - 2, y: y - 7, width: width + 4, height: 14 },
    gap,
  }
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
