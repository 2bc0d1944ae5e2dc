import type { RoutingState } from '../state/routing-state.js'
import { encodeSnapshot } from '../state/snapshot/snapshot.js'
import type { JournalOptions } from './resolve-journal.js'
import type { Position, Store } from './store.js'

const CLAIM_MS = 60_000

/** Snapshots of a shared log: all replicas see at the same place that one is due, and one of them writes it. */
export class SharedSnapshots {
  private readonly store: Store
  private readonly options: JournalOptions
  private readonly encoder: string | null
  private isOurs = false

  constructor(store: Store, options: JournalOptions, encoder: string | null) {
    this.store = store
    this.options = options
    this.encoder = encoder
  }

  /**
   * After each batch. A snapshot is due when the count of events passes a multiple; the one replica whose task it is
   * takes it after a later batch, and no other stops for it.
   * @param before their count before the latest batch
   */
  consider(before: number, state: RoutingState, position: Position): void {
    const { snapshotEvents } = this.options
    const mark = Math.floor(state.events / snapshotEvents)
    if (this.isOurs) this.take(state, position)
    else if (Math.floor(before / snapshotEvents) !== mark) void this.claim(`snapshot-${mark}`)
  }

  private async claim(task: string): Promise<void> {
    try {
      this.isOurs = (await this.store.claim?.(task, CLAIM_MS)) !== false
    } catch (error) {
      this.options.onStoreError(error)
    }
  }

  private take(state: RoutingState, position: Position): void {
    this.isOurs = false
    try {
      const bytes = encodeSnapshot(state, this.encoder)
      this.store
        .writeSnapshot({ position, bytes })
        .catch((error: unknown) => this.options.onStoreError(error))
    } catch (error) {
      // No memory for it: the next may fit, or another replica's.
      this.options.onStoreError(error)
    }
  }
}
