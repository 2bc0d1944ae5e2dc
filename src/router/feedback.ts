import { checkKeys } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import type { RouterEvent } from '../events/events.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { Committer } from './committer.js'
import {
  checkBatch,
  type Failure,
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
    const { committer } = this
    return this.give(id, settlement, (given) =>
      settledEvent(committer.state, id, given, committer.now(), 'id', 'settlement'),
    )
  }

  settleMany(items: readonly (Settlement & { readonly id: string })[]): Receipt {
    const { committer } = this
    const at = committer.now()
    return committer.commitAll(
      checkBatch(items, 'ALREADY_SETTLED', ({ id, ...settlement }, field) =>
        settledEvent(committer.state, id, settlement, at, `${field}.id`, field),
      ),
    )
  }

  reward(id: string, reward: number): Receipt {
    const { committer } = this
    return this.give(id, reward, (given) =>
      rewardedEvent(committer.state, id, given, committer.now(), this.options, 'id', 'reward'),
    )
  }

  rewardMany(items: readonly { readonly id: string; readonly reward: number }[]): Receipt {
    const { committer } = this
    const at = committer.now()
    return committer.commitAll(
      checkBatch(items, 'ALREADY_REWARDED', (item, field) => {
        checkKeys(item, ['id', 'reward'], field)
        const { id, reward } = item
        return rewardedEvent(committer.state, id, reward, at, this.options, `${field}.id`, `${field}.reward`)
      }),
    )
  }

  fail(id: string, failure: Failure | undefined): Receipt {
    const { committer } = this
    return this.give(id, failure, (given) => failedEvent(committer.state, id, given, committer.now()))
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
