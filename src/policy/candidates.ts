import { CandidateList } from '../bandit/candidate-list.js'
import type { Kernel } from '../kernel/kernel.js'
import type { Model } from '../models/registry.js'
import type { StateView } from '../state/policy-state.js'

/** The list that a policy's contexts in the arena choose from, in order, and what the kernel has projected of it for all. */
export class Candidates {
  readonly list = new CandidateList()
  /** Which of the contexts is the next one's. */
  index = 0
  private contexts = 1
  /** Serial number of the list that the contexts were projected on; 0: none yet. */
  private serial = 0

  /** The next `contexts` choices are for the contexts in the arena. */
  begin(contexts: number): void {
    this.contexts = contexts
    this.index = this.serial = 0
  }

  /**
   * Takes the eligible models under a price ceiling into the list; the cheapest of them when it leaves nobody.
   * @param ceiling USD per 1,000 tokens
   */
  take({ arms, registry }: StateView, eligible: readonly Model[], ceiling: number): void {
    if (eligible === registry.enabled) this.list.takeEnabled(arms, registry, ceiling)
    else this.list.take(arms, eligible, ceiling)
  }

  /** Whether the contexts have been projected on this very list: what they share is computed once. */
  get areProjected(): boolean {
    return this.serial === this.list.serial
  }

  /** @param forms that the kernel is to take besides theta.x, as bits */
  project(kernel: Kernel, forms: number): void {
    this.serial = this.list.serial
    kernel.project(this.contexts, this.list.count, forms)
  }
}

/** The eligible model, if any, that still has requests for certain; none where only what is known may be used. */
export function newcomer(
  { registry }: StateView,
  eligible: readonly Model[],
  exploit: boolean,
): Model | undefined {
  if (exploit || registry.exploring === 0) return undefined
  return eligible.find(({ forcedRemaining }) => forcedRemaining > 0)
}
