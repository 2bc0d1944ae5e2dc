import type { ModelStanding } from './standing.js'

/** What a policy says of itself in `stats()`. Policies add to it by declaration merging in their folders. */
export interface PolicyReport {
  /** What the budget's dollars must buy now, in the policy's own unit; 0 while nothing is short. */
  readonly shadowPrice: number
  /** Why models get requests or none, by id, where `plainStanding` says nothing or too much of them. */
  readonly standings?: ReadonlyMap<string, ModelStanding>
}
