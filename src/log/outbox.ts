import { afterQuietly, pauseQuietly } from '../base/after.js'
import { messageOf, ParetoBanditError } from '../base/errors.js'
import { EventWriter } from '../events/codec.js'
import type { EventTable } from '../events/event-table.js'
import type { RouterEvent } from '../events/events.js'
import type { JournalStats } from '../router/journal.js'
import type { KeepAlive } from './keep-alive.js'
import type { Outage } from './outage.js'
import type { Position, Store } from './store.js'

/** Events of one append at most: a group commit takes all that came meanwhile. */
const BATCH_EVENTS_MAX = 4096
const BATCH_BYTES_MAX = 1 << 20
const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 5000

/** After one of these nothing that is tried again can succeed. */
const FATAL = new Set(['STORE_CLOSED', 'STORE_CORRUPT', 'STORE_MISMATCH', 'LOG_CORRUPT', 'LOG_VERSION'])
/** The log is not what it was, or was trimmed behind what was read of it: a replica reads it again. */
const LOST = new Set(['STORE_CORRUPT', 'LOG_TRIMMED'])

interface OutboxOptions {
  readonly store: Store
  readonly events: EventTable
  readonly origin: string
  readonly firstNumber: number
  /** Events that may wait to be durable. */
  readonly capacity: number
  /** While nobody waits for them, events gather for so long between two appends, ms: each costs as much as many events. Default 0. */
  readonly gatherMs?: number
  /** Held while events wait. */
  readonly alive: KeepAlive
  /** Called for every append that failed; it is tried again unless the error is fatal. */
  readonly onError: (error: unknown) => void
  readonly outage?: Outage
  /** Before a batch is taken: the fold of all that was appended, up to that number, is the present state. */
  readonly onTurn?: (last: number) => void
  /**
   * Shared logs: the log is not what it was, or has lost what it acknowledged. Nothing is appended until `rewind` says
   * from where on, or `break` that all is over. Without it that is fatal.
   */
  readonly onLost?: () => void
  /** Nothing will be durable any more. */
  readonly onBroken: (error: unknown) => void
  /** A batch is durable: the number of its last event, and where the log stands after it. */
  readonly onDurable: (last: number, position: Position) => void
}

/**
 * Applied events on their way to the store: encoded at once, appended in groups, one at a time, those that come while an
 * append is under way together in the next. A failed one is tried again, and what comes meanwhile waits, up to a bound.
 */
export class Outbox {
  /** Number of the event appended last. */
  lastNumber: number
  private readonly options: OutboxOptions
  private readonly writer: EventWriter
  private readonly waiters: {
    readonly number: number
    readonly resolve: () => void
    readonly reject: (e: unknown) => void
  }[] = []
  /** Not yet handed to the store; the first has number `firstQueued`. */
  private queue: Uint8Array[] = []
  private firstQueued: number
  /** Number of the last event that the store has acknowledged. */
  durable: number
  /** Where the log stood after that; undefined: it need not be there. */
  position: Position | undefined
  private isScheduled = false
  private isAppending = false
  private rewinds = 0
  /** Where the log was read to that has events of this origin beyond `durable`; null: it has none, as far as is known. */
  private unconfirmed: Position | null = null
  private isLost = false
  private retryMs = RETRY_MS_MIN
  /** Number of the latest event that somebody waits for. */
  private wanted = 0
  /** Ends the gathering that is under way. */
  private hurry: (() => void) | null = null
  private broken: unknown
  /** A batch ends with the event of that number: somebody wants to know the position after it. */
  cutAfter = 0
  /** The failure of the latest append; undefined while the store answers. */
  failure: unknown

  constructor(options: OutboxOptions) {
    this.options = options
    this.writer = new EventWriter(options.events)
    this.lastNumber = options.firstNumber - 1
    this.firstQueued = options.firstNumber
    this.durable = options.firstNumber - 1
  }

  /** Events that are not durable yet. */
  get waiting(): number {
    return this.lastNumber - this.durable
  }

  private get isClosed(): boolean {
    return this.broken instanceof ParetoBanditError && this.broken.code === 'STORE_CLOSED'
  }

  stats(position: Position): JournalStats {
    const broken = this.isClosed ? undefined : this.broken
    const failure = broken ?? this.failure
    const text = failure === undefined ? null : messageOf(failure)
    return { position, waiting: this.waiting, failure: text, isBroken: broken !== undefined }
  }

  /** @throws what has broken the store for good */
  checkBroken(): void {
    if (this.broken !== undefined) throw this.broken
  }

  /** @throws JOURNAL_FULL; what has broken the store for good */
  checkRoom(): void {
    this.checkBroken()
    if (this.waiting < this.options.capacity) return
    const { store, capacity } = this.options
    const why = this.failure instanceof Error ? `: ${this.failure.message}` : ''
    const message = `${capacity} events wait for ${store.description}${why}`
    throw new ParetoBanditError('JOURNAL_FULL', '', message, { cause: this.failure })
  }

  /** @returns the event's bytes */
  append(event: RouterEvent): Uint8Array {
    const bytes = this.writer.encode(event)
    this.queue.push(bytes)
    this.lastNumber++
    if (this.queue.length === BATCH_EVENTS_MAX) this.hurry?.()
    this.options.alive.hold()
    this.schedule()
    return bytes
  }

  /** Resolves when all that was appended so far is durable: of a closed one that is whole, at once. @throws what has broken the store */
  flush(): Promise<void> {
    const { broken, waiting } = this
    if (waiting === 0 && (broken === undefined || this.isClosed)) return Promise.resolve()
    if (broken !== undefined) return Promise.reject(broken)
    return new Promise((resolve, reject) => {
      this.waiters.push({ number: this.lastNumber, resolve, reject })
      this.want(this.lastNumber)
    })
  }

