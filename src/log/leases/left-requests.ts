import { isRecord } from '../../base/check.js'
import type { LeasePool, Store } from '../store.js'

/** Beside a log: what replicas that were closed had in flight, as JSON {request: [USD set aside, [key and end of each pot that paid]]}. */
const NOTE = 'left-in-flight'
/** Requests that the note has at most: the dearest. */
const LEFT_MAX = 512
/** How often the note is read while bills of others' requests come, and for how long each is looked up in it, ms: a replica may be about to close. */
const LOOK_MS = 1000
const LOOKED_UP_MS = 5000
/** Bills that wait to be looked up; of more the oldest is forgotten. */
const BILLS_MAX = 4096
const TRIES_MAX = 20

/** Where a text stands beside the log, and is replaced in one step. */
export type LogNotes = Required<Pick<Store, 'readNote' | 'replaceNote'>>

/** A calendar pot that has paid for a request. */
type PaidPot = readonly [key: string, endsAt: number]

/** What a request was set aside for by a process that is gone, and by which pots. */
export interface LeftRequest {
  readonly usd: number
  readonly pots: readonly PaidPot[]
}

type Left = Map<string, LeftRequest>

/** A bill that this process appended, of a request that another routed. */
interface Bill {
  readonly at: number
  readonly costUsd: number
  readonly since: number
}

/**
 * What a replica that was closed had in flight. It reads nothing any more, so it gives back nothing of what a bill is lower than was set
 * aside. It leaves a note of these requests, once it follows no events, and the one that appends a bill gives that back: the bill has one place
 * in the log, and whoever takes a request off the note does it alone.
 */
export class LeftRequests {
  private readonly notes: LogNotes
  private readonly bills = new Map<string, Bill>()
  private lookedAt = Number.NEGATIVE_INFINITY

  constructor(notes: LogNotes) {
    this.notes = notes
  }

  /** This process leaves these requests. It follows no events any more. @throws what the store throws */
  async leave(requests: ReadonlyMap<string, LeftRequest>, now: number): Promise<void> {
    if (requests.size === 0) return
    await this.change((left) => {
      for (const [id, { pots }] of left) if (pots.every(([, endsAt]) => endsAt <= now)) left.delete(id)
      for (const [id, each] of requests) left.set(id, each)
      const dearest = [...left].sort(([, a], [, b]) => b.usd - a.usd)
      for (const [id] of dearest.slice(LEFT_MAX)) left.delete(id)
      return true
    })
  }

  /** An own bill of another's request has its place. */
  bill(id: string, at: number, costUsd: number): void {
    this.bills.set(id, { at, costUsd, since: performance.now() })
    for (const oldest of this.bills.keys()) {
      if (this.bills.size <= BILLS_MAX) break
      this.bills.delete(oldest)
    }
  }

  /**
   * Takes the requests that were billed off the note. @param isLast whether it is not asked again
   * @returns what is to be given back. @throws what the store throws
   */
  async takeBilled(isLast = false): Promise<readonly (LeasePool & { readonly usd: number })[]> {
    const now = performance.now()
    if (this.bills.size === 0 || (!isLast && now - this.lookedAt < LOOK_MS)) return []
    this.lookedAt = now
    const bills = new Map(this.bills)
    for (const [id, { since }] of bills) if (now - since >= LOOKED_UP_MS) this.bills.delete(id)
    let billed: readonly (readonly [string, LeftRequest])[] = []
    const isTaken = await this.change((left) => {
      billed = [...left].filter(([id]) => bills.has(id))
      for (const [id] of billed) left.delete(id)
      return billed.length > 0
    })
    if (!isTaken) return []
    return billed.flatMap(([id, { usd: reservedUsd, pots }]) => {
      this.bills.delete(id)
      const { at, costUsd } = bills.get(id) ?? { at: 0, costUsd: reservedUsd }
      const usd = reservedUsd - costUsd
      const paid = usd > 0 ? pots.filter(([, endsAt]) => at < endsAt) : []
      return paid.map(([key, endsAt]) => ({ key, limitUsd: usd, endsAt, windowMs: null, usd }))
    })
  }

  /** @param edit false: there is nothing to write. @returns whether what it made of it stands there now */
  private async change(edit: (left: Left) => boolean): Promise<boolean> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const text = await this.notes.readNote(NOTE)
      const left = leftIn(text)
      if (!edit(left)) return false
      const entries = [...left].map(([id, { usd, pots }]) => [id, [usd, pots]])
      if (await this.notes.replaceNote(NOTE, text, JSON.stringify(Object.fromEntries(entries)))) return true
    }
    return false
  }
}

function leftIn(text: string | null): Left {
  const left: Left = new Map()
  let note: unknown
  try {
    note = text === null ? null : JSON.parse(text)
  } catch {
    return left
  }
  if (!isRecord(note)) return left
  for (const [id, value] of Object.entries(note)) {
    if (!Array.isArray(value)) continue
    const [usd, pots]: readonly unknown[] = value
    if (typeof usd !== 'number' || !Array.isArray(pots) || !pots.every(isPaidPot)) continue
    left.set(id, { usd, pots })
  }
  return left
}

function isPaidPot(value: unknown): value is PaidPot {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [key, endsAt]: readonly unknown[] = value
  return typeof key === 'string' && typeof endsAt === 'number'
}

/** Null for a store without such texts. */
export function notesOf(store: Store): LogNotes | null {
  const { readNote, replaceNote } = store
  if (readNote === undefined || replaceNote === undefined) return null
  return {
    readNote: (name) => readNote.call(store, name),
    replaceNote: (name, before, text) => replaceNote.call(store, name, before, text),
  }
}
