import { pauseQuietly } from '../base/after.js'
import { ParetoBanditError } from '../base/errors.js'
import { decodeEvent } from '../events/codec.js'
import { REQUEST_EVENT_TYPES } from '../events/core-events.js'
import type { RouterEvent } from '../events/events.js'
import type { Journal, JournalStats, Receipt } from '../router/journal.js'
import type { ReplicaHost } from '../router/replica-host.js'
import { checkEvent } from '../state/check-event.js'
import type { RoutingState } from '../state/routing-state.js'
import { decodeSteps } from '../state/snapshot/read-snapshot.js'
import { beginSnapshot, encodeSnapshot } from '../state/snapshot/write-snapshot.js'
import { HeldFeedback } from './held-feedback.js'
import { KeepAlive } from './keep-alive.js'
import type { LocalLeases } from './leases/local-leases.js'
import type { LogFold, Outcome } from './log-fold.js'
import { Outbox } from './outbox.js'
import { ReadBack } from './read-back.js'
import { PendingReceipt, Receipts } from './receipts.js'
import { loadSnapshot, type OwnOutcomes, type Recovered, recover, type StartFold } from './recovery.js'
import type { JournalOptions } from './resolve-journal.js'
import { haveSameSlots } from './same-slots.js'
import { SharedSnapshots } from './shared-snapshots.js'
import type { OpenedLog, PlacedBatch, Position, Store } from './store.js'
import { inSlices, TimeSlice } from './time-slice.js'
import { within } from './timeout.js'

const READ_WAIT_MS = 1000
const REQUEST_ID = /^[\w-]{1,64}\.[1-9]\d{0,15}$/
const RETRY_MS = 200
const REBASE_MS_MIN = 1000

/** What several replicas say of the same request, and it does not matter whose word comes first. */
const ECHO = 'REQUEST_EXPIRED'

/** What a replica is made of. */
interface ReplicaParts {
  readonly store: Store
  readonly opened: OpenedLog
  readonly options: JournalOptions
  readonly host: ReplicaHost
  readonly recovered: Recovered
  readonly startFold: StartFold
  readonly leases: LocalLeases | null
}

/**
 * The journal of a router that shares its log with others. Two states: `confirmed` is the fold of the log in its order,
 * with the same bits on every replica at the same position; the router's own is what decisions are made on, and has its
 * own events as soon as they are made and those of others as they are read. Where an own event is refused at its place,
 * because another's came first, or a change of settings comes in another order than in the log, the router's state is
 * rebuilt: the confirmed state, then its own events without a place.
 */
export class Replica implements Journal {
  readonly leases: LocalLeases | null
  /** Position that `confirmed` is the fold of. */
  position: Position
  private readonly store: Store
  private readonly options: JournalOptions
  private readonly host: ReplicaHost
  private readonly origin: string
  private readonly outbox: Outbox
  private readonly receipts = new Receipts()
  private readonly held: HeldFeedback
  private readonly startFold: StartFold
  private readonly snapshots: SharedSnapshots
  private fold: LogFold
  /** Own events that have no place yet, the first of number `firstUnplaced`. */
  private unplaced: Uint8Array[] = []
  private firstUnplaced: number
  private readonly readBack: ReadBack
  /** Number of the latest own event that is not of a request; 0: none. */
  private lastChange = 0
  private isDiverged = false
  /** Own events without a place that did not follow from the log when the router's state was made: it lacks them. */
  private readonly leftOut = new Set<number>()
  /** Requests of others that were read just now. */
  private readonly arrived: string[] = []
  /** Those that wait until all own events up to a number have their place, and the loss of one of these. */
  private readonly flushes = new Set<{ readonly last: number; loss: ParetoBanditError | null }>()
  private mustRejoin = false
  private rebasedAt = Number.NEGATIVE_INFINITY
  private isClosed = false
  /** The store is broken for good: there is nothing to be read, or asked for. */
  private isBroken = false
  /** What was appended until now is durable, or given up: nothing more is taken. */
  private isEnding = false
  private reading: Promise<void> = Promise.resolve()
  private wakeUp: (() => void)[] = []
  /** Held while own events have no place, or feedback waits for its request. */
  private readonly alive: KeepAlive

