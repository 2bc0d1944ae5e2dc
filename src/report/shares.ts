import { percent, shortName } from './format.js'
import { textWidth } from './labels.js'
import { hint, label, type Size, tag } from './svg.js'

/** One bar: who got the requests. */
interface ShareBar {
  readonly label: string
  readonly shares: Readonly<Record<string, number>>
}

export interface ShareGroup {
  /** Written over the group's bars; empty for none. */
  readonly title: string
  readonly bars: readonly ShareBar[]
}

const BAR = 20
const GAP = 5
const TITLE = 24
const LABEL_WIDTH = 86

/** Height that a stack of bars needs. */
export function sharesHeight(groups: readonly ShareGroup[]): number {
  return groups.reduce(
    (sum, group) => sum + (group.title === '' ? 8 : TITLE) + group.bars.length * (BAR + GAP),
    6,
  )
}

/** Horizontal stacked bars that add up to one, with the share written inside where there is room for it. */
export function shares(
  groups: readonly ShareGroup[],
  modelIds: readonly string[],
  colorOf: (modelId: string) => string,
  size: Size,
): string {
  const width = size.width - LABEL_WIDTH - 4
  const parts: string[] = []
  let top = 0
  for (const group of groups) {
    if (group.title !== '') parts.push(label(group.title, 0, top + 16, { class: 'panel' }))
    top += group.title === '' ? 8 : TITLE
    for (const bar of group.bars) {
      parts.push(label(bar.label, LABEL_WIDTH - 8, top + 14, { class: 'tick', 'text-anchor': 'end' }))
      let left = LABEL_WIDTH
      for (const id of modelIds) {
        const share = bar.shares[id] ?? 0
        const length = share * width
        if (length > 0) {
          const title = `${shortName(id)}: ${percent(share)} of requests (${bar.label})`
          parts.push(segment({ left, top, length }, colorOf(id), percent(share), title))
        }
        left += length
      }
      top += BAR + GAP
    }
  }
  return parts.join('')
}

/** Where a part of a bar lies. */
interface Segment {
  readonly left: number
  readonly top: number
  readonly length: number
}

function segment({ left, top, length }: Segment, color: string, text: string, title: string): string {
  return tag(
    'g',
    {},
    tag('rect', { x: left, y: top, width: Math.max(0, length - 1), height: BAR, rx: 2, fill: color }),
    textWidth(text) + 8 < length ? label(text, left + 6, top + 14, { class: 'in-bar' }) : '',
    hint(title),
  )
}
