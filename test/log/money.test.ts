import { beforeAll, describe, expect, it, vi } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { mulberry32 } from '../../src/base/random.js'
import { createRouter } from '../../src/create-router.js'
import type { CapOptions } from '../../src/policy/dollar/accounts/cap-period.js'
import type { AccountStats } from '../../src/policy/dollar/stats.js'
import type { Router } from '../../src/router/router.js'
import { type Booking, isOf, LogBook } from '../support/log-book.js'
import { HOUR, X } from '../support/router.js'
import { indexOf, SharedLog, type SharedStore } from '../support/shared-store.js'

/** One model, so that a request's worst case is chosen by its tokens: a dollar for 1,000 of them. */
const MODELS = [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }]
const MINUTE = HOUR / 60
const SECOND = 1000
/** Played of each kind. More of them: SCRIPTS=200. */
const SCRIPTS = Number(process.env.SCRIPTS ?? 4)
const FIRST = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const STEPS = 60
const TENANTS = ['t', 'u'] as const
const EPSILON_USD = 1e-9
/**
 * What one replica may leave of a cap, once it alone is there: less than the next request sets aside. No script may leave more but where
 * something has leaked (`hasLeaked`), or credits have (`lostCreditUsd`), and then no more than these.
 */
const LAST_REQUEST_USD = 0.01
const CAP_SETS: readonly (readonly CapOptions[])[] = [
  [{ usd: 1, per: 'hour' }],
  [{ usd: 1, per: 'hour', window: 'rolling' }],
  [
    { usd: 1, per: 'hour' },
    { usd: 2, per: 'month' },
  ],
  [
    { usd: 1, per: 'hour' },
    { usd: 1.2, per: 'day', window: 'rolling' },
  ],
  [{ usd: 3, per: 'day' }],
]
const TENANT_CAP_SETS: readonly (readonly CapOptions[])[] = [
  [],
  [{ usd: 0.5, per: 'hour' }],
  [{ usd: 0.5, per: 'hour', window: 'rolling' }],
  [{ usd: 0.8, per: 'day' }],
]

interface Replica {
  readonly router: Router
  readonly store: SharedStore
  /** Never heard of again. */
  isDead: boolean
  isClosed: boolean
  /** It was cut off, and cannot be before it has been back for a while. */
  cutAt: number
}

interface Request {
  readonly id: string
  readonly by: Replica
  readonly tenant: string | null
  readonly reservedUsd: number
  readonly routedAt: number
  /** The least that anybody said it cost. */
  leastUsd: number
}

/** How scripts differ. */
interface Kind {
  /** All within an hour: whatever happens to whom, caps hold. Else over hours, and nobody is cut off with what others have not heard of. */
  readonly isShort: boolean
  /** The log loses what it had. */
  readonly loses: boolean
}

/** Replicas that share caps on a store with faults, by turns that a seed draws, and what they book. */
class Script {
  readonly faults: string[] = []
  /** What was played. */
  readonly steps: string[] = []
  private readonly kind: Kind
  private readonly random: () => number
  private readonly log = new SharedLog()
  private readonly all: Replica[] = []
  private readonly requests: Request[] = []
  private readonly credits: {
    readonly tenant: string | null
    readonly usd: number
    readonly by: Replica
  }[] = []
  /** Of replicas that read nothing until the log was trimmed, and went on from a snapshot. */
  private readonly behind = new Set<SharedStore>()
  private readonly promised: { readonly what: string; isOver: boolean }[] = []
  private readonly caps: readonly CapOptions[]
  private readonly tenantCaps: readonly CapOptions[]
  private readonly startedAt = performance.now()
  private readonly startsAt: number
  private skippedMs = 0
  private readonly ttlMs: number
  private readonly isOrderly: boolean
  /** Whether slices may have been lost on their way, or with a replica. */
  private hasLeaked = false

  constructor(seed: number, kind: Kind) {
    this.kind = kind
    this.random = mulberry32(seed)
    this.ttlMs = this.pick([20 * MINUTE, 3 * HOUR])
    this.isOrderly = this.below(2) === 0
    this.caps = this.pick(CAP_SETS)
    this.tenantCaps = this.pick(TENANT_CAP_SETS)
    this.startsAt = Date.UTC(2026, 9, 24, 12) + (kind.isShort ? 10 * SECOND : this.below(HOUR))
    this.log.isWatchful = kind.loses
    this.log.now = () => this.now
  }

