import { LatestMap } from '../../base/latest-map.js'
import type { Verdict } from '../validators/verdict.js'

interface Waiting {
  verdict: Verdict
  readonly at: number
}

/** A verdict that has waited long enough. */
export interface DueVerdict {
  readonly decision: string
  readonly value: number
}

/** Verdicts in the order in which they came, until they are applied or somebody says more. */
export class Verdicts {
  private readonly waiting = new LatestMap<string, Waiting>()

  /** A later verdict on the same decision holds. */
  add(decision: string, verdict: Verdict, at: number): void {
    const known = this.waiting.get(decision)
    if (known === undefined) this.waiting.set(decision, { verdict, at })
    else known.verdict = verdict
  }

  /** @returns null: no verdict */
  take(decision: string): Verdict | null {
    const known = this.waiting.get(decision)
    this.waiting.delete(decision)
    return known?.verdict ?? null
  }

  get size(): number {
    return this.waiting.size
  }

  /** When the oldest was given; null: no verdict waits. */
  get oldestAt(): number | null {
    const [oldest] = this.waiting.oldest()
    return oldest === undefined ? null : (this.waiting.get(oldest)?.at ?? null)
  }

  /** Takes the oldest, where it is as old as this or more than `countMax` wait. @returns null: there is no such */
  takeDue(at: number, countMax: number): DueVerdict | null {
    const [decision] = this.waiting.oldest()
    if (decision === undefined) return null
    const known = this.waiting.get(decision)
    if (known === undefined || (known.at > at && this.waiting.size <= countMax)) return null
    this.waiting.delete(decision)
    return { decision, value: known.verdict.value }
  }
}