  constructor({ store, opened, options, host, recovered, startFold, leases }: ReplicaParts) {
    const { fold, position } = recovered
    this.store = store
    this.options = options
    this.host = host
    this.fold = fold
    this.position = position
    this.startFold = startFold
    const covered = recovered.fromSnapshot ? fold.state.events - recovered.folded : 0
    this.snapshots = new SharedSnapshots(store, options, host.encoder, covered)
    this.leases = leases
    this.alive = new KeepAlive(options.closeMs)
    this.origin = opened.origin
    this.firstUnplaced = opened.firstNumber
    this.readBack = new ReadBack(opened.firstNumber - 1)
    this.held = new HeldFeedback(options.holdMs, {
      now: () => host.now(),
      commit: (event) => host.commit(event),
      isOrigin: (name) => this.confirmed.ids.origins.get(name) !== undefined,
      isRequest: (id) => host.state.sequenceOf(id) !== 0 || host.state.ids.isPast(id),
    })
    this.outbox = new Outbox({
      store,
      events: fold.events,
      origin: opened.origin,
      firstNumber: opened.firstNumber,
      capacity: options.capacity,
      alive: new KeepAlive(options.closeMs),
      onError: (error) => this.storeFailed(error),
      outage: options.outage,
      onLost: () => {
        this.mustRejoin = true
      },
      onBroken: (error) => this.giveUp(error),
      onDurable: (last, position) => {
        leases?.storeAnswers()
        this.readBack.acknowledged(last, position)
        this.settleReceipts()
        this.wake()
      },
    })
    this.isDiverged = true
  }

  /** Gives the router the state of the log, in slices: it has none before. */
  async begin(): Promise<void> {
    const { encoder, dimension } = this.host
    const state = this.host.fresh()
    const bytes = await inSlices(beginSnapshot(this.confirmed, encoder))
    await inSlices(decodeSteps(bytes, state, { encoder, dimension, name: null }))
    this.rebasedAt = performance.now()
    this.host.adopt(state)
    this.isDiverged = false
  }

  /** Begins to follow the log. */
  start(): void {
    // What is no failure of the store is a mistake here: nothing must be decided on what is left.
    this.reading = this.readOn().catch((error: unknown) => this.outbox.break(error))
  }

  /** The state that all replicas have in common at `position`. */
  get confirmed(): RoutingState {
    return this.fold.state
  }

  stats(): JournalStats {
    return this.outbox.stats(this.position)
  }

  checkRoom(): void {
    if (this.isEnding) throw this.options.closedError(this.store)
    this.outbox.checkRoom()
    if (this.unplaced.length < this.options.capacity) return
    const message = `${this.options.capacity} own events have no place in ${this.store.description} yet`
    throw new ParetoBanditError('JOURNAL_FULL', '', message)
  }

  append(event: RouterEvent): void {
    // A notice is no event of the log.
    if (!this.fold.events.byType.has(event.type)) return
    this.unplaced.push(this.outbox.append(event))
    if (!REQUEST_EVENT_TYPES.has(event.type)) this.lastChange = this.outbox.lastNumber
    this.alive.hold()
    if (event.type === 'routed' || event.type === 'refused') this.leases?.recordDraw(event)
  }

  receipt(count: number): Receipt {
    const { lastNumber } = this.outbox
    return this.receipts.add(lastNumber - count + 1, lastNumber)
  }

  hold(id: string, make: () => RouterEvent, unknown: ParetoBanditError): Receipt | null {
    this.checkRoom()
    // What this router gave away itself it knows best.
    if (id.startsWith(`${this.origin}.`) || !REQUEST_ID.test(id)) return null
    const receipt = new PendingReceipt()
    this.held.add(id, make, unknown, receipt)
    this.alive.hold()
    return receipt
  }

  /** Resolves when all own events made so far have their place. @throws STORE_CORRUPT when the log has lost one of them meanwhile */
  async flush(): Promise<void> {
    const last = this.outbox.lastNumber
    const flush: { readonly last: number; loss: ParetoBanditError | null } = { last, loss: null }
    this.flushes.add(flush)
    try {
      await this.outbox.flush()
      while (this.certain < last && !this.isClosed) {
        this.outbox.checkBroken()
        await new Promise<void>((resolve) => this.wakeUp.push(resolve))
      }
    } finally {
      this.flushes.delete(flush)
    }
    if (flush.loss !== null) throw flush.loss
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    const closed = this.options.closedError(this.store)
    try {
      await within(this.flush(), this.options.closeMs, this.store)
      this.isEnding = true
      if (this.options.snapshotOnClose) await this.snapshots.writeLast(() => this)
    } finally {
      this.isClosed = this.isEnding = true
      await this.alive.during(async () => {
        await this.leases?.close()
        await this.store.close()
        await this.reading
      })
      this.outbox.break(closed)
    }
  }

