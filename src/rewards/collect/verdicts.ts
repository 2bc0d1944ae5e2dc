import { LatestMap } from '../../base/latest-map.js'
import type { Verdict } from '../validators/verdict.js'

interface Waiting {
  verdict: Verdict
  readonly at: number
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

  /** When the oldest was given; null: no verdict waits. */
  get oldestAt(): number | null {
    const [oldest] = this.waiting.oldest()
    return oldest === undefined ? null : (this.waiting.get(oldest)?.at ?? null)
  }

  /** Takes those that are as old as this, and the oldest of more than `countMax`. */
  *due(at: number, countMax: number): Generator<readonly [decision: string, value: number]> {
    for (;;) {
      const [decision] = this.waiting.oldest()
      if (decision === undefined) return
      const known = this.waiting.get(decision)
      if (known === undefined || (known.at > at && this.waiting.size <= countMax)) return
      this.waiting.delete(decision)
      yield [decision, known.verdict.value]
    }
  }
}
