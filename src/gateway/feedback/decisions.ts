import type { RequestRecord } from '../logs/request-record.js'

/** Whose a decision is, and how its request ended. */
export interface KnownDecision {
  /** The tenant's, or the key's where it has none. */
  readonly owner: string
  record: RequestRecord | null
}

const KNOWN_MAX = 100_000

/** Decisions of this process, the latest. Feedback for others is taken too: another process may have made them. */
export class Decisions {
  private readonly known = new Map<string, KnownDecision>()

  made(id: string, owner: string): void {
    this.known.set(id, { owner, record: null })
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KNOWN_MAX) return
      this.known.delete(oldest)
    }
  }

  ended(record: RequestRecord): void {
    const known = record.decision === null ? undefined : this.known.get(record.decision)
    if (known === undefined) return
    const { content: _, ...told } = record
    known.record = told
  }

  of(id: string): KnownDecision | null {
    return this.known.get(id) ?? null
  }
}