  private async readOn(): Promise<void> {
    while (!this.isClosed && !this.isBroken) {
      try {
        if (this.mustRejoin) await this.rejoin()
        const batches = await this.store.read(this.position, READ_WAIT_MS, this.outbox.position)
        this.leases?.storeAnswers()
        this.options.outage.answers('read')
        // What failed may have been taken back since.
        if (this.outbox.waiting === 0) this.options.outage.answers('append')
        await this.take(batches)
        await this.snapshots.keepOpenable(this)
      } catch (error) {
        if (this.isClosed) return
        await this.readFailed(error)
      }
    }
  }

  /** Batch by batch: between two the state is that of `position`, and others may have a turn. */
  private async take(batches: readonly PlacedBatch[]): Promise<void> {
    const slice = new TimeSlice()
    for (const batch of batches) {
      if (slice.isOver) await slice.rest()
      if (this.isClosed) return
      const before = this.confirmed.events
      for (let i = 0; i < batch.events.length; i++)
        this.place(batch.origin, batch.firstNumber + i, batch.events[i])
      if (batch.origin === this.origin) {
        this.readBack.read(batch.position)
        this.settleReceipts()
      }
      this.position = batch.position
      this.snapshots.consider(before, this.confirmed, batch.position)
    }
    if (this.isDiverged) this.rebase()
    for (const id of this.arrived.splice(0)) this.held.found(id)
    this.held.giveUp()
    if (batches.length > 0) this.wake()
  }

  private place(origin: string, number: number, bytes: Uint8Array): void {
    const outcome = this.fold.fold(origin, number, bytes)
    const isOwn = origin === this.origin
    if (isOwn) this.placeOwn(number, outcome)
    else if (outcome.kind === 'applied' || outcome.kind === 'billed') this.followOther(outcome.event, origin)
    // Slots go by order: two replicas that added a model each at the same time have given them the other way round.
    if (outcome.kind === 'applied' && outcome.event.type === 'model-added')
      this.isDiverged ||= !haveSameSlots(this.confirmed, this.host.state)
    if (outcome.kind !== 'known') this.leases?.recordPlace(outcome, origin, isOwn)
  }

  private placeOwn(number: number, outcome: Outcome): void {
    if (number < this.firstUnplaced) return
    // They have no place, and the next one has: the store acknowledged them and has lost them.
    if (number > this.firstUnplaced) this.lose(this.firstUnplaced, number - 1)
    const count = number - this.firstUnplaced + 1
    this.unplaced = this.unplaced.length === count ? [] : this.unplaced.slice(count)
    this.firstUnplaced = number + 1
    // Here it was booked as what it was made for, or not at all.
    const isLeftOut = this.leftOut.delete(number)
    if (outcome.kind === 'billed' || (isLeftOut && outcome.kind === 'applied')) this.isDiverged = true
    if (this.refuseReceipt(number, outcome)) this.isDiverged = true
  }

  /** Number of the last own event that has its place, and is as safe as the store was asked to make it. */
  private get certain(): number {
    return Math.min(this.firstUnplaced - 1, this.readBack.durable)
  }

  private settleReceipts(): void {
    this.receipts.settleThrough(this.certain)
  }

  /** Own events that the store had acknowledged, or shown in the log, are in it no more, nor will they be. */
  private lose(first: number, last: number): void {
    const { store } = this
    const message = `has lost ${last - first + 1} events of this router that it had acknowledged`
    const error = new ParetoBanditError('STORE_CORRUPT', store.description, message)
    this.receipts.refuse(first, last, error)
    for (const flush of this.flushes) if (first <= flush.last) flush.loss ??= error
    this.isDiverged = true
    this.storeFailed(error)
  }

  private followOther(event: RouterEvent, origin: string): void {
    // Own events without a place come after it in the log, and came before it here.
    const isChange = !REQUEST_EVENT_TYPES.has(event.type)
    if (isChange) this.options.onOthersChange({ event, origin })
    if (isChange ? this.unplaced.length > 0 : this.lastChange >= this.firstUnplaced) this.isDiverged = true
    try {
      this.host.follow(this.host.check(event))
      if (event.type === 'routed') this.arrived.push(event.id)
    } catch (error) {
      if (!(error instanceof ParetoBanditError)) throw error
      // An own event without a place says otherwise; that one will be refused.
      if (error.code !== ECHO) this.isDiverged = true
    }
  }

