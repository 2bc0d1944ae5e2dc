import { checkKeys } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import type { RouterEvent } from '../events/events.js'
import { Operations } from './admin.js'
import {
  checkBatch,
  type Failure,
  failedEvent,
  rewardedEvent,
  type Settlement,
  settledEvent,
} from './feedback-events.js'
import { AT_ONCE, type Receipt } from './journal.js'

/** What comes back of a request: its cost, its quality, or that it failed. */
export abstract class Teaching extends Operations {
  /**
   * The call was made and its cost is known: the reservation gives way to it. At most once a request; after an expiry
   * it corrects what the expiry charged.
   * @returns at once; the receipt tells when it is durable. In a log shared by several routers a request that is not known
   *   here, but may be elsewhere, is waited for
   * @throws UNKNOWN_REQUEST, REQUEST_CLOSED, MODEL_REMOVED, REQUEST_FAILED, ALREADY_SETTLED; INVALID_ARGUMENT
   */
  settle(id: string, settlement: Settlement): Receipt {
    return this.feedback(id, settlement, (given) =>
      settledEvent(this.state, id, given, this.now(), 'id', 'settlement'),
    )
  }

  /** `settle` for each item; all are checked before the first is applied. */
  settleMany(items: readonly (Settlement & { readonly id: string })[]): Receipt {
    const at = this.now()
    return this.commitMany(
      checkBatch(items, 'ALREADY_SETTLED', ({ id, ...settlement }, field) =>
        settledEvent(this.state, id, settlement, at, `${field}.id`, field),
      ),
    )
  }

  /**
   * The quality of the answer is known: the model's arm learns from it. At most once, before or after `settle`.
   * @param reward in the router's reward range, [0, 1] by default; higher is better
   * @throws as `settle`, and ALREADY_REWARDED, REQUEST_EXPIRED
   */
  reward(id: string, reward: number): Receipt {
    return this.feedback(id, reward, (given) =>
      rewardedEvent(this.state, id, given, this.now(), this.options, 'id', 'reward'),
    )
  }

  /** `reward` for each item; all are checked before the first is applied. */
  rewardMany(items: readonly { readonly id: string; readonly reward: number }[]): Receipt {
    const at = this.now()
    return this.commitMany(
      checkBatch(items, 'ALREADY_REWARDED', (item, field) => {
        checkKeys(item, ['id', 'reward'], field)
        const { id, reward } = item
        return rewardedEvent(this.state, id, reward, at, this.options, `${field}.id`, `${field}.reward`)
      }),
    )
  }

  /**
   * The upstream call failed: the reservation is released, what it cost all the same is charged, no reward will come.
   * Then route again with `exclude: [decision.model]`.
   * @throws as `settle`, and ALREADY_REWARDED
   */
  fail(id: string, failure?: Failure): Receipt {
    return this.feedback(id, failure, (given) => failedEvent(this.state, id, given, this.now()))
  }

  private feedback<T>(id: string, value: T, make: (value: T) => RouterEvent): Receipt {
    const { committer } = this
    const { journal } = committer
    if (journal === null) {
      committer.commit(make(value))
      return AT_ONCE
    }
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
    committer.commit(event)
    return journal.receipt(1)
  }

  private commitMany(events: readonly RouterEvent[]): Receipt {
    this.commitAll(events)
    if (events.length === 0) return AT_ONCE
    return this.committer.journal?.receipt(events.length) ?? AT_ONCE
  }
}
