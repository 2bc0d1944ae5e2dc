import type { EstimateSpan } from '../../src/gateway/dashboard/shape.js'
import { count, time } from '../shared/format.js'
import { Nothing } from './panel.js'

/** Which decisions an estimate is made of: the same for all estimates of the page. */
export function Span({ span, now }: { readonly span: EstimateSpan; readonly now: number }) {
  const { decisions, from, to } = span
  return (
    <span data-figure="estimated-from">
      the latest {count(decisions)} decisions that are explained, {time(from, now)} to {time(to, now)}
    </span>
  )
}

export function TooFew() {
  return (
    <Nothing>
      This takes at least 30 decisions that can be explained. They are explained while this page is in view.
    </Nothing>
  )
}
