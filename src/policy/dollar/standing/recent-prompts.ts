import { AT, LIST_COST, NUMBER, ORIGIN, RESERVED } from '../../../state/pending/request-row.js'
import { isWaiting } from '../../../state/pending/request-state.js'
import type { FoldView } from '../../../state/policy-state.js'
import type { RequestSize } from '../../eligibility.js'
import { inProportion } from '../../told-size.js'

/** A recent request, as far as it is remembered. */
export interface RecentPrompt {
  /** With the bias. A view. */
  readonly context: Float64Array
  /** As its list cost says, input and output in the usual proportion. */
  readonly size: RequestSize
  /** What was set aside for it, over its list cost. */
  readonly reservedRatio: number
}

/**
 * The latest of the requests that a snapshot has too: those that wait for feedback, and those that a bill may come for. O(count):
 * of the latest `count`, those that do not wait are among the closed ones.
 * @param usual size of a request
 */
export function recentPrompts({ pending }: FoldView, count: number, usual: RequestSize): RecentPrompt[] {
  const known = [...pending.closed.latest(count)]
  for (let sequence = Math.max(pending.oldest, pending.next - count); sequence < pending.next; sequence++) {
    if (!isWaiting(pending.state(sequence))) continue
    known.push({ row: pending.row(sequence), prices: pending.prices(sequence) })
  }
  const order = [AT, ORIGIN, NUMBER]
  known.sort((a, b) => order.reduce((sign, at) => sign || a.row[at] - b.row[at], 0))
  return known.slice(-count).map(({ row, prices }) => ({
    context: row.subarray(row.length - pending.dimension),
    size: inProportion(row[LIST_COST], prices, usual),
    reservedRatio: row[LIST_COST] === 0 ? 1 : row[RESERVED] / row[LIST_COST],
  }))
}
