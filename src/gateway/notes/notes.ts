import { LatestMap } from '../../base/latest-map.js'

/** What there are notes of: `names` are what clients call decisions, `rewards` are those that were taken and are not applied yet, `adjustments` keys of those that were sent. */
export const NOTE_KINDS = ['decisions', 'names', 'sessions', 'rewards', 'adjustments'] as const
export type NoteKind = (typeof NOTE_KINDS)[number]

/** Whether somebody was told that it is kept: each of them is written, and safe from a power cut. */
export function isPromised(kind: NoteKind): boolean {
  return kind === 'rewards' || kind === 'adjustments'
}

/**
 * What processes remember together of decisions and conversations: the latest of each kind, the oldest is forgotten first. A note that
 * is lost costs an answer (`unknown_decision`), never money: that is in the router's log.
 */
export interface Notes {
  /** Whether other processes that run now put notes too. */
  readonly isShared: boolean
  /**
   * @returns null: nobody noted it, or it was forgotten. @throws (the promise is rejected) while the store is away, and where another
   * process may have noted it and could not write it
   */
  get(kind: NoteKind, id: string): Promise<object | null>
  /**
   * In place of what was noted before. Known here at once.
   * @returns whether the store has it; false while it is away: it is written later. Is never rejected
   */
  put(kind: NoteKind, id: string, value: object): Promise<boolean>
  /** @returns as `put` */
  remove(kind: NoteKind, id: string): Promise<boolean>
  /**
   * Notes it where nothing is noted of its id. Of processes that try it at once one does, and the others get what that one noted.
   * @returns what was noted before; null: nothing, and now this is
   * @throws (the promise is rejected) where the store does not say that it has it; it may, so `release` it
   */
  claim(kind: NoteKind, id: string, value: object): Promise<object | null>
  /**
   * Takes back what was claimed, where that is still what is noted: nobody else's note goes.
   * @returns as `put`
   */
  release(kind: NoteKind, id: string, value: object): Promise<boolean>
  /** All of a kind that has few. @throws (the promise is rejected) while the store is away */
  entries(kind: NoteKind): Promise<readonly (readonly [id: string, value: object])[]>
  /** What waits is written. */
  close(): Promise<void>
}

/** How many of each kind are kept. */
export type NotesMax = (kind: NoteKind) => number

/** The latest notes of one kind. */
export class LatestNotes {
  private readonly known = new LatestMap<string, object>()

  get size(): number {
    return this.known.size
  }

  get(id: string): object | null {
    return this.known.get(id) ?? null
  }

  put(id: string, value: object, max: number): void {
    this.known.set(id, value)
    this.known.trim(max)
  }

  delete(id: string): void {
    this.known.delete(id)
  }

  entries(): IterableIterator<[string, object]> {
    return this.known.entries()
  }
}

export type NotesByKind = Readonly<Record<NoteKind, LatestNotes>>

export function notesByKind(): NotesByKind {
  return {
    decisions: new LatestNotes(),
    names: new LatestNotes(),
    sessions: new LatestNotes(),
    rewards: new LatestNotes(),
    adjustments: new LatestNotes(),
  }
}

/** Whether it says the same, in the same order, as it does where one was made of the other's JSON. */
export function isSameNote(noted: object | null, value: object): boolean {
  return noted !== null && JSON.stringify(noted) === JSON.stringify(value)
}

/** Of one process, kept by nobody. */
export function memoryNotes(max: NotesMax): Notes {
  const kinds = notesByKind()
  return {
    isShared: false,
    get: async (kind, id) => kinds[kind].get(id),
    async put(kind, id, value) {
      kinds[kind].put(id, value, max(kind))
      return true
    },
    async remove(kind, id) {
      kinds[kind].delete(id)
      return true
    },
    async claim(kind, id, value) {
      const before = kinds[kind].get(id)
      if (before === null) kinds[kind].put(id, value, max(kind))
      return before
    },
    async release(kind, id, value) {
      if (isSameNote(kinds[kind].get(id), value)) kinds[kind].delete(id)
      return true
    },
    entries: async (kind) => [...kinds[kind].entries()],
    close: async () => {},
  }
}
