import { ParetoBanditError } from '../base/errors.js'
import type { RoutingState } from '../state/routing-state.js'
import { beginSnapshot } from '../state/snapshot/write-snapshot.js'
import { writeClosingSnapshot } from './closing-snapshot.js'
import type { JournalOptions } from './resolve-journal.js'
import type { Position, Store } from './store.js'
import { inSlices } from './time-slice.js'

const CLAIM_MS = 60_000
const CHECK_MS = 1000

/** Snapshots of a shared log: all replicas see at the same place that one is due, and one of them writes it. */
export class SharedSnapshots {
  private readonly store: Store
  private readonly options: JournalOptions
  private readonly encoder: string | null
  private isOurs = false
  /** Events that the latest snapshot known here covers. */
  private covered: number
  private checkAt = 0

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
    const multiple = Math.floor(state.events / snapshotEvents)
    if (this.isOurs) this.take(state, position)
    else if (Math.floor(before / snapshotEvents) !== multiple) void this.claim(`snapshot-${multiple}`)
  }

  /**
   * Where somebody else has deleted events that no snapshot covers, those who have read them go on, and nobody could
   * begin: that is told, and what they know is kept as a snapshot.
   * @param now the state, and the place that it is of
   * @param atOnce whatever the time of the latest look
   * @throws STORE_CORRUPT where the log cannot be opened after that either, or has no such place
   */
  async keepOpenable(
    now: { readonly confirmed: RoutingState; readonly position: Position },
    atOnce = false,
  ): Promise<void> {
    const { store, options, encoder } = this
    if (store.checkOpenable === undefined || (!atOnce && performance.now() < this.checkAt)) return
    this.checkAt = performance.now() + CHECK_MS
    try {
      await store.checkOpenable()
    } catch (error) {
      if (!(error instanceof ParetoBanditError) || error.code !== 'STORE_CORRUPT') throw error
      options.onStoreError(error)
      const { confirmed, position } = now
      const bytes = await inSlices(beginSnapshot(confirmed, encoder))
      await store.writeSnapshot({ position, bytes, isGiven: true })
      this.covered = confirmed.events
      await store.checkOpenable()
    }
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
    } catch (error) {
      options.onStoreError(error)
      return
    }
    // What came while others were asked is in it, too.
    await writeClosingSnapshot(store, now, encoder, options)
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
      inSlices(beginSnapshot(state, this.encoder))
        .then((bytes) => this.store.writeSnapshot({ position, bytes, isGiven: true }))
        .catch((error: unknown) => this.options.onStoreError(error))
    } catch (error) {
      // No memory for it: the next may fit, or another replica's.
      this.options.onStoreError(error)
    }
  }
}
