import { ParetoBanditError } from '../../base/errors.js'
import type { Verdict } from '../validators/verdict.js'
import type { CollectorParts } from './collector-parts.js'
import { Verdicts } from './verdicts.js'

/** Whose verdicts are. */
export const VALIDATOR = 'validator'
/** Verdicts that wait: less than the requests that a router keeps. */
const VERDICTS_MAX = 32_768
/** How often they are looked at, at most, ms. */
const VERDICTS_EVERY_MS = 1000

/** Of a reward. The promise is made for who asks. */
export interface Receipt {
  readonly durable: Promise<void>
}

/**
 * What validators say waits longer than other rewards, as one of those that may come. Where none does it is applied as often as it
 * weighs: of a weight of 0.2 one in five, so that it teaches a fifth of what others would.
 */
export class WaitingVerdicts {
  private readonly options: CollectorParts
  private readonly onApplied: (decision: string, receipt: Receipt) => void
  private readonly verdicts = new Verdicts()
  private timer: (() => void) | null = null
  /** When the oldest was given, when that was last looked at: none is older. */
  private oldestAt = 0

  /** @param onApplied called with a decision that has its reward, and when that is in the router's store */
  constructor(options: CollectorParts, onApplied: (decision: string, receipt: Receipt) => void) {
    this.options = options
    this.onApplied = onApplied
  }

  add(decision: string, verdict: Verdict): void {
    const at = this.options.now()
    this.verdicts.add(decision, verdict, at)
    const isDue = at >= this.oldestAt + this.options.settings().waitMs
    if (this.timer === null || isDue || this.verdicts.size > VERDICTS_MAX) this.watch()
  }

  /** The verdict on a decision that has another reward; null: it has none. */
  take(decision: string): Verdict | null {
    return this.verdicts.take(decision)
  }

  /** Applies them all. */
  close(): void {
    this.timer?.()
    this.applyDue(Number.POSITIVE_INFINITY, 0)
  }

  /** Applies those that have waited long enough. */
  private watch(): void {
    const { settings, now, after } = this.options
    const { waitMs } = settings()
    this.applyDue(now() - waitMs, VERDICTS_MAX)
    const { oldestAt } = this.verdicts
    if (oldestAt === null) return
    this.oldestAt = oldestAt
    if (this.timer !== null) return
    this.timer = after(Math.max(VERDICTS_EVERY_MS, oldestAt + waitMs - now()), () => {
      this.timer = null
      this.watch()
    })
  }

  private applyDue(at: number, countMax: number): void {
    for (
      let due = this.verdicts.takeDue(at, countMax);
      due !== null;
      due = this.verdicts.takeDue(at, countMax)
    )
      this.apply(due.decision, due.value)
  }

  private apply(decision: string, value: number): void {
    const { router, settings, draw, onError } = this.options
    if (draw(decision) >= (settings().weights[VALIDATOR] ?? 0)) return
    try {
      this.onApplied(decision, router.reward(decision, value))
    } catch (error) {
      if (!(error instanceof ParetoBanditError)) onError(error)
    }
  }
}
