import { ParetoBanditError, type Router } from '../../index.js'
import { isOfStore } from '../completions/ledger.js'
import type { RewardsConfig } from '../config/config.js'
import type { After } from '../upstreams/watched-body.js'
import type { GivenReward } from './given-reward.js'
import { type Verdict, Verdicts } from './verdicts.js'

/** What became of a reward. */
export type RewardOutcome = 'taken' | 'known'

interface Waiting {
  weighted: number
  weights: number
  readonly cancel: () => void
  readonly keys: Set<string>
}

/** Decisions whose rewards were applied lately, with the keys of these: who sends one again hears that it is known. */
const APPLIED_MAX = 100_000
/** Decisions whose rewards are collected at a time. */
const WAITING_MAX = 100_000
/** Verdicts that wait: less than the requests that a router keeps. */
const VERDICTS_MAX = 32_768
/** Rewards that the store has no room for are given again, ms. */
const STORE_RETRY_MS = 1000
/** How often they are looked at, at most, ms. */
const VERDICTS_EVERY_MS = 1000

export interface RewardsOptions {
  readonly router: Router<string>
  readonly config: () => RewardsConfig
  readonly after: After
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly onError: (error: unknown) => void
}

/**
 * Rewards of one decision that come within the window are one, their mean by weight. The router takes one for each decision, so
 * none counts twice, whoever repeats it.
 *
 * What validators say waits for longer, as one of the rewards that may come. Where none does it is applied as often as it weighs:
 * of a weight of 0.2 one in five, so that it teaches a fifth of what others would.
 */
export class Rewards {
  private readonly options: RewardsOptions
  private readonly waiting = new Map<string, Waiting>()
  private readonly applied = new Map<string, ReadonlySet<string>>()
  private readonly verdicts = new Verdicts()
  private forgetTimer: (() => void) | null = null

  constructor(options: RewardsOptions) {
    this.options = options
  }

  /** @throws what `router.reward` throws: for one that comes after the window at once */
  give({ decision, value, weight, source, idempotencyKey }: GivenReward): RewardOutcome {
    const { router, config, after } = this.options
    const key = idempotencyKey ?? crypto.randomUUID()
    if (this.applied.get(decision)?.has(key) === true) return 'known'
    const { windowMs, weights } = config()
    const counts = weight * weights[source]
    const known = this.waiting.get(decision)
    if (known !== undefined) {
      if (known.keys.has(key)) return 'known'
      known.keys.add(key)
      known.weighted += value * counts
      known.weights += counts
      return 'taken'
    }
    if (this.applied.has(decision)) throw alreadyRewarded()
    if (!this.isKnown(decision)) {
      // Another process may have made it: the router waits for it, where it shares its log.
      router.reward(decision, value)
      this.remember(decision, new Set([key]))
      return 'taken'
    }
    if (counts === 0) return 'taken'
    const cancel = windowMs === 0 ? () => {} : after(windowMs, () => this.apply(decision))
    const verdict = this.verdicts.take(decision)
    const validated = verdict?.isFirm === true ? weights.validator : 0
    this.waiting.set(decision, {
      weighted: value * counts + (verdict?.value ?? 0) * validated,
      weights: counts + validated,
      cancel,
      keys: new Set([key]),
    })
    if (windowMs === 0) this.apply(decision, true)
    else if (this.waiting.size > WAITING_MAX)
      for (const oldest of this.waiting.keys()) {
        this.apply(oldest)
        break
      }
    return 'taken'
  }

  /** What validators say of an answer. */
  validated(decision: string, verdict: Verdict): void {
    const { config, now } = this.options
    const { validator } = config().weights
    const known = this.waiting.get(decision)
    if (known !== undefined) {
      if (!verdict.isFirm) return
      known.weighted += verdict.value * validator
      known.weights += validator
      return
    }
    if (this.applied.has(decision)) return
    this.verdicts.add(decision, verdict, now())
    this.watchVerdicts()
  }

  /** Applies the verdicts that have waited long enough. */
  private watchVerdicts(): void {
    const { config, now, after } = this.options
    const { waitMs } = config().validators
    for (const [decision, value] of this.verdicts.due(now() - waitMs, VERDICTS_MAX))
      this.applyVerdict(decision, value)
    const { oldestAt } = this.verdicts
    if (this.forgetTimer !== null || oldestAt === null) return
    this.forgetTimer = after(Math.max(VERDICTS_EVERY_MS, oldestAt + waitMs - now()), () => {
      this.forgetTimer = null
      this.watchVerdicts()
    })
  }

  private applyVerdict(decision: string, value: number): void {
    const { router, config, random, onError } = this.options
    if (random() >= config().weights.validator) return
    try {
      router.reward(decision, value)
    } catch (error) {
      if (!(error instanceof ParetoBanditError)) onError(error)
      return
    }
    this.remember(decision, new Set())
  }

  /** @throws for a decision that takes no reward any more, before anything is said to be taken */
  private isKnown(decision: string): boolean {
    try {
      this.options.router.explain(decision)
      return true
    } catch (error) {
      if (error instanceof ParetoBanditError && error.code === 'UNKNOWN_REQUEST') return false
      throw error
    }
  }

  /** Applies what is collected. */
  close(): void {
    for (const decision of [...this.waiting.keys()]) this.apply(decision)
    for (const { cancel } of this.waiting.values()) cancel()
    this.forgetTimer?.()
    for (const [decision, value] of this.verdicts.due(Number.POSITIVE_INFINITY, 0))
      this.applyVerdict(decision, value)
  }

  private apply(decision: string, mustThrow = false): void {
    const found = this.waiting.get(decision)
    if (found === undefined) return
    this.waiting.delete(decision)
    found.cancel()
    if (found.weights === 0) return
    try {
      this.options.router.reward(decision, found.weighted / found.weights)
    } catch (error) {
      if (mustThrow) throw error
      if (isOfStore(error)) {
        // Whoever gave them was told that they are taken.
        const cancel = this.options.after(STORE_RETRY_MS, () => this.apply(decision))
        this.waiting.set(decision, { ...found, cancel })
        return
      }
      // Another process was first, or it has become too old.
      if (!(error instanceof ParetoBanditError)) this.options.onError(error)
      return
    }
    this.remember(decision, found.keys)
  }

  private remember(decision: string, keys: ReadonlySet<string>): void {
    this.applied.set(decision, keys)
    for (const oldest of this.applied.keys()) {
      if (this.applied.size <= APPLIED_MAX) break
      this.applied.delete(oldest)
    }
  }
}

function alreadyRewarded(): ParetoBanditError {
  return new ParetoBanditError('ALREADY_REWARDED', 'decision_id', 'its rewards have been applied')
}
