import type { After } from '../../base/after.js'
import type { Router } from '../../index.js'
import type { HeldStore } from './held-rewards.js'

/** A reward of a decision, of one source. */
export interface SourceReward {
  /** Id of the decision. */
  readonly decision: string
  /** In [0, 1]. */
  readonly value: number
  /** Of its source's weight, >= 0. */
  readonly weight: number
  /** One of those that have weights. */
  readonly source: string
  /** Null: twice the same reward is two. */
  readonly idempotencyKey: string | null
}

/** How rewards count. */
export interface CollectorSettings {
  /** Rewards of one decision within so long are one, ms; 0: the first is applied at once. */
  readonly windowMs: number
  /** What the verdicts of validators wait for others to say more, ms. */
  readonly waitMs: number
  /** What a reward of each source weighs, >= 0. Verdicts are those of `validator`. */
  readonly weights: Readonly<Record<string, number>>
  /** The source whose scores are put on the scale of another where both speak of an answer; null: none. */
  readonly calibrated: { readonly source: string; readonly by: string } | null
}

/** What became of a reward. */
export type RewardOutcome = 'taken' | 'known'

/** What a collector works with. */
export interface CollectorParts {
  /** Gets the rewards. */
  readonly router: Pick<Router<string>, 'reward' | 'checkReward'>
  /** Where rewards that are collected outlive their process. */
  readonly store: HeldStore
  /** How rewards count now. */
  readonly settings: () => CollectorSettings
  /** For windows and waits. */
  readonly after: After
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number
  /** In [0, 1), for a decision: below the weight of validators their word alone is applied. */
  readonly draw: (decision: string) => number
  /** Called with failures of stores. */
  readonly onError: (error: unknown) => void
  /** Called with every reward that is taken for the first time, verdicts of validators among them. @param value in [0, 1] */
  readonly onReward?: ((source: string, value: number) => void) | undefined
}
