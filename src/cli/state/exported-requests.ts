import { LatestMap } from '../../base/latest-map.js'
import type { LoggedEvent } from '../../events/events.js'
import type { LogHeader } from '../../log/store.js'
import type { OutcomeRow } from '../../replay/dataset.js'
import { ORIGINS_MAX } from '../../state/pending/origins.js'

const PENDING_CAPACITY_DEFAULT = 65_536
/** Bills that came late or were corrected, at most; of more the oldest are as they were settled. */
const BILLS_MAX = 1_000_000

interface Request {
  readonly model: string
  /** Null for one routed before the log's first event. */
  readonly context: Float64Array | null
  costUsd: number | null
  reward: number | null
  /** It has failed or was cancelled: it takes nothing more but bills. */
  isBroken: boolean
  isComplete: boolean
}

/**
 * Which events of a log took effect: in one that several write, the second of two settlements of a request stands and
 * counts for nothing. As many requests are remembered as the fold remembers. A bill that comes late or is corrected may stand long after the
 * outcome that it belongs to: who wants outcomes tells all bills first.
 */
export class ExportedRequests {
  private readonly requests: LatestMap<string, Request>
  /** The latest bill of each request that had one beside its settlement, USD. */
  private readonly bills = new LatestMap<string, number>(BILLS_MAX)
  private readonly lastNumbers = new LatestMap<string, { number: number }>(ORIGINS_MAX)
  private readonly low: number
  private readonly high: number
  private readonly isWhole: boolean

  /** @param isWhole whether the log reaches back to its beginning */
  constructor({ settings }: LogHeader, isWhole: boolean) {
    const { pendingCapacity, rewardLow, rewardHigh } = settings
    this.requests = new LatestMap(
      typeof pendingCapacity === 'number' ? pendingCapacity : PENDING_CAPACITY_DEFAULT,
    )
    this.low = typeof rewardLow === 'number' ? rewardLow : 0
    this.high = typeof rewardHigh === 'number' ? rewardHigh : 1
    this.isWhole = isWhole
  }

  /** Whether an event stands in the log a second time; it is noted. */
  isKnown(origin: string, number: number): boolean {
    const last = this.lastNumbers.get(origin)
    if (number <= (last?.number ?? 0)) return true
    // As in the fold: the origin that was heard of first goes first.
    if (last === undefined) this.lastNumbers.set(origin, { number })
    else last.number = number
    return false
  }

  /** The bill counts for the outcome of its request, wherever it stands in the log. */
  takeBill({ id, costUsd }: LoggedEvent & { type: 'billed' }): void {
    this.bills.set(id, costUsd)
  }

  /** @returns the outcome that is complete with this event, true for one that took effect otherwise, else false */
  take(event: LoggedEvent): OutcomeRow | boolean {
    if (event.type === 'routed') return this.routed(event)
    if (!isFeedback(event)) return true
    const request = this.requests.get(event.id) ?? this.orphan(event)
    if (request === null || request.isBroken) return false
    switch (event.type) {
      case 'failed':
      case 'cancelled':
        if (request.costUsd !== null || request.reward !== null) return false
        request.isBroken = true
        return true
      case 'settled':
        if (request.costUsd !== null) return false
        request.costUsd = event.costUsd
        break
      case 'rewarded':
        if (request.reward !== null) return false
        request.reward = event.reward
    }
    return this.outcome(event.id, request) ?? true
  }

  private routed({ id, model, context }: LoggedEvent & { type: 'routed' }): boolean {
    if (this.requests.has(id)) return false
    this.add(id, model, context)
    return true
  }

  /** Feedback for a request that is older than the log's first event, where older events were dropped. */
  private orphan({ id, model }: { readonly id: string; readonly model: string }): Request | null {
    return this.isWhole ? null : this.add(id, model, null)
  }

  private add(id: string, model: string, context: Float64Array | null): Request {
    const request = { model, context, costUsd: null, reward: null, isBroken: false, isComplete: false }
    this.requests.set(id, request)
    return request
  }

  private outcome(id: string, request: Request): OutcomeRow | null {
    const { model, context, reward } = request
    const costUsd = this.bills.get(id) ?? request.costUsd
    if (request.isComplete || context === null || costUsd === null || reward === null) return null
    request.isComplete = true
    const share = (reward - this.low) / (this.high - this.low)
    const outcomes = { [model]: { reward: Math.min(1, Math.max(0, share)), costUsd } }
    return { id, source: '', prompt: '', features: [...context], outcomes }
  }
}

/** Of a request that waits for it. */
function isFeedback(
  event: LoggedEvent,
): event is LoggedEvent & { type: 'settled' | 'rewarded' | 'failed' | 'cancelled' } {
  const { type } = event
  return type === 'settled' || type === 'rewarded' || type === 'failed' || type === 'cancelled'
}
