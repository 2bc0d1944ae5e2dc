/** What there are notes of. */
export type NoteKind = 'decisions' | 'sessions'

/**
 * What processes remember together of decisions and conversations: the latest of each kind, the oldest is forgotten first. A note that
 * is lost costs an answer (`unknown_decision`), never money: that is in the router's log.
 */
export interface Notes {
  /** @returns null: nobody noted it, or it was forgotten. @throws (the promise is rejected) while the store is away */
  get(kind: NoteKind, id: string): Promise<object | null>
  /** In place of what was noted before. Known here at once; resolves when others know it, or the store is away. Is never rejected. */
  put(kind: NoteKind, id: string, value: object): Promise<void>
  /** What waits is written. */
  close(): Promise<void>
}

/** How many of each kind are kept. */
export type NotesMax = (kind: NoteKind) => number

/** The latest notes of one kind. */
export class LatestNotes {
  private readonly known = new Map<string, object>()

  get size(): number {
    return this.known.size
  }

  get(id: string): object | null {
    return this.known.get(id) ?? null
  }

  put(id: string, value: object, max: number): void {
    this.known.delete(id)
    this.known.set(id, value)
    for (const oldest of this.known.keys()) {
      if (this.known.size <= max) return
      this.known.delete(oldest)
    }
  }

  entries(): IterableIterator<[string, object]> {
    return this.known.entries()
  }
}

/** Of one process, kept by nobody. */
export function memoryNotes(max: NotesMax): Notes {
  const kinds = { decisions: new LatestNotes(), sessions: new LatestNotes() }
  return {
    get: async (kind, id) => kinds[kind].get(id),
    put: async (kind, id, value) => kinds[kind].put(id, value, max(kind)),
    close: async () => {},
  }
}
