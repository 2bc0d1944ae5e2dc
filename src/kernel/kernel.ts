import type { ArenaLayout } from './layout.js'

export const KERNEL_NAMES = ['js', 'wasm', 'native'] as const
export type KernelName = (typeof KERNEL_NAMES)[number]

/** Forms that `Kernel.project` takes besides theta.x, as bits. */
export const QUADRATIC = 1
export const COST = 2
export const LATENCY = 4

/** Sufficient statistics of one arm: the packed upper triangle of A by rows (d(d+1)/2 numbers), and b (d numbers). */
export interface ArmStatistics {
  /** A, d(d+1)/2 numbers. */
  readonly precision: Float64Array
  /** b, d numbers. */
  readonly response: Float64Array
}

/**
 * The numeric core: LinUCB with geometric forgetting over one arena (see layout.ts for its memory map).
 *
 * All implementations do the same operations in the same order where state changes (`update`, `settle`, `rebuild`,
 * `rebuildSettled`, `invertSystem`): same bits.
 * Scores have the same bits in JavaScript and WebAssembly; the native kernel fuses multiplications with additions
 * there. Kernels trust their arguments: slots in range, numbers finite, contexts in place.
 */
export interface Kernel {
  readonly name: KernelName
  readonly layout: ArenaLayout
  /** The arena. Growing replaces this view: read it again after `reserve`. */
  readonly f64: Float64Array
  /** Arms there is room for. */
  readonly capacity: number

  /**
   * Makes room for `armCount` arms, keeping what is there.
   * @throws OUT_OF_MEMORY; the arena is then as before
   */
  reserve(armCount: number): void

  /**
   * theta.x of the first `count` slots of the candidate list, for each of the first `contexts` (1 to BATCH_MAX) contexts
   * in the arena, into the list's section `mean`; and what `forms` asks for: QUADRATIC x^T A^-1 x into `variance`,
   * COST the cost head's theta.x into `cost`, LATENCY the latency head's into `latency`. The last two need an arena with
   * heads.
   */
  project(contexts: number, count: number, forms: number): void

  /**
   * Scores the first `count` candidates from what `project` found for the context at `index`:
   *     score = theta.x + alpha sqrt(max(x^T A^-1 x / max(gamma^min(dt, 1000), 1/200), 1e-12)) - penaltyWeight penalty
   * with penalty from the list and dt = now - max(lastUpdate, lastPlay), 0 if negative.
   */
  combine(index: number, count: number, alpha: number, penaltyWeight: number, now: number): void

  /** `project` and `combine` for the first context. */
  score(count: number, alpha: number, penaltyWeight: number, now: number): void

  /**
   * As `combine` after a `project` without quadratic forms, but takes those only of candidates that can still win:
   * `argmax` then finds the same one, of exactly the same score. The score of a candidate that cannot win is an upper
   * bound on its true score, and lies under the best one.
   * @returns how many quadratic forms it took
   */
  prune(index: number, count: number, alpha: number, penaltyWeight: number, now: number): number

  /**
   * Position in the candidate list of the best of the first `count` scores.
   * Of n exactly equal ones the (tieBreak mod n)-th is taken. tieBreak: an unsigned 32-bit integer.
   */
  argmax(count: number, tieBreak: number): number

  /**
   * One observation of an arm for the first context in the arena, at request count `now`: decay by gamma^dt with
   * dt = min(now - lastUpdate, 1000), then the rank-one (Sherman-Morrison) update of A, A^-1, b and theta. When the
   * regularization left falls under 10 % of lambda0 it is restored and the inverse is rebuilt.
   */
  update(slot: number, reward: number, now: number): void

  /**
   * One observation of an arm's settlements for the first context in the arena: `update` on the design matrix of settled
   * requests, one pass over it for both heads. logLatency may be NaN (not known): the latency head's own theta.x stands
   * in for it, so that its theta stays where it is. Needs an arena with heads.
   */
  settle(slot: number, logCost: number, logLatency: number, now: number): void

  /** Recomputes A^-1 (by Cholesky) and theta = A^-1 b from the arm's A and b. */
  rebuild(slot: number): void

  /** `rebuild` of the design matrix of settled requests and both of its heads. Needs an arena with heads. */
  rebuildSettled(slot: number): void

  /**
   * Inverts, by Cholesky, the packed triangle of `size` rows (1 to the dimension) in the arena's section `system` into
   * `systemInverse`. Overwrites `row`. Needs an arena with heads.
   */
  invertSystem(size: number): void
}
