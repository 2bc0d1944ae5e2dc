import { checkArray, checkBoolean, checkKeys, checkRecord } from '../base/check.js'
import { ParetoBanditError } from '../base/errors.js'
import type { RouterEvent } from '../events/events.js'
import type { ResolvedOptions } from '../policy/options.js'
import type { Committer } from './committer.js'
import {
  type Cancellation,
  cancelledEvent,
  checkBatch,
  correctedEvent,
  type Failure,
  failedEvent,
  rewardedEvent,
  type Settlement,
  settledEvent,
} from './feedback-events.js'
import type { Receipt } from './journal.js'

export interface BatchOptions {
  /** A result for each item, and the rest is applied where some are refused. */
  readonly each?: boolean
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
    const { committer } = this
    return this.give(id, settlement, (given) =>
      settledEvent(committer.state, id, given, committer.now(), 'id', 'settlement'),
    )
  }

  settleMany(
    items: readonly (Settlement & { readonly id: string })[],
    options: BatchOptions | undefined,
  ): Receipt | BatchReceipt {
    const { committer } = this
    if (isEach(options))
      return this.giveEach(items, ({ id, ...settlement }) =>
        this.settle(id as string, settlement as Settlement),
      )
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

  rewardMany(
    items: readonly { readonly id: string; readonly reward: number }[],
    options: BatchOptions | undefined,
  ): Receipt | BatchReceipt {
    const { committer } = this
    if (isEach(options))
      return this.giveEach(items, (item, field) => {
        checkKeys(item, ['id', 'reward'], field)
        return this.reward(item.id as string, item.reward as number)
      })
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

  cancel(id: string, cancellation: Cancellation | undefined): Receipt {
    const { committer } = this
    return this.give(id, cancellation, (given) => cancelledEvent(committer.state, id, given, committer.now()))
  }

  correct(id: string, bill: Settlement): Receipt {
    const { committer } = this
    return this.give(id, bill, (given) => correctedEvent(committer.state, id, given, committer.now()))
  }

  /** @throws INVALID_ARGUMENT for what is no list */
  private giveEach(
    items: unknown,
    give: (item: Readonly<Record<string, unknown>>, field: string) => Receipt,
  ): BatchReceipt {
    const results = checkArray(items, 'items').map((item, i): BatchResult => {
      try {
        const { durable } = give(checkRecord(item, `items[${i}]`), `items[${i}]`)
        return { ok: true, durable }
      } catch (error) {
        if (error instanceof ParetoBanditError) return { ok: false, error }
        throw error
      }
    })
    const durable = Promise.all(results.map((each) => (each.ok ? each.durable : undefined))).then(
      () => undefined,
    )
    // Nobody need look at it.
    durable.catch(() => undefined)
    return { durable, results }
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

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION */
function isEach(options: BatchOptions | undefined): boolean {
  if (options === undefined) return false
  const given = checkRecord(options, 'options')
  checkKeys(given, ['each'], 'options')
  return given.each !== undefined && checkBoolean(given.each, 'options.each')
}
