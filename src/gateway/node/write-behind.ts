import { messageOf } from '../../base/errors.js'

/** Items that may wait; with more the oldest are left out, so that a store that is away costs no memory. */
const WAITING_MAX = 20_000
const BATCH_MAX = 500
const RETRY_MS = 250
/** Nobody waits longer for a write, as nobody does for a journal at its end. */
const WRITE_MS_MAX = 5000

interface Waiting<T> {
  readonly place: number
  readonly item: T
  /** Once its batch has been tried. @param isWritten whether it is there */
  tried(isWritten: boolean): void
}

export interface WriteBehindOptions<T> {
  readonly write: (batch: readonly T[]) => Promise<void>
  /** Batches that may be under way at a time: with 1 they are written in order, with more what failed is written after its like. */
  readonly atOnceMax: number
  /** How long an item may wait for others that go with it, ms; 0: for those of one turn of the event loop. */
  readonly gatherMs: number
  /** Told when writing begins to fail, and when it begins to hang, with why in its message. */
  readonly onProblem: (problem: Error) => void
  /** Told when a write goes well again, with how long none did, ms. */
  readonly onBack?: ((goneMs: number) => void) | undefined
}

/**
 * Writes what is added in batches, without anybody waiting for it. A write that hangs is not given up, as it may come late and stand behind
 * what came after it. Once `atOnceMax` writes hang all others wait until one of them ends; whoever waits for them is told that they are not written.
 */
export class WriteBehind<T> {
  private readonly options: WriteBehindOptions<T>
  private waiting: Waiting<T>[] = []
  private places = 0
  private underWay = 0
  /** Of these, those that take longer than a write may. */
  private hanging = 0
  private isScheduled = false
  private gathering: NodeJS.Timeout | undefined
  private isPaused = false
  private isClosing = false
  /** What has been told since a write last went well. */
  private told: 'nothing' | 'fails' | 'hangs' = 'nothing'
  private toldAt = 0
  private backAt = Number.NEGATIVE_INFINITY
  private onIdle: (() => void) | null = null
  private retry: NodeJS.Timeout | undefined

  constructor(options: WriteBehindOptions<T>) {
    this.options = options
  }

  /**
   * @param isUrgent somebody waits for it: it goes with what is added in this turn of the event loop
   * @returns whether it was written; where not it is tried again, and nobody waits for that
   */
  add(item: T, isUrgent = false): Promise<boolean> {
    if (this.waiting.length >= WAITING_MAX)
      for (const { tried } of this.waiting.splice(0, BATCH_MAX)) tried(false)
    return new Promise((tried) => {
      this.waiting.push({ place: this.places++, item, tried })
      if (this.isPaused || this.isHeldUp) tried(false)
      else this.schedule(isUrgent)
    })
  }

  /** Whether writing fails or hangs, or did so within the last `ms`. */
  hasFailedWithin(ms: number): boolean {
    return this.told !== 'nothing' || performance.now() - this.backAt < ms
  }

  private schedule(isUrgent: boolean): void {
    const { gatherMs } = this.options
    if (this.isScheduled) return
    if (gatherMs > 0 && !isUrgent) {
      this.gathering ??= setTimeout(() => this.send(), gatherMs)
      return
    }
    this.isScheduled = true
    setImmediate(() => {
      this.isScheduled = false
      this.send()
    })
  }

  private get isHeldUp(): boolean {
    return this.hanging >= this.options.atOnceMax
  }

  /** What waits is tried once more. A write that hangs is not waited for. */
  async close(): Promise<void> {
    this.isClosing = true
    this.isPaused = false
    clearTimeout(this.retry)
    const idle = new Promise<void>((resolve) => {
      this.onIdle = resolve
    })
    this.send()
    await idle
    this.isClosing = false
  }

  private send(): void {
    clearTimeout(this.gathering)
    this.gathering = undefined
    while (!this.isPaused && this.waiting.length > 0 && this.underWay < this.options.atOnceMax) {
      const batch = this.waiting.splice(0, BATCH_MAX)
      this.underWay++
      void this.write(batch)
    }
    const isStill = this.waiting.length === 0 || this.isPaused || this.isHeldUp
    if (this.underWay === this.hanging && isStill) this.onIdle?.()
  }

  private async write(batch: readonly Waiting<T>[]): Promise<void> {
    let isLate = false
    const late = setTimeout(() => {
      isLate = true
      this.hangs(batch)
    }, WRITE_MS_MAX)
    try {
      await this.options.write(batch.map(({ item }) => item))
      if (this.told !== 'nothing') {
        this.backAt = performance.now()
        this.options.onBack?.(this.backAt - this.toldAt)
      }
      this.told = 'nothing'
      for (const { tried } of batch) tried(true)
    } catch (error) {
      this.failed(batch, error)
      for (const { tried } of batch) tried(false)
    }
    clearTimeout(late)
    if (isLate) this.hanging--
    this.underWay--
    this.send()
  }

  private hangs(batch: readonly Waiting<T>[]): void {
    this.hanging++
    if (this.told !== 'hangs') this.tell(`a write takes longer than ${WRITE_MS_MAX} ms`)
    this.told = 'hangs'
    for (const { tried } of this.isHeldUp ? [...batch, ...this.waiting] : batch) tried(false)
    this.send()
  }

  private tell(why: string): void {
    if (this.told === 'nothing') this.toldAt = performance.now()
    this.options.onProblem(new Error(`notes are of this process alone: ${why}`))
  }

  private failed(batch: readonly Waiting<T>[], error: unknown): void {
    if (this.told === 'nothing') {
      this.tell(messageOf(error))
      this.told = 'fails'
    }
    this.waiting = [...batch, ...this.waiting].sort((a, b) => a.place - b.place)
    if (this.isPaused) return
    this.isPaused = true
    if (this.isClosing) return
    this.retry = setTimeout(() => {
      this.isPaused = false
      this.send()
    }, RETRY_MS)
    this.retry.unref()
  }
}
