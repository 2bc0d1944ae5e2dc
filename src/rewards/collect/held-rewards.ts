import type { After } from '../../base/after.js'
import { isRecord } from '../../base/check.js'
import { uniqueId } from '../../base/unique-id.js'

/** Where rewards that are collected outlive their process. */
export interface HeldStore {
  /** Whether other processes that run now put theirs too. */
  readonly isShared: boolean
  /** @returns whether the store has it; false while it is away: it is written later. Is never rejected */
  put(id: string, held: object): Promise<boolean>
  /** @returns as `put` */
  remove(id: string): Promise<boolean>
  /** @throws (the promise is rejected) while the store is away */
  entries(): Promise<readonly (readonly [id: string, held: object])[]>
}

/** Rewards that are collected end with their process. */
export const NOT_HELD: HeldStore = {
  isShared: false,
  put: async () => true,
  remove: async () => true,
  entries: async () => [],
}

/** Rewards of one decision that are collected, or more of them. */
export interface HeldRewards {
  /** Sum of value times weight, and of weights. */
  readonly weighted: number
  readonly weights: number
  /** Idempotency keys of those that it has. */
  readonly keys: readonly string[]
  /** When they are to be applied, ms since 1970 UTC. */
  readonly dueAt: number
}

/** So much later anybody applies what its own process has not, where others may run: that one is gone. */
const LATE_MS = 3000
const LOOK_EVERY_MS = 10_000

export interface LeftBehind {
  readonly id: string
  readonly decision: string
  readonly held: HeldRewards
}

export interface WatchOptions {
  readonly after: After
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

/**
 * The rewards that a process collects, as all processes can know them: what was taken is applied by somebody, though its process
 * is killed. Each process has a note for each decision of its own; two that apply the same do no harm, as a router takes one reward.
 */
export class HeldNotes {
  private readonly store: HeldStore
  private readonly own = uniqueId()

  constructor(store: HeldStore) {
    this.store = store
  }

  /** @returns whether it outlives this process */
  keep(decision: string, held: HeldRewards): Promise<boolean> {
    return this.store.put(this.idOf(decision), held)
  }

  drop(decision: string): Promise<boolean> {
    return this.store.remove(this.idOf(decision))
  }

  /** Tells of what others have left behind, now and from time to time: of each until it is `ended`. @returns what ends it */
  watch(tell: (left: LeftBehind) => void, { after, now, onError }: WatchOptions): () => void {
    let isOver = false
    let cancel = () => {}
    const look = async (): Promise<void> => {
      try {
        for (const left of await this.leftBehind(now())) if (!isOver) tell(left)
      } catch (error) {
        onError(error)
      }
      if (!isOver) cancel = after(LOOK_EVERY_MS, () => void look())
    }
    void look()
    return () => {
      isOver = true
      cancel()
    }
  }

  private async leftBehind(now: number): Promise<readonly LeftBehind[]> {
    const found = await this.store.entries()
    return found.flatMap(([id, value]) => {
      const end = id.lastIndexOf('#')
      const held = heldIn(value)
      if (held === null || id.slice(end + 1) === this.own) return []
      if (this.store.isShared && held.dueAt + LATE_MS > now) return []
      return [{ id, decision: id.slice(0, end), held }]
    })
  }

  ended(id: string): Promise<boolean> {
    return this.store.remove(id)
  }

  private idOf(decision: string): string {
    return `${decision}#${this.own}`
  }
}

function heldIn(value: object): HeldRewards | null {
  if (!isRecord(value)) return null
  const { weighted, weights, keys, dueAt } = value
  if (typeof weighted !== 'number' || typeof weights !== 'number' || typeof dueAt !== 'number') return null
  if (!Array.isArray(keys) || keys.some((key) => typeof key !== 'string')) return null
  return { weighted, weights, keys, dueAt }
}
