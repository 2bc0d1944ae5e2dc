import type { Arms } from '../bandit/arms.js'
import { CandidateList } from '../bandit/candidate-list.js'
import { Evidence } from '../bandit/evidence.js'
import type { Kernel } from '../kernel/kernel.js'
import { isAvailable } from '../models/availability.js'
import type { Model } from '../models/registry.js'
import type { StateView } from '../state/policy-state.js'
import { FIRST_ANSWERS } from './tuning.js'

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

/** A model that gets the request whatever its score. */
export interface Newcomer {
  readonly model: Model
  /** Whether the request is one of its forced ones; else it takes the place of one that failed. */
  readonly isForced: boolean
}

/**
 * The eligible model, if any, that gets requests for certain; none where only what is known may be used. First those that
 * have forced requests to come, then those whose calls failed before anything was learned of them.
 * @param at when the request is routed
 */
export function newcomer(
  state: StateView,
  eligible: readonly Model[],
  exploit: boolean,
  at: number,
): Newcomer | undefined {
  if (exploit) return undefined
  if (state.registry.exploring > 0) {
    const model = eligible.find(({ forcedRemaining }) => forcedRemaining > 0)
    if (model !== undefined) return { model, isForced: true }
  }
  for (const model of eligible)
    if (model.failed > 0 && isUnheard(model, state, at)) return { model, isForced: false }
  return undefined
}

/**
 * Whether failures took the place of a model's first answers. Forced requests are counted when they are routed, so a model that
 * is down from its first call on would have had them all, and nobody would ask it again once it answers.
 */
function isUnheard(model: Model, { arms, requests }: StateView, at: number): boolean {
  const { failed, forcedDone } = model
  // Answered, or still under way.
  const heard = model.requests - failed
  // A few that failed among many answers are no loss.
  if (heard > failed || heard >= Math.max(forcedDone, FIRST_ANSWERS)) return false
  return (heard < forcedDone || !hasPrior(model, arms)) && isAvailable(model, at, requests)
}

/** Whether more is known of it than its own rewards say. */
function hasPrior({ slot, rewarded }: Model, arms: Arms): boolean {
  return new Evidence(arms).ofReward(slot) - arms.cell(arms.rewards.ridge, slot) > rewarded
}
