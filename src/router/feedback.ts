import { checkKeys } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import type { RouterEvent } from '../events/events.js'
import type { ResolvedOptions } from '../policy/options.js'
import { checkId } from '../state/find-request.js'
import type { Committer } from './committer.js'
import {
  type Failure,
  type FeedbackContext,
  failedEvent,
  readBatch,
  readFailure,
  readSettlement,
  rewardedEvent,
  type Settlement,
  settledEvent,
} from './feedback-events.js'
import type { Receipt } from './journal.js'

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

  settleMany(items: readonly (Settlement & { readonly id: string })[]): Receipt {
    const { committer } = this
    const given = readBatch(items, 'ALREADY_SETTLED', readSettlement)
    const at = committer.now()
    return committer.commitAll(
      given.map(({ id, field, value }) => settledEvent(this.contextOf(at, `${field}.id`, field), id, value)),
    )
  }

  reward(id: string, reward: number): Receipt {
    const known = checkId(id, 'id')
    return this.give(known, (at) => rewardedEvent(this.contextOf(at, 'id', 'reward'), known, reward))
  }

  rewardMany(items: readonly { readonly id: string; readonly reward: number }[]): Receipt {
    const { committer } = this
    const given = readBatch(items, 'ALREADY_REWARDED', (item, field) => {
      checkKeys(item, ['id', 'reward'], field)
      return item.reward
    })
    const at = committer.now()
    return committer.commitAll(
      given.map(({ id, field, value }) =>
        rewardedEvent(this.contextOf(at, `${field}.id`, `${field}.reward`), id, value),
      ),
    )
  }

  fail(id: string, failure: Failure | undefined): Receipt {
    const known = checkId(id, 'id')
    const given = readFailure(failure, 'failure')
    return this.give(known, (at) => failedEvent(this.contextOf(at, 'id', 'failure'), known, given))
  }

  /** Read for each event anew: a replica's state is replaced at every rebase. */
  private contextOf(at: number, idField: string, field: string): FeedbackContext {
    const { rewardLow, rewardHigh } = this.options
    const { state, pendingTtlMs } = this.committer
    return { state, at, limits: { rewardLow, rewardHigh, pendingTtlMs }, idField, field }
  }

  /**
   * Commits the event; in a shared log, feedback for a request that is not known yet is held until it is.
   * @param make runs none of the caller's code: all that was given has been read, and so has the clock
   */
  private give(id: string, make: (at: number) => RouterEvent): Receipt {
    const { committer } = this
    const at = committer.now()
    const { journal } = committer
    let event: RouterEvent
    try {
      event = make(at)
    } catch (error) {
      if (!(error instanceof ParetoBanditError) || error.code !== 'UNKNOWN_REQUEST' || journal === null)
        throw error
      const receipt = journal.hold(id, () => make(committer.now()))
      if (receipt === null) throw error
      return receipt
    }
    return committer.commit(event)
  }
}
