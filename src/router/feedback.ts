import { checkBoolean, checkKeys, checkRecord } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import { reading } from '../base/read-once.js'
import type { RouterEvent } from '../events/events.js'
import type { ResolvedOptions } from '../policy/options.js'
import { checkId } from '../state/find-request.js'
import { priceOf, tellsCost } from './bill.js'
import type { Committer } from './committer.js'
import type { FeedbackContext } from './feedback-context.js'
import {
  cancelledEvent,
  correctedEvent,
  failedEvent,
  rewardedEvent,
  settledEvent,
} from './feedback-events.js'
import {
  attempt,
  type Cancellation,
  type Failure,
  type GivenItem,
  type GivenSettlement,
  readApart,
  readBatch,
  readCancellation,
  readCorrection,
  readFailure,
  readSettlement,
  type Settlement,
} from './given-feedback.js'
import type { Receipt } from './journal.js'
import { mostCorrected } from './late-bill.js'

export interface BatchOptions {
  /** A result for each item, and the rest is applied where some are refused. */
  readonly each?: boolean | undefined
}

/** What became of an item: applied, and durable as any feedback; or refused, and why. */
export type BatchResult =
  | (Receipt & { readonly ok: true })
  | { readonly ok: false; readonly error: ParetoBanditError }

export interface BatchReceipt extends Receipt {
  /** In the order of the items. `durable` is that of all that were applied. */
  readonly results: readonly BatchResult[]
}

/** What comes back of a request: its cost, its quality, or that it failed. */
export class Feedback {
  private readonly options: ResolvedOptions
  private readonly committer: Committer

  constructor(options: ResolvedOptions, committer: Committer) {
    this.options = options
    this.committer = committer
  }

  settle(id: string, settlement: Settlement): Receipt {
    const known = checkId(id, 'id')
    const given = readSettlement(settlement, 'settlement')
    return this.give(known, (at) => settledEvent(this.contextOf(at, 'id', 'settlement'), known, given))
  }

  settleMany(
    items: readonly (Settlement & { readonly id: string })[],
    options: BatchOptions | undefined,
  ): Receipt | BatchReceipt {
    const toEvent = ({ id, field, value }: GivenItem<GivenSettlement>, at: number) =>
      settledEvent(this.contextOf(at, `${field}.id`, field), id, value)
    if (isEach(options)) return this.giveApart(readApart(items, readSettlement), toEvent)
    return this.giveAll(readBatch(items, 'ALREADY_SETTLED', readSettlement), toEvent)
  }

  reward(id: string, reward: number): Receipt {
    const known = checkId(id, 'id')
    return this.give(known, (at) => rewardedEvent(this.contextOf(at, 'id', 'reward'), known, reward))
  }

  checkReward(id: string): void {
    const known = checkId(id, 'id')
    rewardedEvent(this.contextOf(this.committer.now(), 'id', 'reward'), known, this.options.rewardLow)
  }

  rewardMany(
    items: readonly { readonly id: string; readonly reward: number }[],
    options: BatchOptions | undefined,
  ): Receipt | BatchReceipt {
    const toEvent = ({ id, field, value }: GivenItem<unknown>, at: number) =>
      rewardedEvent(this.contextOf(at, `${field}.id`, `${field}.reward`), id, value)
    if (isEach(options)) return this.giveApart(readApart(items, readReward), toEvent)
    return this.giveAll(readBatch(items, 'ALREADY_REWARDED', readReward), toEvent)
  }

  fail(id: string, failure: Failure | undefined): Receipt {
    const known = checkId(id, 'id')
    const given = readFailure(failure, 'failure')
    return this.give(known, (at) => failedEvent(this.contextOf(at, 'id', 'failure'), known, given))
  }

  cancel(id: string, cancellation: Cancellation | undefined): Receipt {
    const known = checkId(id, 'id')
    const given = readCancellation(cancellation, 'cancellation')
    return this.give(known, (at) => cancelledEvent(this.contextOf(at, 'id', 'cancellation'), known, given))
  }

