import { encodeSnapshot } from '../snapshot.js'
import type { RoutingState } from '../state.js'
import type { Position, Store } from '../store/store.js'
import type { JournalOptions } from './resolve-journal.js'

const CLAIM_MS = 60_000

/** Snapshots of a shared log: all replicas see at the same place that one is due, and one of them writes it. */
export class SharedSnapshots {
  private readonly store: Store
  private readonly options: JournalOptions
  private readonly encoder: string | null

  constructor(store: Store, options: JournalOptions, encoder: string | null) {
    this.store = store
    this.options = options
    this.encoder = encoder
  }

  /** A snapshot is due when the count of events passes a multiple. @param before their count before the latest batch */
  consider(before: number, state: RoutingState, position: Position): void {
    const { snapshotEvents } = this.options
    const mark = Math.floor(state.events / snapshotEvents)
    if (Math.floor(before / snapshotEvents) === mark) return
    try {
      void this.write(`snapshot-${mark}`, position, encodeSnapshot(state, this.encoder))
    } catch (error) {
      // No memory for it: the next may fit, or another replica's.
      this.options.onStoreError(error)
    }
  }

  private async write(task: string, position: Position, bytes: Uint8Array): Promise<void> {
    try {
      if ((await this.store.claim?.(task, CLAIM_MS)) === false) return
      await this.store.writeSnapshot({ position, bytes })
    } catch (error) {
      this.options.onStoreError(error)
    }
  }
}