  /** Somebody waits for the event of that number: nothing gathers before it is durable. */
  want(number: number): void {
    this.wanted = Math.max(this.wanted, number)
    this.hurry?.()
  }

  /**
   * The log has none of these: they are appended again before all that comes. What is under way meanwhile may come to
   * stand in the log twice, which is told by the numbers.
   * @param events all from the first one that the log lacks to the last
   * @param end where the log was read to. Events before `first` that are in it and were not acknowledged are durable once the
   *   store has confirmed it
   */
  rewind(first: number, events: readonly Uint8Array[], end: Position): void {
    this.rewinds++
    this.isLost = false
    this.queue = [...events]
    this.firstQueued = first
    const { store, alive } = this.options
    this.durable = store.confirm === undefined ? first - 1 : Math.min(this.durable, first - 1)
    this.unconfirmed = this.durable < first - 1 ? end : null
    this.position = undefined
    alive.progress(this.waiting > 0 && this.broken === undefined)
    this.wakeWaiters()
    if (this.isBehind) this.schedule()
  }

  /** Nothing more goes to the store, and who waits is told why. */
  break(error: unknown): void {
    if (this.broken !== undefined) return
    this.broken = error
    this.hurry?.()
    this.options.alive.progress(false)
    this.options.onBroken(error)
    for (const { reject } of this.waiters.splice(0)) reject(error)
  }

  /** One turn of the microtask queue later, so that what one call or loop makes goes together. */
  private schedule(): void {
    if (this.isScheduled || this.isAppending || this.isLost || this.broken !== undefined) return
    this.isScheduled = true
    queueMicrotask(() => {
      this.isScheduled = false
      void this.pump()
    })
  }

  private get isBehind(): boolean {
    return this.queue.length > 0 || this.unconfirmed !== null
  }

  private async pump(): Promise<void> {
    if (this.isAppending) return
    this.isAppending = true
    while (this.isBehind && this.broken === undefined && !this.isLost) {
      if (this.unconfirmed === null) await this.appendNext()
      else await this.confirm(this.unconfirmed)
    }
    this.isAppending = false
  }

  private async appendNext(): Promise<void> {
    const { store, origin, onTurn } = this.options
    onTurn?.(this.lastNumber)
    const batch = { origin, firstNumber: this.firstQueued, events: this.takeBatch() }
    const position = await this.untilDurable(() => store.append(batch, this.position))
    if (position === undefined) return
    const { length } = batch.events
    this.queue = this.queue.length === length ? [] : this.queue.slice(length)
    this.firstQueued += length
    this.position = position
    this.advance(position)
    await this.gather()
  }

  private async confirm(end: Position): Promise<void> {
    const { store } = this.options
    const isConfirmed = await this.untilDurable(async () => {
      await store.confirm?.(end)
      return true
    })
    if (isConfirmed === undefined) return
    this.unconfirmed = null
    this.advance(end)
  }

  /** All that is not in the queue is durable: the log stands there. */
  private advance(position: Position): void {
    this.durable = this.firstQueued - 1
    this.options.onDurable(this.durable, position)
    this.options.alive.progress(this.waiting > 0)
    this.wakeWaiters()
  }

  private wakeWaiters(): void {
    while (this.waiters.length > 0 && this.waiters[0].number <= this.durable) this.waiters.shift()?.resolve()
  }

  /** Lets events come together, unless somebody waits or there are enough. */
  private async gather(): Promise<void> {
    const { gatherMs = 0 } = this.options
    if (gatherMs === 0 || this.wanted > this.durable || this.queue.length >= BATCH_EVENTS_MAX) return
    await new Promise<void>((resolve) => {
      const stop = afterQuietly(gatherMs, resolve)
      this.hurry = () => {
        stop()
        resolve()
      }
    })
    this.hurry = null
  }

  /**
   * What the store answers in the end.
   * @returns undefined when the store is broken, or has lost what came before: what was asked is not the next thing any more
   */
  private async untilDurable<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const { onError, onLost } = this.options
    const { rewinds } = this
    while (this.broken === undefined && rewinds === this.rewinds) {
      try {
        const answer = await ask()
        if (rewinds !== this.rewinds) return undefined
        this.failure = undefined
        this.options.outage?.answers('append')
        this.retryMs = RETRY_MS_MIN
        return answer
      } catch (error) {
        this.failure = error
        const code = error instanceof ParetoBanditError ? error.code : ''
        const isLost = LOST.has(code) && onLost !== undefined
        if (FATAL.has(code) && !isLost) this.break(error)
        this.options.outage?.fails('append')
        onError(error)
        if (isLost) {
          if (rewinds === this.rewinds) {
            this.isLost = true
            onLost()
          }
          return undefined
        }
        if (this.broken === undefined) await this.pause()
      }
    }
    return undefined
  }

  private takeBatch(): readonly Uint8Array[] {
    const upToCut =
      this.cutAfter >= this.firstQueued ? this.cutAfter - this.firstQueued + 1 : BATCH_EVENTS_MAX
    const most = Math.min(this.queue.length, BATCH_EVENTS_MAX, upToCut)
    let bytes = 0
    let count = 0
    while (count < most && (count === 0 || bytes < BATCH_BYTES_MAX)) {
      bytes += this.queue[count].length
      count++
    }
    return this.queue.slice(0, count)
  }

  /** Longer each time, with jitter, so that processes do not come back together. */
  private async pause(): Promise<void> {
    const ms = this.retryMs * (0.5 + Math.random() / 2)
    this.retryMs = Math.min(2 * this.retryMs, RETRY_MS_MAX)
    await pauseQuietly(ms)
  }
}