  /** Rebuilds the router's state: what is confirmed, then its own events that have no place in the log yet. */
  private rebase(): void {
    const now = performance.now()
    if (now - this.rebasedAt < REBASE_MS_MIN) return
    this.rebasedAt = now
    const { encoder, dimension } = this.host
    const state = this.host.fresh()
    loadSnapshot(encodeSnapshot(this.confirmed, encoder), state, { encoder, dimension })
    this.leftOut.clear()
    for (const [i, bytes] of this.unplaced.entries()) {
      try {
        state.apply(
          checkEvent(state, this.fold.policy, this.fold.options, decodeEvent(bytes, this.fold.events)),
        )
      } catch (error) {
        if (!(error instanceof ParetoBanditError)) throw error
        // It will be refused at its place as well, unless the log has by then what it follows from: it may have lost that, and get it again.
        this.leftOut.add(this.firstUnplaced + i)
      }
    }
    this.host.adopt(state)
    this.isDiverged = false
    this.held.retryAll()
  }

  private async readFailed(error: unknown): Promise<void> {
    if (!(error instanceof ParetoBanditError)) throw error
    this.options.outage.fails('read')
    this.storeFailed(error)
    try {
      if (error.code === 'LOG_TRIMMED' || error.code === 'STORE_CORRUPT') await this.rejoin()
      else if (error.code === 'LOG_VERSION') this.outbox.break(error)
    } catch (cause) {
      if (this.isClosed) return
      if (cause instanceof ParetoBanditError && cause.code === 'STORE_CORRUPT') this.outbox.break(cause)
      this.storeFailed(cause)
    }
    if (!this.isClosed && !this.isBroken) await pauseQuietly(RETRY_MS)
  }

  /** Too far behind, or the log is not what it was: from one of its snapshots again. */
  private async rejoin(): Promise<void> {
    const { encoder, dimension } = this.host
    // Where all that was known here is still of the log, nothing of it need be lost.
    await this.snapshots.keepOpenable(this, true).catch((error: unknown) => this.storeFailed(error))
    const needs = { encoder, dimension }
    const { fold, position, own } = await recover(this.store, this.startFold, needs, this.origin)
    if (fold.state.events === 0) {
      const { description } = this.store
      throw new ParetoBanditError('STORE_CORRUPT', description, 'the log that was there is gone')
    }
    this.fold = fold
    this.position = position
    this.mustRejoin = false
    const placed = fold.state.ids.origins.get(this.origin)?.lastEvent ?? 0
    // What was read back and was not certain may have lost that place, and have another.
    this.placeUnread(this.certain + 1, placed, own)
    let unread: readonly Uint8Array[] = []
    if (placed >= this.firstUnplaced) {
      unread = this.unplaced.slice(0, placed - this.firstUnplaced + 1)
      this.unplaced = this.unplaced.slice(unread.length)
      this.firstUnplaced = placed + 1
    }
    // Read back where the log was before, and not yet acknowledged, they would pass for durable.
    if (placed < this.firstUnplaced - 1) this.lose(placed + 1, this.firstUnplaced - 1)
    // What has no place now is appended again, though it may have been acknowledged; what has one and was not, is confirmed.
    this.outbox.rewind(this.firstUnplaced, this.unplaced, position)
    this.readBack.rejoined(this.outbox.durable, position)
    this.settleReceipts()
    this.rebasedAt = Number.NEGATIVE_INFINITY
    this.rebase()
    this.leases?.rejoin(unread.map((bytes) => decodeEvent(bytes, fold.events)))
    this.wake()
  }

  /** Own events from one to another have places that were not read one by one. What the snapshot covers counted there or was refused. */
  private placeUnread(from: number, last: number, { first, refused, lost }: OwnOutcomes): void {
    for (const gap of lost) if (gap.last >= from) this.lose(Math.max(gap.first, from), gap.last)
    const firstKnown = first ?? last + 1
    const message =
      'the log was trimmed before the places of own events were read: whether these counted, feedback that is given again tells'
    const error = new ParetoBanditError('LOG_TRIMMED', this.store.description, message)
    this.receipts.refuse(from, Math.min(firstKnown - 1, last), error)
    for (const { number, outcome } of refused) this.refuseReceipt(number, outcome)
  }

  /** Of an event that was refused at its place. @returns whether it was */
  private refuseReceipt(number: number, outcome: Outcome): boolean {
    if (outcome.kind !== 'refused' || outcome.error.code === ECHO) return false
    this.receipts.refuse(number, number, outcome.error)
    return true
  }

  private giveUp(error: unknown): void {
    this.isBroken = true
    this.leases?.stop()
    this.receipts.refuseAll(error)
    this.held.refuseAll(error)
    this.wake()
    this.alive.progress(false)
  }

  private storeFailed(error: unknown): void {
    this.leases?.storeFails()
    this.options.onStoreError(error)
  }

  private wake(): void {
    this.alive.progress(this.unplaced.length > 0 || this.held.size > 0)
    for (const resolve of this.wakeUp.splice(0)) resolve()
  }
}
