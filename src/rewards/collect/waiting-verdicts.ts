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

  /** @param onApplied called with a decision that has its reward, and when that is in the router's store */
  constructor(options: CollectorParts, onApplied: (decision: string, receipt: Receipt) => void) {
    this.options = options
    this.onApplied = onApplied
  }

  add(decision: string, verdict: Verdict): void {
    this.verdicts.add(decision, verdict, this.options.now())
    this.watch()
  }

  /** The verdict on a decision that has another reward; null: it has none. */
  take(decision: string): Verdict | null {
    return this.verdicts.take(decision)
  }

  /** Applies them all. */
  close(): void {
    this.timer?.()
    for (const [decision, value] of this.verdicts.due(Number.POSITIVE_INFINITY, 0))
      this.apply(decision, value)
  }

  /** Applies those that have waited long enough. */
  private watch(): void {
    const { settings, now, after } = this.options
    const { waitMs } = settings()
    for (const [decision, value] of this.verdicts.due(now() - waitMs, VERDICTS_MAX))
      this.apply(decision, value)
    const { oldestAt } = this.verdicts
    if (this.timer !== null || oldestAt === null) return
    this.timer = after(Math.max(VERDICTS_EVERY_MS, oldestAt + waitMs - now()), () => {
      this.timer = null
      this.watch()
    })
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
