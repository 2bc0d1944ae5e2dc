import type { ModelMark } from './palette.js'

/** A piece of a line as the chart draws it: its colour, and its dashes, by which lines of one colour differ. */
export function LineMark({
  color,
  dash = [],
}: {
  readonly color: string
  readonly dash?: ModelMark['dash']
}) {
  return (
    <svg class="line-mark" viewBox="0 0 22 8" width="22" height="8" aria-hidden="true">
      <path d="M0 4H22" stroke={color} stroke-width="3" stroke-dasharray={dash.join(' ') || undefined} />
    </svg>
  )
}