  get now(): number {
    return this.startsAt + this.skippedMs + performance.now() - this.startedAt
  }

  async play(): Promise<readonly string[]> {
    for (let i = 2 + this.below(3); i > 0; i--) await this.open()
    await pass(300)
    for (let step = 0; step < STEPS; step++) {
      this.steps.push(await this.step())
      await pass(this.below(4) === 0 ? this.below(400) : this.below(4))
    }
    await this.end()
    return this.faults
  }

  private below(end: number): number {
    return Math.floor(this.random() * end)
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  private get there(): readonly Replica[] {
    return this.all.filter(({ isDead, isClosed }) => !isDead && !isClosed)
  }

  private async open(): Promise<Replica> {
    const store = this.log.store()
    const router = await ended(
      createRouter({
        models: MODELS,
        dimension: 3,
        kernel: 'js',
        reserve: 'worst-case',
        clock: () => this.now,
        pendingTtlMs: this.ttlMs,
        caps: this.caps,
        tenants: TENANTS.map((id) => ({ id, caps: this.tenantCaps })),
        journal: {
          snapshotEvents: 32,
          holdMs: 500,
          closeMs: 5000,
          onStoreError: (error) => this.hear(store, error),
        },
        store,
      }),
    )
    const replica = { router, store, isDead: false, isClosed: false, cutAt: Number.NEGATIVE_INFINITY }
    this.all.push(replica)
    return replica
  }

  private hear(store: SharedStore, error: unknown): void {
    if (error instanceof ParetoBanditError && error.code === 'LOG_TRIMMED') this.behind.add(store)
  }

  private async step(): Promise<string> {
    const replica = this.pick(this.there)
    const n = this.all.indexOf(replica)
    const drawn = this.below(44)
    // In half of the scripts nothing keeps dollars from coming back.
    const turn = this.isOrderly && [16, 17, 34, 35, 38].includes(drawn) ? 0 : drawn
    if (turn < 9) return `route at ${n}: ${this.route(replica, this.pick([0.01, 0.02, 0.1, 0.3]))?.id}`
    if (turn < 16) return this.bill(replica)
    if (turn < 18) return this.correct(replica)
    if (turn === 18) return this.adjust(replica)
    if (turn < 23) return this.burst()
    if (turn < 25) {
      for (const { router } of this.there) attempt(() => router.expire())
      return 'expire'
    }
    if (turn < 29) return this.wait()
    if (turn === 29) {
      replica.store.isDeaf = !replica.store.isDeaf
      return `deaf ${n}: ${replica.store.isDeaf}`
    }
    if (turn === 30) {
      replica.store.leaseMs = this.pick([0, 3, 20, 200])
      return `slow leases of ${n}: ${replica.store.leaseMs}`
    }
    if (turn === 31) {
      replica.store.isSlow = !replica.store.isSlow
      return `slow ${n}: ${replica.store.isSlow}`
    }
    if (turn === 32) {
      replica.store.losesReply = true
      return `loses a reply ${n}`
    }
    if (turn === 33) {
      replica.store.holdsReply = !replica.store.holdsReply
      return `holds replies ${n}: ${replica.store.holdsReply}`
    }
    if (turn === 34) return this.cut(replica)
    if (turn === 35) return this.away()
    if (turn === 36) return this.join()
    if (turn === 37) return this.close(replica)
    if (turn === 38) return this.die(replica)
    if (turn < 42) return this.billAll(replica)
    if (turn === 42) return this.overTheEnd()
    return this.lose()
  }

  private route(by: Replica, usd: number): Request | null {
    // What it routes while it is cut off others cannot leave room for: docs/OPERATIONS.md.
    if (!this.kind.isShort && by.store.isCutOff) return null
    const tenant = this.pick([null, ...TENANTS])
    const options = { inputTokens: 0, maxOutputTokens: Math.round(1000 * usd) }
    const decision = attempt(() => by.router.route(X, tenant === null ? options : { ...options, tenant }))
    if (decision === null) return null
    const { id, reservedUsd } = decision
    const request = { id, by, tenant, reservedUsd, routedAt: this.now, leastUsd: reservedUsd }
    this.requests.push(request)
    return request
  }

  /** What came of a request, at the replica that routed it or another. */
  private bill(replica: Replica): string {
    const request = this.requests.at(-1 - this.below(Math.min(12, this.requests.length)))
    if (request === undefined) return 'nothing to bill'
    const at = this.below(3) > 0 && this.there.includes(request.by) ? request.by : replica
    const share = this.pick([0, 0.5, 1])
    const costUsd = share * request.reservedUsd
    const way = this.below(8)
    const { id } = request
    const what = `bill of ${id} at ${this.all.indexOf(at)}: ${way}, ${costUsd}`
    const receipt = attempt(() => {
      if (way === 0) return at.router.cancel(id, share === 0 ? undefined : { costUsd })
      if (way === 1) return at.router.fail(id, share === 0 ? undefined : { costUsd })
      return at.router.settle(id, { costUsd })
    })
    if (receipt === null) return `${what}, refused`
    this.costs(request, costUsd)
    this.promises(what, receipt.durable)
    return what
  }

  /** What is in flight ends. */
  private billAll(replica: Replica): string {
    const share = this.pick([0.5, 1])
    let billed = 0
    for (const request of this.requests) {
      const { id, by, reservedUsd } = request
      const at = this.there.includes(by) ? by : replica
      if (attempt(() => at.router.settle(id, { costUsd: share * reservedUsd })) === null) continue
      billed++
      this.costs(request, share * reservedUsd)
    }
    return `bill ${billed} at ${share}`
  }

  /** An hour ends, with what is in flight. */
  private async overTheEnd(): Promise<string> {
    if (this.kind.isShort) return 'no end'
    const ms = this.pick([HOUR - (this.now % HOUR) + SECOND, HOUR + MINUTE])
    for (let left = ms; left > 0; left -= 10 * MINUTE) {
      this.skippedMs += Math.min(left, 10 * MINUTE)
      await pass(260)
    }
    return `over the end ${ms}`
  }

  private correct(replica: Replica): string {
    const request = this.requests.at(-1 - this.below(Math.min(20, this.requests.length)))
    if (request === undefined) return 'nothing to correct'
    const costUsd = this.pick([0, 0.25, 0.75, 1]) * request.reservedUsd
    const what = `correct ${request.id}: ${costUsd}`
    const receipt = attempt(() => replica.router.correct(request.id, { costUsd }))
    if (receipt === null) return `${what}, refused`
    // Not held here: that others can spend all of what a correction gives back.
    this.hasLeaked = true
    this.costs(request, costUsd)
    this.promises(what, receipt.durable)
    return what
  }

  private costs(request: Request, usd: number): void {
    request.leastUsd = Math.min(request.leastUsd, usd)
  }

  private adjust(replica: Replica): string {
    const { router } = replica
    const usd = this.pick([0.05, 0.2, 0.2, -0.1])
    const tenant = this.pick([null, null, ...TENANTS])
    attempt(() => (tenant === null ? router.adjustAccount(usd) : router.adjustAccount(usd, { tenant })))
    if (usd > 0) this.credits.push({ tenant, usd, by: replica })
    return `adjust ${tenant}: ${usd}`
  }

  /** Nobody hears what the others spend: leases alone stand between them and the caps. */
  private async burst(): Promise<string> {
    const { there } = this
    const hearing = there.filter(({ store }) => !store.isDeaf)
    const isDeaf = this.below(3) > 0
    if (isDeaf) for (const { store } of hearing) store.isDeaf = true
    let routed = 0
    for (let i = 0; i < 25; i++) {
      for (const by of there) {
        const request = this.route(by, 0.02)
        if (request === null) continue
        routed++
        if (i % 3 > 0) attempt(() => by.router.settle(request.id, { costUsd: request.reservedUsd }))
      }
      await pass(1)
    }
    if (isDeaf) for (const { store } of hearing) store.isDeaf = false
    return `burst, deaf: ${isDeaf}, ${routed} routed`
  }

  private async wait(): Promise<string> {
    const most = this.kind.isShort ? 48 * MINUTE - (this.now - this.startsAt) : Number.POSITIVE_INFINITY
    const ms = Math.min(most, this.pick([5 * SECOND, 20 * SECOND, MINUTE, 6 * MINUTE, 21 * MINUTE]))
    if (ms <= 0) return 'no wait'
    // Time goes on for everybody, and leases are renewed.
    const parts = Math.ceil(ms / (2 * MINUTE))
    for (let i = 0; i < parts; i++) {
      this.skippedMs += ms / parts
      await pass(260)
    }
    return `wait ${ms}`
  }

  private async cut(replica: Replica): Promise<string> {
    const { store } = replica
    const n = this.all.indexOf(replica)
    if (store.isCutOff) {
      store.isCutOff = false
      replica.cutAt = this.now
      return `back ${n}`
    }
    if (!this.kind.isShort && !(await this.allHeard(replica))) return `not cut off ${n}`
    this.hasLeaked = true
    store.isCutOff = true
    return `cut off ${n}`
  }

  /** Whether what a replica said has been heard by all, and it has been there for long enough to pay. */
  private async allHeard({ cutAt, store }: Replica): Promise<boolean> {
    if (this.now - cutAt < 5 * SECOND) return false
    for (const each of this.there) each.store.isDeaf = each.store.isSlow = each.store.holdsReply = false
    this.log.changed()
    store.leaseMs = 0
    await pass(6000)
    return this.isRead()
  }

  private isRead(): boolean {
    const { log } = this
    const end = log.batches.at(-1)?.position
    return this.there.every(({ router, store }) => {
      const { position, waiting } = router.journal ?? { position: '', waiting: 0 }
      return store.isCutOff || (position === end && waiting === 0)
    })
  }

  private async away(): Promise<string> {
    const { log } = this
    this.hasLeaked = true
    log.isAway = true
    await pass(this.pick([3, 300]))
    log.isAway = false
    return 'away'
  }

  private async join(): Promise<string> {
    if (this.there.length >= 5) return 'enough'
    await this.open()
    return `join ${this.all.length - 1}`
  }

  private async close(replica: Replica): Promise<string> {
    if (this.there.length < 3 || replica.store.isCutOff) return 'no close'
    const { store } = replica
    store.isDeaf = store.isSlow = store.holdsReply = false
    this.log.changed()
    replica.isClosed = true
    const isClosed = await ended(
      replica.router.close().then(
        () => true,
        () => false,
      ),
    )
    this.hasLeaked ||= !isClosed
    return `close ${this.all.indexOf(replica)}: ${isClosed}`
  }

  private async die(replica: Replica): Promise<string> {
    if (this.there.length < 3) return 'no death'
    if (!this.kind.isShort && !(await this.allHeard(replica))) return 'no death'
    this.hasLeaked = true
    replica.store.isCutOff = true
    replica.isDead = true
    return `dies ${this.all.indexOf(replica)}`
  }

  private lose(): string {
    const { log } = this
    if (!this.kind.loses) return 'no loss'
    const oldest = log.kept.at(-1)
    const kept = Math.max(1, oldest === undefined ? 0 : indexOf(oldest.position))
    const count = Math.min(1 + this.below(3), log.batches.length - kept)
    log.lose(count)
    log.changed()
    return `loses ${count}`
  }

  private promises(what: string, promise: Promise<void>): void {
    const one = { what, isOver: false }
    this.promised.push(one)
    const over = () => {
      one.isOver = true
    }
    promise.then(over, over)
  }

  private async end(): Promise<void> {
    const { log, faults } = this
    for (const { store } of this.there) {
      store.isDeaf = store.isSlow = store.holdsReply = store.isCutOff = false
      store.leaseMs = 0
    }
    log.changed()
    for (let i = 0; i < 100 && !(i > 10 && this.isRead()); i++) await pass(300)
    if (!this.isRead()) faults.push('a replica does not read to the end')
    // A state that has other events than the log is made again.
    await pass(3000)
    this.hold('at the end')
    await this.agree()
    await this.spendTheRest()
    this.hold('after the rest was spent')
    for (const { router, isClosed } of this.all) if (!isClosed) await ended(router.close().catch(() => {}))
    for (const { what, isOver } of this.promised) if (!isOver) faults.push(`${what} waits for ever`)
  }

  /** No cap is exceeded, as the log has it. */
  private hold(when: string): void {
    const book = new LogBook(this.log)
    for (const payer of [null, ...TENANTS])
      for (const cap of payer === null ? this.caps : this.tenantCaps) {
        // One that the log has lost was spent before.
        const creditUsd = this.credits.reduce((usd, each) => usd + (each.tenant === payer ? each.usd : 0), 0)
        const mostUsd = cap.usd + creditUsd + book.raisedUsd + EPSILON_USD
        const spentUsd = this.kind.isShort ? this.allUsd(book, payer) : spentIn(book, payer, cap)
        if (spentUsd > mostUsd)
          this.faults.push(`${when}: ${spentUsd} of ${mostUsd} are spent, ${payer}, ${JSON.stringify(cap)}`)
      }
  }

  /** Of what was routed and is in no log, what was set aside; where the log has lost bills, the least that was said. */
  private allUsd(book: LogBook, payer: string | null): number {
    const { loses } = this.kind
    return this.requests
      .filter((each) => isOf(each, payer))
      .reduce((usd, { id, reservedUsd, leastUsd }) => {
        const booking = book.bookings.get(id)
        if (loses) return usd + Math.min(leastUsd, bookedUsd(booking) ?? reservedUsd)
        return usd + (bookedUsd(booking) ?? reservedUsd)
      }, 0)
  }

  /** All replicas have the same sums, and those of the log. */
  private async agree(): Promise<void> {
    const { faults } = this
    const fresh = await this.open()
    await pass(3000)
    const book = new LogBook(this.log)
    const digests = new Set<string>()
    for (const each of this.there) {
      const { router } = each
      const n = this.all.indexOf(each)
      digests.add((await router.digest()).sha256)
      for (const tenant of [null, ...TENANTS]) {
        const stats = router.tenantStats(tenant)
        for (const [name, usd] of [
          ['spendUsd', book.spendUsd(tenant)],
          ['reservedUsd', book.reservedUsd(tenant)],
        ] as const)
          if (Math.abs(stats[name] - usd) > EPSILON_USD)
            faults.push(`${n} has a ${name} of ${stats[name]}, and the log ${usd}: ${tenant}`)
        this.agreeOnCaps(`${n}, ${tenant}`, stats, fresh.router.tenantStats(tenant), book.reservedUsd(tenant))
      }
    }
    if (digests.size > 1) faults.push('replicas differ')
  }

  private agreeOnCaps(who: string, stats: AccountStats, others: AccountStats, reservedUsd: number): void {
    stats.caps.forEach((cap, i) => {
      if (Math.abs(cap.reservedUsd - reservedUsd) > EPSILON_USD)
        this.faults.push(`${who}: a cap has ${cap.reservedUsd} set aside, the log ${reservedUsd}`)
      if (Math.abs(cap.spentUsd - others.caps[i].spentUsd) > EPSILON_USD)
        this.faults.push(
          `${who}: a cap has ${cap.spentUsd} spent, another replica ${others.caps[i].spentUsd}`,
        )
    })
  }

  /** All but one end in good order: what they have not spent is there for that one. */
  private async spendTheRest(): Promise<void> {
    const { faults } = this
    const last = this.all.at(-1)
    if (last === undefined) return
    for (const each of this.there) {
      if (each === last) continue
      each.isClosed = true
      await ended(each.router.close())
    }
    await pass(3000)
    for (let i = 0, refused = 0; i < 400 && refused < 6; i++) {
      const options = { inputTokens: 0, maxOutputTokens: 10 }
      const decision = attempt(() => last.router.route(X, options))
      if (decision === null) {
        refused++
        await pass(300)
      } else {
        refused = 0
        this.requests.push({
          ...{ id: decision.id, by: last, tenant: null, reservedUsd: decision.reservedUsd },
          ...{ routedAt: this.now, leastUsd: decision.reservedUsd },
        })
        attempt(() => last.router.settle(decision.id, { costUsd: decision.reservedUsd }))
      }
      await pass(1)
    }
    await pass(300)
    const { account } = last.router.stats()
    const leftUsd = Math.min(...(account?.caps ?? []).map(({ availableUsd }) => availableUsd))
    if (
      !this.hasLeaked &&
      !this.kind.loses &&
      leftUsd > LAST_REQUEST_USD + this.lostCreditUsd + EPSILON_USD &&
      this.isWhole()
    )
      faults.push(`${leftUsd} of the caps cannot be spent`)
  }

  /**
   * A credit is put into the pot by the replica that gave it, as its event is read: how much of it ends debts is known only there. One that
   * goes on from a snapshot has not read it.
   */
  private get lostCreditUsd(): number {
    const lost = this.credits.filter(({ tenant, by }) => tenant === null && this.behind.has(by.store))
    return lost.reduce((sum, { usd }) => sum + usd, 0)
  }

  /** What came back to a rolling cap, or by an operator's word, does so later. */
  private isWhole(): boolean {
    return this.kind.isShort && this.caps.every(({ window }) => window !== 'rolling')
  }
}

function bookedUsd(booking: Booking | undefined): number | null {
  if (booking === undefined) return null
  if (booking.charges.length === 0) return booking.reservedUsd
  return booking.charges.reduce((usd, each) => usd + each.usd, 0)
}

/** The most that any period, or window, of the cap has seen. */
function spentIn(book: LogBook, payer: string | null, { per, window }: CapOptions): number {
  const charges = [...book.bookings.values()]
    .filter((each) => isOf(each, payer))
    .flatMap((each) => each.charges)
    .filter(({ usd }) => usd > 0)
  const lengthMs = per === 'hour' ? HOUR : 24 * HOUR
  let most = 0
  for (const { at: end } of charges) {
    let usd = 0
    for (const { at, usd: part } of charges) {
      if (window === 'rolling') usd += at <= end && at >= end - lengthMs ? part : 0
      else if (per === 'month') usd += new Date(at).getUTCMonth() === new Date(end).getUTCMonth() ? part : 0
      else usd += Math.floor(at / lengthMs) === Math.floor(end / lengthMs) ? part : 0
    }
    most = Math.max(most, usd)
  }
  return most
}

/** @returns null where the router refuses */
function attempt<T>(call: () => T): T | null {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof ParetoBanditError)) throw error
    return null
  }
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}

