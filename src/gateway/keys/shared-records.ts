import { everyQuietly } from '../../base/after.js'
import { messageOf } from '../../base/errors.js'
import { goneFor } from '../logs/gone-for.js'
import type { RecordStore } from './records.js'

export interface SharedRecordsOptions {
  /** How often changes of others are looked for, ms. */
  readonly refreshMs: () => number
  readonly now: () => number
  /** Called with a failure of the store, once until it works again, and then. */
  readonly onProblem: (message: string) => void
}

/**
 * Records as they were lately: read again whenever they have changed, whoever changed them. What another process does is
 * known here within `refreshMs` and the time of one read.
 */
export class SharedRecords {
  private readonly store: RecordStore
  private readonly options: SharedRecordsOptions
  private records: ReadonlyMap<string, unknown> = new Map()
  private version: string | null = null
  /** When the records were last known to be so, ms. */
  private seenAt = Number.NEGATIVE_INFINITY
  /** When the store failed first since it last worked, ms; null: it works. */
  private unwellSince: number | null = null
  private running: Promise<void> | null = null
  /** The look after the one that is under way. */
  private following: Promise<void> | null = null
  /** Whether listeners are called after the next look, though nothing has changed. */
  private tellsAnyway = true
  private stopTimer: (() => void) | null = null
  private readonly listeners = new Set<() => void>()

  private constructor(store: RecordStore, options: SharedRecordsOptions) {
    this.store = store
    this.options = options
  }

  /** @throws (the promise is rejected with) what the store throws */
  static async open(store: RecordStore, options: SharedRecordsOptions): Promise<SharedRecords> {
    const shared = new SharedRecords(store, options)
    await shared.reread()
    return shared
  }

  /** Another map after every change. */
  get current(): ReadonlyMap<string, unknown> {
    return this.records
  }

  /** How old what is known may be, ms. */
  get ageMs(): number {
    return this.options.now() - this.seenAt
  }

  /** Looks for changes from now on. */
  start(): void {
    this.stopTimer ??= everyQuietly(this.options.refreshMs(), () => void this.refresh())
  }

  stop(): void {
    this.stopTimer?.()
    this.stopTimer = null
  }

  /** Called after each `refresh`, whether something has changed or not, and after each `catchUp` that found a change. @returns ends it */
  onRefresh(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Looks for changes where no timer does, as on the edge, and it is time. */
  async refreshIfDue(): Promise<void> {
    if (this.isDue) await this.refresh()
  }

  /** Whether no timer looks for changes, and it is time. */
  get isDue(): boolean {
    return this.stopTimer === null && this.ageMs > this.options.refreshMs()
  }

  /**
   * Looks for changes now: a look that has begun before may have missed what its caller has just written, so another follows it.
   * Resolves whatever comes of it; `ageMs` tells whether it succeeded.
   */
  refresh(): Promise<void> {
    this.tellsAnyway = true
    return this.lookNext()
  }

  /**
   * For who asks for what is not known here: another process may have made it a moment ago. Those who ask at once share one look, and
   * while the store fails nobody waits for it. Listeners are called where something has changed.
   * @returns whether all that was there when it was called is known; false: nobody can tell
   */
  async catchUp(): Promise<boolean> {
    if (this.unwellSince === null) await this.lookNext()
    return this.unwellSince === null
  }

  private lookNext(): Promise<void> {
    if (this.running === null) return this.look()
    this.following ??= this.running.then(() => {
      this.following = null
      return this.look()
    })
    return this.following
  }

  private look(): Promise<void> {
    this.running = this.reread()
      .then(
        () => {
          const { now, onProblem } = this.options
          if (this.unwellSince !== null)
            onProblem(`records can be read again${goneFor(now() - this.unwellSince)}`)
          this.unwellSince = null
        },
        (error: unknown) => {
          const { now, onProblem } = this.options
          if (this.unwellSince === null) onProblem(`records cannot be read: ${messageOf(error)}`)
          this.unwellSince ??= now()
        },
      )
      .finally(() => {
        this.running = null
      })
    return this.running
  }

  private async reread(): Promise<void> {
    // The time before the look: what changes during it is seen the next time.
    const at = this.options.now()
    const tellsAnyway = this.tellsAnyway
    this.tellsAnyway = false
    const version = await this.store.version()
    const isChanged = version !== this.version
    if (isChanged) {
      this.records = await this.store.read()
      this.version = version
    }
    this.seenAt = at
    if (isChanged || tellsAnyway) for (const listener of this.listeners) listener()
  }
}
