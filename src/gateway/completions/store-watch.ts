import type { Router } from '../../index.js'
import { hasLimit } from '../config/limits-in-force.js'

/** A store that has failed for so long does not come back by the next try. */
const GRACE_MS = 1000
/** A write that takes longer hangs. Disks that are busy take seconds. */
const WRITE_MS_MAX = 5000

/**
 * Whether the router's own store keeps what is spent. While it does not, as on a full disk or one that answers nothing, spend is in the
 * memory of one process, and gone with it: what limits promise would not hold. A log that is shared hands out its limits in parts, so
 * none is exceeded while it is away.
 */
export class StoreWatch {
  private readonly router: Router<string>
  private readonly isShared: () => boolean
  private readonly now: () => number
  private readonly onHang: (message: string) => void
  private readonly onHangOver: (goneMs: number) => void
  private failsSince: number | null = null
  /** Where the log stood when it was last seen to go on, and since when something waits there; null: nothing waits. */
  private position: string | null = null
  private waitsSince: number | null = null
  /** Since when what was told as a hang has waited; null: nothing was. */
  private hangsSince: number | null = null

  /**
   * @param onHang told when a write begins to hang: nobody else tells the operator. One that fails is told by the router
   * @param onHangOver told when it has come to its end after so long, ms
   */
  constructor(
    router: Router<string>,
    isShared: () => boolean,
    now: () => number,
    onHang: (message: string) => void = () => {},
    onHangOver: (goneMs: number) => void = () => {},
  ) {
    this.router = router
    this.isShared = isShared
    this.now = now
    this.onHang = onHang
    this.onHangOver = onHangOver
  }

  /** Its failure; null: it answers, or no store is used. */
  get failure(): string | null {
    return this.router.journal?.failure ?? this.hang
  }

  /** What is wrong and what comes of it, in words for operators; null: nothing. */
  get problem(): string | null {
    const { failure } = this
    if (failure === null) return null
    if (this.isBroken) return `The store is broken, and requests are refused: ${failure}`
    if (this.isForgetful) return `The store fails, and requests are refused until it works again: ${failure}`
    return `The store fails, and what has happened since is in the memory of this process alone: ${failure}`
  }

  /** Whether the router takes nothing more, whatever the store says from now on. */
  get isBroken(): boolean {
    return this.router.journal?.isBroken ?? false
  }

  /** Whether spend would be forgotten, and a limit with it. */
  get isForgetful(): boolean {
    return this.isFailing && !this.isShared() && hasLimit(this.router)
  }

  /** Tells how a hang has ended, where no request asks. One that has become a failure is the router's to tell. */
  tellEnd(): void {
    if (this.hangsSince === null) return
    if (this.router.journal?.failure == null) void this.hang
    else this.hangsSince = null
  }

  /** Notes whether the log goes on: to be called when something of it may wait. */
  look(): void {
    const { journal } = this.router
    if (journal === null || journal.waiting === 0) this.waitsSince = null
    else if (journal.position !== this.position) this.waitsSince = this.now()
    else this.waitsSince ??= this.now()
    this.position = journal?.position ?? null
  }

  private get isFailing(): boolean {
    const failure = this.router.journal?.failure ?? null
    if (failure === null) {
      this.failsSince = null
      return this.hang !== null
    }
    this.failsSince ??= this.now()
    return this.isLate || this.now() - this.failsSince >= GRACE_MS
  }

  /** Whether a write has come to no end for too long. One of a shared store has a time of its own. */
  private get isLate(): boolean {
    this.look()
    return !this.isShared() && this.waitsSince !== null && this.now() - this.waitsSince >= WRITE_MS_MAX
  }

  /** What is wrong with a write that has neither come to an end nor failed; null: nothing. */
  private get hang(): string | null {
    if (!this.isLate) {
      const { hangsSince } = this
      this.hangsSince = null
      if (hangsSince !== null) this.onHangOver(this.now() - hangsSince)
      return null
    }
    const message = `a write takes longer than ${WRITE_MS_MAX} ms`
    if (this.hangsSince === null) this.onHang(message)
    this.hangsSince ??= this.waitsSince ?? this.now()
    return message
  }
}
