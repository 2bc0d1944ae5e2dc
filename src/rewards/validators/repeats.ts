const KNOWN_MAX = 10_000

/** Prompts that were answered lately. */
export class Repeats {
  private readonly known = new Map<string, { readonly decision: string; readonly at: number }>()

  /** A prompt was answered. @param repeatMs so long it is remembered, ms */
  answered(key: string, decision: string, now: number, repeatMs: number): void {
    this.known.delete(key)
    this.known.set(key, { decision, at: now })
    for (const [oldest, { at }] of this.known) {
      if (this.known.size <= KNOWN_MAX && now - at <= repeatMs) return
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
