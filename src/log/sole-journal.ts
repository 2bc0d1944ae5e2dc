import type { EventTable } from '../events/event-table.js'
import type { RouterEvent } from '../events/events.js'
import type { Journal, JournalStats, Receipt } from '../router/journal.js'
import type { RoutingState } from '../state/routing-state.js'
import { beginSnapshot } from '../state/snapshot/write-snapshot.js'
import { writeClosingSnapshot } from './closing-snapshot.js'
import { KeepAlive } from './keep-alive.js'
import { Outbox } from './outbox.js'
import { Receipts } from './receipts.js'
import type { Recovered } from './recovery.js'
import type { JournalOptions } from './resolve-journal.js'
import type { OpenedLog, Position, Store } from './store.js'
import { inSlices } from './time-slice.js'
import { within } from './timeout.js'

/** A few times what a commit takes: the log is that much further behind, and its thread has most of its time left. */
const GATHER_MS = 5

/** What the journal of a sole router is made of. */
interface SoleJournalParts {
  readonly store: Store
  readonly opened: OpenedLog
  readonly options: JournalOptions
  readonly recovered: Recovered
  /** Name of the encoder of texts, or null. */
  readonly encoder: string | null
}

/** The journal of a router that is alone on its log: what it applies is the log's order. */
export class SoleJournal implements Journal {
  /** After the event that was made durable last: the state may be ahead of it. */
  position: Position
  readonly confirmed: RoutingState
  private readonly events: EventTable
  private readonly store: Store
  private readonly options: JournalOptions
  private readonly outbox: Outbox
  private readonly receipts = new Receipts()
  private readonly origin: string
  private readonly encoder: string | null
  /** Events of the log after its latest snapshot. */
  private sinceSnapshot: number
  /** Begun when the event of that number was the latest; written once it is durable. */
  private snapshot: { readonly number: number; readonly steps: Generator<void, Uint8Array> } | null = null
  private writing: Promise<void> | null = null
  private isClosed = false
  /** What was appended until now is durable, or given up: nothing more is taken. */
  private isEnding = false

  constructor({ store, opened, options, recovered, encoder }: SoleJournalParts) {
    const { state, events } = recovered.fold
    this.store = store
    this.position = recovered.position
    this.options = options
    this.confirmed = state
    this.events = events
    this.encoder = encoder
    this.origin = opened.origin
    this.sinceSnapshot = recovered.folded
    this.outbox = new Outbox({
      store,
      events,
      origin: opened.origin,
      firstNumber: opened.firstNumber,
      capacity: options.capacity,
      gatherMs: GATHER_MS,
      alive: new KeepAlive(options.closeMs),
      onError: options.onStoreError,
      outage: options.outage,
      onBroken: (error) => this.receipts.refuseAll(error),
      onTurn: (last) => this.takeSnapshot(last),
      onDurable: (last, position) => this.durable(last, position),
    })
  }

  stats(): JournalStats {
    return this.outbox.stats(this.position)
  }

  checkRoom(): void {
    if (this.isEnding) throw this.options.closedError(this.store)
    this.outbox.checkRoom()
  }

  append(event: RouterEvent): void {
    // A notice is no event of the log.
    if (!this.events.byType.has(event.type)) return
    this.outbox.append(event)
    this.confirmed.ids.origins.register(this.origin).lastEvent = this.outbox.lastNumber
    this.sinceSnapshot++
  }

  receipt(count: number): Receipt {
    const { lastNumber } = this.outbox
    return this.receipts.add(lastNumber - count + 1, lastNumber, this.onAsked)
  }

  private readonly onAsked = (last: number): void => this.outbox.want(last)

  hold(): null {
    return null
  }

  flush(): Promise<void> {
    return this.outbox.flush()
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    try {
      await within(this.flush(), this.options.closeMs, this.store)
      this.isEnding = true
      await this.writing
      if (this.options.snapshotOnClose && this.sinceSnapshot > 0) await this.writeLast()
    } finally {
      this.isEnding = true
      await new KeepAlive(this.options.closeMs).during(() => this.store.close())
      this.outbox.break(this.options.closedError(this.store))
    }
  }

  private writeLast(): Promise<void> {
    const { store, options, encoder, position } = this
    return writeClosingSnapshot(store, () => ({ confirmed: this.confirmed, position }), encoder, options)
  }

  /** Of the present state, which is that of the position after its latest event: a batch will end there. */
  private takeSnapshot(number: number): void {
    if (this.snapshot !== null || this.writing !== null || this.sinceSnapshot < this.options.snapshotEvents)
      return
    this.sinceSnapshot = 0
    try {
      this.snapshot = { number, steps: beginSnapshot(this.confirmed, this.encoder) }
      this.outbox.cutAfter = number
    } catch (error) {
      // No memory for it: events go on, and a later one may fit.
      this.options.onStoreError(error)
    }
  }

  private durable(last: number, position: Position): void {
    this.position = position
    this.receipts.settleThrough(last)
    const { snapshot } = this
    if (snapshot === null || snapshot.number > last) return
    this.snapshot = null
    if (snapshot.number !== last) return
    this.writing = inSlices(snapshot.steps)
      .then((bytes) => this.store.writeSnapshot({ position, bytes, isGiven: true }))
      .catch((error: unknown) => {
        // The log has it all: a later snapshot will do.
        this.sinceSnapshot = this.options.snapshotEvents / 2
        this.options.onStoreError(error)
      })
      .finally(() => {
        this.writing = null
      })
  }
}
