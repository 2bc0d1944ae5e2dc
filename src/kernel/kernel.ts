import type { ArenaLayout } from './layout.js'

export const KERNEL_NAMES = ['js', 'wasm'] as const
export type KernelName = (typeof KERNEL_NAMES)[number]

export interface KernelOptions {
  /** Length d of a context, 1 to 1024. */
  readonly dimension: number
  /** Forgetting factor in (0, 1]; 1 never forgets. */
  readonly gamma: number
  /** Regularization lambda0 > 0 of the ridge estimate. */
  readonly lambda0: number
}

/** Sufficient statistics of one arm: the packed upper triangle of A by rows (d(d+1)/2 numbers), and b (d numbers). */
export interface ArmStatistics {
  readonly precision: Float64Array
  readonly response: Float64Array
}

/**
 * The numeric core: LinUCB with geometric forgetting over one arena (see layout.ts for its memory map).
 *
 * All implementations do the same operations in the same order, so that state updates (`update`, `rebuild`) give
 * the same bits. Kernels trust their arguments: slots in range, numbers finite, the context in place.
 */
export interface Kernel {
  readonly name: KernelName
  readonly layout: ArenaLayout
  /** The arena. Growing replaces this view: read it anew after `reserve`. */
  readonly f64: Float64Array
  /** Arms there is room for. */
  readonly capacity: number

  /**
   * Makes room for `armCount` arms, keeping what is there.
   * @throws OUT_OF_MEMORY; the arena is then as before
   */
  reserve(armCount: number): void

  /**
   * Scores the first `count` slots of the candidate list for the context in the arena:
   *     score = theta.x + alpha sqrt(max(x^T A^-1 x / max(gamma^min(dt, 1000), 1/200), 1e-12)) - penaltyWeight price
   * with dt = now - max(lastUpdate, lastPlay), 0 if negative.
   */
  score(count: number, alpha: number, penaltyWeight: number, now: number): void

  /**
   * Position in the candidate list of the best of the first `count` scores.
   * Of n exactly equal ones the (tieBreak mod n)-th is taken. tieBreak: an unsigned 32-bit integer.
   */
  argmax(count: number, tieBreak: number): number

  /**
   * One observation of an arm for the context in the arena, at request count `now`: decay by gamma^dt with
   * dt = min(now - lastUpdate, 1000), then the rank-one (Sherman-Morrison) update of A, A^-1, b and theta. When the
   * regularization left falls under 10 % of lambda0 it is restored and the inverse is rebuilt.
   */
  update(slot: number, reward: number, now: number): void

  /** Recomputes A^-1 (by Cholesky) and theta = A^-1 b from the arm's A and b. */
  rebuild(slot: number): void
}
