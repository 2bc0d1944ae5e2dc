import type { Router } from '../../index.js'
import { hasLimit } from '../config/limits-in-force.js'

/** A store that has failed for so long does not come back by the next try. */
const GRACE_MS = 1000

/**
 * Whether the router's own store keeps what is spent. While it does not, as on a full disk, spend is in the memory of one process, and
 * gone with it: what limits promise would not hold. A log that is shared hands out its limits in parts, so none is exceeded while it
 * is away.
 */
export class StoreWatch {
  private readonly router: Router<string>
  private readonly isShared: () => boolean
  private readonly now: () => number
  private failsSince: number | null = null

  constructor(router: Router<string>, isShared: () => boolean, now: () => number) {
    this.router = router
    this.isShared = isShared
    this.now = now
  }

  /** Its failure; null: it answers, or no store is used. */
  get failure(): string | null {
    return this.router.journal?.failure ?? null
  }

  /** Whether the router takes nothing more, whatever the store says from now on. */
  get isBroken(): boolean {
    return this.router.journal?.isBroken ?? false
  }

  /** Whether spend would be forgotten, and a limit with it. */
  get isForgetful(): boolean {
    if (this.failure === null) {
      this.failsSince = null
      return false
    }
    this.failsSince ??= this.now()
    return this.now() - this.failsSince >= GRACE_MS && !this.isShared() && hasLimit(this.router)
  }
}