/** Lets time pass until it is done. */
async function ended<T>(work: Promise<T>): Promise<T> {
  let isDone = false
  const done = () => {
    isDone = true
  }
  work.then(done, done)
  for (let i = 0; !isDone; i++) await (i < 50 ? new Promise((resolve) => setImmediate(resolve)) : pass(20))
  return work
}

/** No script waits: the time of ticks and of the store passes when `pass` says so. */
async function played(seed: number, kind: Kind): Promise<readonly string[]> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
  // How long routers pause.
  const random = vi.spyOn(Math, 'random').mockImplementation(mulberry32(seed))
  try {
    const script = new Script(seed, kind)
    const faults = await script.play()
    return faults.length === 0 ? [] : [...script.steps, ...faults].map((line) => `seed ${seed}: ${line}`)
  } finally {
    random.mockRestore()
    vi.useRealTimers()
  }
}

// What a router loads when it is made takes time that `ended` would have go by in the script: the hour might be over.
beforeAll(async () => {
  const store = new SharedLog().store()
  const router = await createRouter({
    models: MODELS,
    dimension: 3,
    kernel: 'js',
    caps: [...CAP_SETS[0]],
    store,
  })
  await router.close()
})

describe.each([
  // Bills of what a closed replica had in flight, by one that read nothing until the log was trimmed.
  ['within an hour', { isShort: true, loses: false }, [512373251]],
  ['within an hour, on a log that loses what it had', { isShort: true, loses: true }, []],
  ['over hours', { isShort: false, loses: false }, []],
])('replicas that share caps %s', (_, kind, kept) => {
  it('exceed none, book every request once, agree with the log, and give back what they do not spend', async () => {
    const faults: string[] = []
    const drawn = Array.from({ length: SCRIPTS }, (_, i) => FIRST + i)
    for (const seed of [...kept, ...drawn]) faults.push(...(await played(seed, kind)))
    expect(faults).toEqual([])
  }, 3_600_000)
})
