import { pauseQuietly } from '../../base/after.js'
import { LatestMap } from '../../base/latest-map.js'
import { uniqueId } from '../../base/unique-id.js'
import type { Router } from '../../index.js'
import type { Notes } from '../notes/notes.js'
import { NOTES_KEPT } from '../notes/notes-max.js'
import type { AdminDeps } from './deps.js'
import { AdminError, refused } from './request-error.js'

/** Credits and debits of accounts; one that is sent again with its key is booked once. */
export interface Adjustment {
  readonly usd: number
  /** Null: the account of all. */
  readonly tenant: string | null
}

export interface GivenAdjustment {
  /** `known` is one that was booked before. */
  readonly status: 'taken' | 'known'
  /** Resolves when the log has it, and the notes its key; rejected where they will not. */
  readonly kept: Promise<unknown>
}

/** What is said of a key before it is booked, and when the log has it. */
const BEGUN = 0
const KEPT = 1
const GIVEN_UP_MAX = 10_000
/** So often, while another process has its like under way. */
const LOOK_AGAIN_MS = 50

/** What is noted of a key by whoever books it. */
interface Claim {
  readonly usd: number
  readonly at: typeof BEGUN
  /** Of each attempt its own. */
  readonly by: string
}

/**
 * Remembers keys in the notes. A key is claimed there before its adjustment is booked, by one of all processes: no process that dies in between
 * leaves a key that would be booked twice, or that would be taken for booked and is not. Whoever sends such a key again is told that nobody knows.
 */
export class Adjustments {
  private readonly router: Router<string>
  private readonly notes: Notes
  private readonly digest: AdminDeps['digest']
  private readonly durableMs: number
  private readonly running = new Map<string, Promise<GivenAdjustment>>()
  /** Keys that this process has booked, for while the log does not have them. */
  private readonly booked = new LatestMap<string, true>(NOTES_KEPT)
  /** Claims of this process that nothing was booked for, and that may be on their way out of the notes. */
  private readonly givenUp = new LatestMap<string, true>(GIVEN_UP_MAX)

  constructor({
    router,
    notes,
    digest,
    durableMs,
  }: Pick<AdminDeps, 'router' | 'notes' | 'digest' | 'durableMs'>) {
    this.router = router
    this.durableMs = durableMs
    this.notes = notes
    this.digest = digest
  }

  /** @param key null: it has none, and is booked each time @throws (the promise is rejected with) AdminError, or what the router throws */
  async give(adjustment: Adjustment, key: string | null): Promise<GivenAdjustment> {
    if (key === null) {
      this.book(adjustment)
      return { status: 'taken', kept: this.router.flush() }
    }
    const id = await this.digest(JSON.stringify([adjustment.tenant, key]))
    const until = performance.now() + this.durableMs
    const once = () => this.once(id, adjustment, until)
    // One that comes while its like is under way waits for what becomes of that.
    const before = this.running.get(id)
    const next = before === undefined ? once() : before.then(once, once)
    this.running.set(id, next)
    try {
      return await next
    } finally {
      if (this.running.get(id) === next) this.running.delete(id)
    }
  }

  /** @param until its like is waited for, where another process has that under way */
  private async once(id: string, adjustment: Adjustment, until: number): Promise<GivenAdjustment> {
    const { usd } = adjustment
    const claim: Claim = { usd, at: BEGUN, by: uniqueId() }
    const noted = await this.claimed(id, claim)
    if (noted !== null) {
      if ('usd' in noted && noted.usd !== usd) throw reused(Number(noted.usd), usd)
      if (this.booked.has(id) || ('at' in noted && noted.at === KEPT))
        return { status: 'known', kept: this.router.flush() }
      if ('by' in noted && this.givenUp.has(String(noted.by))) throw notKept(undefined)
      if (performance.now() >= until) throw new AdminError(409, 'adjustment_unknown', UNKNOWN)
      await pauseQuietly(LOOK_AGAIN_MS)
      return this.once(id, adjustment, until)
    }
    try {
      this.book(adjustment)
    } catch (error) {
      this.giveUp(id, claim)
      throw error
    }
    this.booked.set(id, true)
    // Where the log never has it, the key stays one of which nobody knows.
    const kept = this.router.flush().then(() => this.notes.put('adjustments', id, { ...claim, at: KEPT }))
    kept.catch(() => {})
    return { status: 'taken', kept }
  }

  private async claimed(id: string, claim: Claim): Promise<object | null> {
    try {
      return await this.notes.claim('adjustments', id, claim)
    } catch (cause) {
      this.giveUp(id, claim)
      throw notKept(cause)
    }
  }

  /** Nothing was booked for it, and the notes may have it all the same. */
  private giveUp(id: string, claim: Claim): void {
    this.givenUp.set(claim.by, true)
    void this.notes.release('adjustments', id, claim)
  }

  private book({ usd, tenant }: Adjustment): void {
    this.router.adjustAccount(usd, tenant === null ? undefined : { tenant })
  }
}

const NOT_KEPT = 'the idempotency key cannot be kept at the moment, and nothing was booked: send it again'
const UNKNOWN =
  'whether an adjustment with this idempotency key was booked is not known: another process has it under way, or ended before its log had it. Look at the account before you send another key'

function notKept(cause: unknown): AdminError {
  return new AdminError(503, 'ledger_unavailable', NOT_KEPT, [], { cause })
}

function reused(before: number, usd: number): AdminError {
  const message = `expected ${before}, as this idempotency key was sent with before, or another key, got ${usd}`
  return refused(409, 'idempotency_key_used', 'usd', message)
}
