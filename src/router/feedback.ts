import { checkKeys } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import type { RouterEvent } from '../events/events.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { Committer } from './committer.js'
import {
  checkBatch,
  type Failure,
  type FeedbackContext,
  failedEvent,
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
    return this.give(id, settlement, (given) => settledEvent(this.context('settlement'), id, given))
  }

  settleMany(items: readonly (Settlement & { readonly id: string })[]): Receipt {
    const { committer } = this
    const { state } = committer
    const at = committer.now()
    return committer.commitAll(
      checkBatch(items, 'ALREADY_SETTLED', ({ id, ...settlement }, field) =>
        settledEvent({ state, at, limits: this.options, idField: `${field}.id`, field }, id, settlement),
      ),
    )
  }

  reward(id: string, reward: number): Receipt {
    return this.give(id, reward, (given) => rewardedEvent(this.context('reward'), id, given))
  }

  rewardMany(items: readonly { readonly id: string; readonly reward: number }[]): Receipt {
    const { committer } = this
    const { state } = committer
    const at = committer.now()
    return committer.commitAll(
      checkBatch(items, 'ALREADY_REWARDED', (item, field) => {
        checkKeys(item, ['id', 'reward'], field)
        const context = {
          state,
          at,
          limits: this.options,
          idField: `${field}.id`,
          field: `${field}.reward`,
        }
        return rewardedEvent(context, item.id, item.reward)
      }),
    )
  }

  fail(id: string, failure: Failure | undefined): Receipt {
    return this.give(id, failure, (given) => failedEvent(this.context('failure'), id, given))
  }

  /** Of a piece of feedback that stands alone. */
  private context(field: string): FeedbackContext {
    const { committer } = this
    return { state: committer.state, at: committer.now(), limits: this.options, idField: 'id', field }
  }

  /** Commits the event; in a shared log, feedback for a request that is not known yet is held until it is. */
  private give<T>(id: string, value: T, make: (value: T) => RouterEvent): Receipt {
    const { committer } = this
    const { journal } = committer
    if (journal === null) return committer.commit(make(value))
    let event: RouterEvent
    try {
      event = make(value)
    } catch (error) {
      if (!(error instanceof ParetoBanditError) || error.code !== 'UNKNOWN_REQUEST') throw error
      const copy = structuredClone(value)
      const receipt = journal.hold(id, () => make(copy))
      if (receipt === null) throw error
      return receipt
    }
    return committer.commit(event)
  }
}
