import type { Model } from '../models/registry.js'
import type { Arms } from './arms.js'

/** The enabled models, and a number that goes up when they or their prices change. */
interface ModelSource {
  readonly enabled: readonly Model[]
  readonly version: number
}

/**
 * The models that a request chooses among, and their slots in the arena's candidate list. Writing it takes time that
 * grows with the number of models, so the list of requests without options of their own stays until a model or the
 * price ceiling changes it.
 */
export class CandidateList {
  /** Models in the order of the list; entries from `count` on are of older requests. */
  readonly models: Model[] = []
  count = 0
  /** True when the ceiling left nobody and the list holds the cheapest instead. */
  fallback = false
  /** Goes up when the list's slots change. */
  serial = 1
  private registry: ModelSource | null = null
  private version = 0
  /** The list is that of any ceiling from `low` to under `high`, USD per 1,000 tokens; null: however high. */
  private low = 0
  private high: number | null = null

  /** The enabled models under the ceiling; the cheapest of them when it leaves nobody. */
  takeEnabled(arms: Arms, registry: ModelSource, ceiling: number): void {
    const current = registry === this.registry && registry.version === this.version
    if (current && ceiling >= this.low && (this.high === null || ceiling < this.high)) return
    this.write(arms, registry.enabled, ceiling)
    this.registry = registry
    this.version = registry.version
  }

  /** Of these models those under the ceiling; the cheapest of them when it leaves nobody. */
  take(arms: Arms, eligible: readonly Model[], ceiling: number): void {
    this.write(arms, eligible, ceiling)
    this.registry = null
  }

  private write(arms: Arms, eligible: readonly Model[], ceiling: number): void {
    const before = this.count
    let cheapest = Number.POSITIVE_INFINITY
    this.low = Number.NEGATIVE_INFINITY
    this.high = null
    this.count = 0
    for (const model of eligible) {
      const price = model.blendedUsdPerKTok
      cheapest = Math.min(cheapest, price)
      if (price > ceiling) this.high = Math.min(this.high ?? price, price)
      else {
        this.low = Math.max(this.low, price)
        this.add(arms, model)
      }
    }
    this.fallback = this.count === 0
    if (this.fallback) {
      for (const model of eligible) if (model.blendedUsdPerKTok === cheapest) this.add(arms, model)
    }
    if (this.count !== before) this.serial++
  }

  private add(arms: Arms, model: Model): void {
    // A list that comes out as it was stays as it is, and so does what was computed for it.
    if (this.models[this.count]?.slot !== model.slot) this.serial++
    arms.setCandidate(this.count, model.slot)
    this.models[this.count++] = model
  }
}