  /** What a bill comes to at the prices of its request, USD; null: it tells no cost, or the request is gone. */
  costOf(id: string, bill: Settlement): number | null {
    const { state } = this.committer
    const given = readSettlement(bill, 'bill')
    const sequence = state.sequenceOf(checkId(id, 'id'))
    if (!tellsCost(given) || !state.isOpen(sequence)) return null
    return priceOf(given, state.pending.prices(sequence), 0).costUsd
  }

  correct(id: string, bill: Settlement): Receipt {
    const known = checkId(id, 'id')
    const given = readCorrection(bill, 'bill')
    return this.give(known, (at) => correctedEvent(this.contextOf(at, 'id', 'bill'), known, given))
  }

  plausibleUsd(id: string): number {
    return mostCorrected(this.committer.state, checkId(id, 'id'), 'id')
  }

  /** Read again for each event: a replica's state is replaced at every rebase. */
  private contextOf(at: number, idField: string, field: string): FeedbackContext {
    const { rewardLow, rewardHigh } = this.options
    const { state, pendingTtlMs } = this.committer
    return { state, at, limits: { rewardLow, rewardHigh, pendingTtlMs }, idField, field }
  }

  /** All or nothing. */
  private giveAll<T>(
    given: readonly GivenItem<T>[],
    toEvent: (item: GivenItem<T>, at: number) => RouterEvent,
  ): Receipt {
    const { committer } = this
    const at = committer.now()
    return committer.commitAll(given.map((item) => toEvent(item, at)))
  }

  /** Each by itself, whatever becomes of the others. */
  private giveApart<T>(
    given: readonly (GivenItem<T> | ParetoBanditError)[],
    toEvent: (item: GivenItem<T>, at: number) => RouterEvent,
  ): BatchReceipt {
    const results = given.map((item): BatchResult => {
      const receipt =
        item instanceof ParetoBanditError
          ? item
          : attempt(() => this.give(item.id, (at) => toEvent(item, at)))
      return receipt instanceof ParetoBanditError
        ? { ok: false, error: receipt }
        : { ok: true, durable: receipt.durable }
    })
    const durable = Promise.all(results.map((each) => (each.ok ? each.durable : undefined))).then(
      () => undefined,
    )
    // Nobody need look at it.
    durable.catch(() => undefined)
    return { durable, results }
  }

  /**
   * Commits the event; in a shared log, feedback for a request that is not known yet is held until it is.
   * @param make runs none of the caller's code: all that was given has been read, and so has the clock
   */
  private give(id: string, make: (at: number) => RouterEvent): Receipt {
    const { committer } = this
    const at = committer.now()
    let event: RouterEvent
    try {
      event = make(at)
    } catch (error) {
      return this.hold(id, make, error)
    }
    return committer.commit(event)
  }

  /** @throws the error of feedback that nothing is to be waited for */
  private hold(id: string, make: (at: number) => RouterEvent, error: unknown): Receipt {
    const { committer } = this
    const isUnknown = error instanceof ParetoBanditError && error.code === 'UNKNOWN_REQUEST'
    if (!isUnknown || committer.journal === null) throw error
    const receipt = committer.journal.hold(id, () => make(committer.now()), error)
    if (receipt === null) throw error
    return receipt
  }
}

/** @throws UNKNOWN_OPTION */
function readReward(item: Record<string, unknown>, field: string): unknown {
  checkKeys(item, ['id', 'reward'], field)
  return item.reward
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
function isEach(options: BatchOptions | undefined): boolean {
  if (options === undefined) return false
  const given = checkRecord(options, 'options')
  checkKeys(given, ['each'], 'options')
  const each = reading('options.each', () => given.each)
  return each !== undefined && checkBoolean(each, 'options.each')
}
