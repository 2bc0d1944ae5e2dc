import { ParetoBanditError } from '../base/errors.js'
import type { RouterEvent } from '../events/events.js'
import type { Receipt } from '../router/journal.js'
import type { PendingReceipt } from './receipts.js'

/** Feedback that may wait for requests of one origin that the log has events of, and of all others together. */
const HELD_OF_ORIGIN_MAX = 10_000
const HELD_OF_STRANGERS_MAX = 2500
/** In all. */
const HELD_MAX = 40_000
/** No name of an origin. */
const STRANGERS = ''

interface Held {
  readonly id: string
  readonly group: string
  /** In its group the highest rank goes first, where there is no room. */
  readonly rank: number
  readonly make: () => RouterEvent
  /** What it is told where its request is never known: a new error for each would take most of the time. */
  readonly unknown: ParetoBanditError
  readonly receipt: PendingReceipt
  readonly until: number
}

/** What feedback is held against. */
export interface HeldHost {
  now(): number
  commit(event: RouterEvent): Receipt
  /** Whether the log has events of that origin. */
  isOrigin(name: string): boolean
  isRequest(id: string): boolean
}

/**
 * Feedback for requests of other replicas that this one has not read of yet, by id: tried again when its request was
 * read, and given up when it has waited for long. What waits costs nothing while others' events are read, whatever it is.
 * Ids are anybody's to make up. So where an origin has no more room the request that is furthest ahead gives way, and of
 * origins that nobody has heard of, whose requests will be read within milliseconds if they are any, the oldest.
 */
export class HeldFeedback {
  private readonly holdMs: number
  private readonly host: HeldHost
  private readonly byId = new Map<string, Held[]>()
  /** By group, ascending by rank. */
  private readonly groups = new Map<string, Held[]>()
  /** In the order in which they came, which is that of their ends; those that are done are passed over. */
  private queue: Held[] = []
  private readonly waiting = new Set<Held>()
  private arrivals = 0

  constructor(holdMs: number, host: HeldHost) {
    this.holdMs = holdMs
    this.host = host
  }

  /** How many wait. */
  get size(): number {
    return this.waiting.size
  }

  /** @throws JOURNAL_FULL where as much waits for requests of its origin, all of them before this one */
  add(id: string, make: () => RouterEvent, unknown: ParetoBanditError, receipt: PendingReceipt): void {
    const until = this.host.now() + this.holdMs
    const dot = id.lastIndexOf('.')
    const origin = id.slice(0, dot)
    const isStranger = !this.host.isOrigin(origin)
    const group = isStranger ? STRANGERS : origin
    const rank = isStranger ? -this.arrivals++ : Number(id.slice(dot + 1))
    this.makeRoom(group, rank)
    const held: Held = { id, group, rank, make, unknown, receipt, until }
    this.waiting.add(held)
    this.queue.push(held)
    const members = this.groups.get(group)
    if (members === undefined) this.groups.set(group, [held])
    else members.splice(placeOf(members, rank), 0, held)
    const others = this.byId.get(id)
    if (others === undefined) this.byId.set(id, [held])
    else others.push(held)
  }

  /** Tries what waits for this request, which is known by now. */
  found(id: string): void {
    for (const held of this.byId.get(id) ?? []) this.attempt(held)
  }

  /** Tries all whose request is known: the state is another. */
  retryAll(): void {
    for (const id of [...this.byId.keys()]) if (this.host.isRequest(id)) this.found(id)
  }

  /** Tries for the last time what has waited for long. */
  giveUp(): void {
    if (this.queue.length === 0) return
    const now = this.host.now()
    let passed = 0
    while (passed < this.queue.length && this.queue[passed].until <= now) {
      const held = this.queue[passed++]
      if (this.waiting.has(held)) this.attempt(held)
    }
    if (passed > 0) this.queue = this.queue.slice(passed)
    // Those that are done keep their places until there are as many of them as of others.
    if (this.queue.length > 2 * this.waiting.size + 64) this.queue = [...this.waiting]
  }

  refuseAll(error: unknown): void {
    for (const held of [...this.waiting]) {
      this.remove(held)
      held.receipt.settle(error)
    }
    this.queue = []
  }

  /** @throws JOURNAL_FULL */
  private makeRoom(group: string, rank: number): void {
    const members = this.groups.get(group) ?? []
    const isFull = members.length >= (group === STRANGERS ? HELD_OF_STRANGERS_MAX : HELD_OF_ORIGIN_MAX)
    if (!isFull && this.waiting.size < HELD_MAX) return
    const crowded = isFull ? members : this.largest()
    const last = crowded[crowded.length - 1]
    if (crowded === members && rank >= last.rank) {
      const message = `feedback for ${members.length} requests of '${group}' that are not known here waits already`
      throw new ParetoBanditError('JOURNAL_FULL', 'id', message)
    }
    this.attempt(last)
  }

  private largest(): Held[] {
    let largest: Held[] = []
    for (const members of this.groups.values()) if (members.length > largest.length) largest = members
    return largest
  }

  private attempt(held: Held): void {
    this.remove(held)
    const { receipt } = held
    if (!this.host.isRequest(held.id)) {
      receipt.settle(held.unknown)
      return
    }
    try {
      this.host.commit(held.make()).durable.then(
        () => receipt.settle(undefined),
        (error: unknown) => receipt.settle(error),
      )
    } catch (error) {
      receipt.settle(error)
    }
  }

  private remove(held: Held): void {
    this.waiting.delete(held)
    const others = this.byId.get(held.id)?.filter((each) => each !== held) ?? []
    if (others.length === 0) this.byId.delete(held.id)
    else this.byId.set(held.id, others)
    const members = this.groups.get(held.group) ?? []
    const at = members.indexOf(held, Math.max(0, placeOf(members, held.rank - 1)))
    if (at >= 0) members.splice(at, 1)
    if (members.length === 0) this.groups.delete(held.group)
  }
}

/** Behind the last one of that rank or a lower one. */
function placeOf(members: readonly Held[], rank: number): number {
  let low = 0
  let high = members.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (members[middle].rank <= rank) low = middle + 1
    else high = middle
  }
  return low
}
