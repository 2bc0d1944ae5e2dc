import type { RoutingState } from '../state/routing-state.js'
import { encodeSnapshot } from '../state/snapshot/snapshot.js'
import type { JournalOptions } from './resolve-journal.js'
import type { Position, Store } from './store.js'
import { within } from './timeout.js'

const CLAIM_MS = 60_000

/** Snapshots of a shared log: all replicas see at the same place that one is due, and one of them writes it. */
export class SharedSnapshots {
  private readonly store: Store
  private readonly options: JournalOptions
  private readonly encoder: string | null
  private isOurs = false
  /** Events that the latest snapshot known here covers. */
  private covered: number

  constructor(store: Store, options: JournalOptions, encoder: string | null, covered: number) {
    this.covered = covered
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

  /**
   * A process ends: so that who comes next has nothing to fold. Where others stay it is theirs, but for one of many that
   * end together.
   */
  async writeLast(
    now: () => { readonly confirmed: RoutingState; readonly position: Position },
  ): Promise<void> {
    const { store, options, encoder } = this
    if (now().confirmed.events === this.covered) return
    try {
      const others = ((await store.leases?.processes()) ?? 1) > 1
      if (others && (await store.claim?.('snapshot-close', CLAIM_MS)) === false) return
      // What came while others were asked is in it, too.
      const { confirmed, position } = now()
      const bytes = encodeSnapshot(confirmed, encoder)
      await within(store.writeSnapshot({ position, bytes }), options.closeMs, store, 'a snapshot was')
    } catch (error) {
      // The log has it all.
      options.onStoreError(error)
    }
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
    this.covered = state.events
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
