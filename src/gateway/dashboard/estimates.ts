import type { Explanations, KeptExplanation } from './explanations.js'
import type { KeptDecision } from './latest.js'
import type { EstimateSpan, Savings, WhatIf } from './shape.js'
import { canBeMadeAgain, DECISIONS_MIN, savingsOf, whatIf } from './what-if.js'

/** So long all estimates are of the same decisions. */
const EVERY_MS = 5000
/** While there are few, estimates are made again when their number has grown by this factor. */
const GROWTH = 1.5

/** What an estimate is made of. */
interface Taken {
  readonly at: number
  /** How many were explained then. */
  readonly size: number
  readonly kept: readonly KeptExplanation[]
  readonly span: EstimateSpan | null
  readonly savings: Savings | null
}

const NOTHING: Taken = { at: Number.NEGATIVE_INFINITY, size: 0, kept: [], span: null, savings: null }

/** Estimates of what the latest explained decisions would have cost and earned otherwise, all from the same decisions. */
export class Estimates {
  private taken = NOTHING
  /** Counts how often the decisions were others. */
  number = 0

  /**
   * @param decisionOf null: it is not among the latest
   * @param now milliseconds since 1970 UTC
   */
  constructor(
    private readonly explanations: Explanations,
    private readonly decisionOf: (id: string) => KeptDecision | null,
    private readonly now: () => number,
  ) {}

  /** Which decisions, and what always using one model would have done with them. Null: they are too few. */
  read(): { readonly span: EstimateSpan | null; readonly savings: Savings | null } {
    return this.take()
  }

  /** @param usdPerRequest > 0. @returns null: they are too few */
  whatIf(usdPerRequest: number): WhatIf | null {
    return whatIf(this.take().kept, usdPerRequest)
  }

  private take(): Taken {
    const { explanations, taken } = this
    const at = this.now()
    if (at - taken.at < EVERY_MS && explanations.size <= GROWTH * taken.size) return taken
    const all = [...explanations.all()].filter(({ explanation }) => canBeMadeAgain(explanation))
    const times = all.map((each) => each.at)
    const isEnough = all.length >= DECISIONS_MIN
    const span = isEnough ? { decisions: all.length, from: Math.min(...times), to: Math.max(...times) } : null
    const before = taken.span
    if (span?.decisions !== before?.decisions || span?.from !== before?.from || span?.to !== before?.to)
      this.number++
    const kept = all.map(({ explanation }) => explanation)
    this.taken = { at, size: explanations.size, kept, span, savings: savingsOf(kept, this.decisionOf) }
    return this.taken
  }
}
