import type { Verdict } from '../validators/verdict.js'

/** Verdicts in the order in which they came, until they are applied or somebody says more. */
export class Verdicts {
  private readonly waiting = new Map<string, { readonly verdict: Verdict; readonly at: number }>()

  /** A later verdict on the same decision holds. */
  add(decision: string, verdict: Verdict, at: number): void {
    this.waiting.set(decision, { verdict, at: this.waiting.get(decision)?.at ?? at })
  }

  /** @returns null: no verdict */
  take(decision: string): Verdict | null {
    const known = this.waiting.get(decision)
    this.waiting.delete(decision)
    return known?.verdict ?? null
  }

  /** When the oldest was given; null: no verdict waits. */
  get oldestAt(): number | null {
    for (const { at } of this.waiting.values()) return at
    return null
  }

  /** Takes those that are as old as this, and the oldest of more than `countMax`. */
  *due(at: number, countMax: number): Generator<readonly [decision: string, value: number]> {
    for (const [decision, known] of this.waiting) {
      if (known.at > at && this.waiting.size <= countMax) return
      this.waiting.delete(decision)
      yield [decision, known.verdict.value]
    }
  }
}
