import { ParetoBanditError } from '../../base/errors.js'
import type { HeldRewards } from './held-rewards.js'

/** Rewards of one decision: more are no more information, and each is kept until they are applied. */
const REWARDS_MAX = 100

interface Weighed {
  readonly weighted: number
  readonly weight: number
}

/** The rewards of one decision that have come so far. */
export class CollectedRewards {
  /** When they are to be applied, ms since 1970 UTC. */
  readonly dueAt: number
  cancel: () => void = () => {}
  /** Of validators, and of processes that are gone. */
  private weighted = 0
  private weights = 0
  /** By key, those of which no more than a sum is known at 0. */
  private readonly given = new Map<string, Weighed>()

  constructor(dueAt: number) {
    this.dueAt = dueAt
  }

  has(key: string): boolean {
    return this.given.has(key)
  }

  get isEmpty(): boolean {
    return this.given.size === 0 && this.weights === 0
  }

  /** @throws TOO_MANY_REWARDS where there are as many as are kept */
  add(key: string, value: number, weight: number): void {
    if (this.given.size >= REWARDS_MAX) {
      const message = `this decision has ${REWARDS_MAX} rewards, as many as it may`
      throw new ParetoBanditError('TOO_MANY_REWARDS', 'decision', message)
    }
    this.given.set(key, { weighted: value * weight, weight })
  }

  /** Whoever gave it was told that it is not kept. */
  takeBack(key: string): void {
    this.given.delete(key)
  }

  addVerdict(value: number, weight: number): void {
    this.weighted += value * weight
    this.weights += weight
  }

  addHeld({ weighted, weights, keys }: HeldRewards): void {
    this.weighted += weighted
    this.weights += weights
    for (const key of keys) this.given.set(key, { weighted: 0, weight: 0 })
  }

  /** Their mean by weight; null: none of them weighs anything. */
  get mean(): number | null {
    const { weighted, weights } = this.held
    return weights === 0 ? null : weighted / weights
  }

  get keys(): ReadonlySet<string> {
    return new Set(this.given.keys())
  }

  get held(): HeldRewards {
    let { weighted, weights } = this
    for (const each of this.given.values()) {
      weighted += each.weighted
      weights += each.weight
    }
    return { weighted, weights, keys: [...this.given.keys()], dueAt: this.dueAt }
  }
}
