import { everyQuietly } from '../../base/after.js'
import { messageOf } from '../../base/errors.js'
import { goneFor } from '../logs/gone-for.js'
import type { RateLimits } from './rate-limits.js'
import type { SecondOfUse, Use, UseExchange } from './use.js'

/**
 * Rate limits of keys over all processes: each adds what it let in, and learns what the others did, every `everyMs`. So they
 * together let in no more than a limit and what they let in between two exchanges. While the store is away each knows of itself alone.
 */
export class SharedUse {
  private readonly rates: RateLimits
  private readonly store: UseExchange
  private readonly onProblem: (message: string) => void
  /** Own use by the second it was added to, and what others were known to have done in it. */
  private readonly own = new Map<number, Map<string, Use>>()
  private readonly others = new Map<number, Map<string, Use>>()
  private stopTimer: (() => void) | null = null
  private isRunning = false
  /** When an exchange failed first since one last succeeded, ms; null: they succeed. */
  private unwellSince: number | null = null

  constructor(rates: RateLimits, store: UseExchange, onProblem: (message: string) => void) {
    this.rates = rates
    this.store = store
    this.onProblem = onProblem
  }

  start(everyMs: number): void {
    this.stopTimer ??= everyQuietly(everyMs, () => void this.exchange())
  }

  stop(): void {
    this.stopTimer?.()
    this.stopTimer = null
  }

  /** Resolves whatever comes of it. One that takes longer than the next is waited for. */
  async exchange(): Promise<void> {
    if (this.isRunning) return
    this.isRunning = true
    const added = this.rates.takeUse()
    try {
      const seconds = await this.store.exchange(added)
      this.learn(added, seconds)
      const { unwellSince } = this
      this.unwellSince = null
      if (unwellSince !== null)
        this.onProblem(`rate limits are of all processes again${goneFor(performance.now() - unwellSince)}`)
    } catch (error) {
      // It is not known whether it was added: told again, a request may count twice, and none is forgotten.
      this.rates.giveBackUse(added)
      const message = messageOf(error)
      if (this.unwellSince === null) this.onProblem(`rate limits are of this process alone: ${message}`)
      this.unwellSince ??= performance.now()
    } finally {
      this.isRunning = false
    }
  }

  private learn(added: ReadonlyMap<string, Use>, seconds: readonly SecondOfUse[]): void {
    const [latest] = seconds
    if (latest === undefined) return
    sumInto(this.own, latest.second, added)
    for (const { second, uses } of seconds) {
      const own = this.own.get(second)
      const before = this.others.get(second) ?? new Map<string, Use>()
      const now = new Map<string, Use>()
      for (const [id, use] of uses) {
        const mine = own?.get(id)
        const theirs = {
          requests: use.requests - (mine?.requests ?? 0),
          tokens: use.tokens - (mine?.tokens ?? 0),
        }
        const known = before.get(id)
        now.set(id, theirs)
        const more = {
          requests: theirs.requests - (known?.requests ?? 0),
          tokens: theirs.tokens - (known?.tokens ?? 0),
        }
        if (more.requests !== 0 || more.tokens !== 0) this.rates.addOthers(id, more, latest.second - second)
      }
      this.others.set(second, now)
    }
    const oldest = Math.min(...seconds.map(({ second }) => second))
    for (const kept of [this.own, this.others])
      for (const second of kept.keys()) if (second < oldest) kept.delete(second)
  }
}

function sumInto(sums: Map<number, Map<string, Use>>, second: number, uses: ReadonlyMap<string, Use>): void {
  const sum = sums.get(second) ?? new Map<string, Use>()
  sums.set(second, sum)
  for (const [id, { requests, tokens }] of uses) {
    const before = sum.get(id)
    sum.set(id, { requests: requests + (before?.requests ?? 0), tokens: tokens + (before?.tokens ?? 0) })
  }
}
