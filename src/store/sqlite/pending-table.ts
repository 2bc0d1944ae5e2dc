import type { LoggedEvent } from '../../events/events.js'
import { firstValue, type SqliteDatabase, type SqliteStatement } from './drivers/database.js'

interface PendingLimits {
  /** Rows kept; the oldest go first. */
  readonly capacity: number
  /** Age at which a snapshot drops them, ms; null: never. */
  readonly ttlMs: number | null
}

/** Rows above the capacity before the oldest are removed: finding them walks the table. */
const SLACK = 8192

type State = 'routed' | 'settled' | 'rewarded' | 'expired'

/** What the events of one transaction do to a request. */
interface Change {
  /** Routed within the transaction: nothing is in the table. */
  readonly routed: (LoggedEvent & { type: 'routed' }) | null
  readonly position: number
  isOver: boolean
  state: State
  costUsd: number | null
  reward: number | null
}

/**
 * The table of requests that wait for feedback. What the events of a transaction do to one request is gathered first: a
 * request that begins and ends within it never touches the table.
 */
export class PendingTable {
  private readonly db: SqliteDatabase
  private readonly limits: PendingLimits
  private readonly insert: SqliteStatement
  private readonly update: SqliteStatement
  private readonly remove: SqliteStatement
  private readonly removeOldest: SqliteStatement
  private readonly changes = new Map<string, Change>()
  private rows: number
  private rowsBefore: number

  constructor(db: SqliteDatabase, limits: PendingLimits) {
    this.db = db
    this.limits = limits
    this.insert = db.prepare('INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
    this.update = db.prepare(
      'UPDATE pending SET cost_usd = coalesce(?, cost_usd), reward = coalesce(?, reward), state = ? WHERE request = ?' +
        ' RETURNING cost_usd IS NOT NULL AND reward IS NOT NULL',
    )
    this.remove = db.prepare('DELETE FROM pending WHERE request = ?')
    this.removeOldest = db.prepare(
      'DELETE FROM pending WHERE request IN (SELECT request FROM pending ORDER BY position LIMIT ?)',
    )
    this.rows = this.count()
    this.rowsBefore = this.rows
  }

  /** An event of the transaction that is under way. */
  note(event: LoggedEvent, position: number): void {
    switch (event.type) {
      case 'routed':
        this.changes.set(event.id, {
          routed: event,
          position,
          isOver: false,
          state: 'routed',
          costUsd: null,
          reward: null,
        })
        break
      case 'settled': {
        const change = this.changeOf(event.id, position)
        change.state = 'settled'
        change.costUsd = event.costUsd
        break
      }
      case 'rewarded': {
        const change = this.changeOf(event.id, position)
        change.state = 'rewarded'
        change.reward = event.reward
        break
      }
      case 'expired':
        this.changeOf(event.id, position).state = 'expired'
        break
      case 'failed':
      case 'cancelled':
        this.changeOf(event.id, position).isOver = true
    }
  }

  /** Writes what was noted; the caller commits. */
  flush(): void {
    this.rowsBefore = this.rows
    for (const [request, change] of this.changes) {
      const isOver = change.isOver || (change.costUsd !== null && change.reward !== null)
      if (change.routed === null) this.amend(request, change, isOver)
      else if (!isOver) this.add(change.routed, change)
    }
    this.changes.clear()
    const excess = this.rows - this.limits.capacity
    if (excess > SLACK) this.rows -= this.removeOldest.run(excess)
  }

  /** After the transaction was rolled back. */
  forget(): void {
    this.changes.clear()
    this.rows = this.rowsBefore
  }

  /** Removes what is too old at `now`, or too much. */
  prune(now: number): void {
    const { capacity, ttlMs } = this.limits
    if (ttlMs !== null) this.db.prepare('DELETE FROM pending WHERE routed_at < ?').run(now - ttlMs)
    this.rows = this.count()
    if (this.rows > capacity) this.rows -= this.removeOldest.run(this.rows - capacity)
  }

  /** Empties it, to be filled from the log again. */
  clear(): void {
    this.db.exec('DELETE FROM pending')
    this.rows = 0
  }

  private count(): number {
    return Number(firstValue(this.db, 'SELECT count(*) FROM pending'))
  }

  private changeOf(request: string, position: number): Change {
    let change = this.changes.get(request)
    if (change === undefined) {
      change = { routed: null, position, isOver: false, state: 'routed', costUsd: null, reward: null }
      this.changes.set(request, change)
    }
    return change
  }

  private add(routed: LoggedEvent & { type: 'routed' }, { costUsd, reward, state, position }: Change): void {
    const { id, model, tenant, at, reservedUsd } = routed
    this.insert.run(id, model, tenant, at, reservedUsd, costUsd, reward, state, position)
    this.rows++
  }

  private amend(request: string, change: Change, isOver: boolean): void {
    const isDone =
      isOver || this.update.first(change.costUsd, change.reward, change.state, request)?.[0] === 1
    if (isDone) this.rows -= this.remove.run(request)
  }
}
