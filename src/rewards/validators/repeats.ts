import { LatestMap } from '../../base/latest-map.js'

const KNOWN_MAX = 10_000

/** Prompts that were answered lately. */
export class Repeats {
  private readonly known = new LatestMap<string, { readonly decision: string; readonly at: number }>(
    KNOWN_MAX,
  )

  /** A prompt was answered. @param repeatMs how long it is remembered, ms */
  answered(key: string, decision: string, now: number, repeatMs: number): void {
    this.known.set(key, { decision, at: now })
    for (;;) {
      const [oldest] = this.known.oldest()
      if (oldest === undefined || now - (this.known.get(oldest)?.at ?? now) <= repeatMs) return
      this.known.delete(oldest)
    }
  }

  /**
   * @param now when it is asked, ms
   * @returns the decision whose answer is asked for again; null: it is new. Requests at once are no repeats.
   */
  asked(key: string, now: number, repeatMs: number): string | null {
    const before = this.known.get(key)
    this.known.delete(key)
    return before === undefined || now < before.at || now - before.at > repeatMs ? null : before.decision
  }
}
