import { ParetoBanditError } from '../../src/base/errors.js'
import type {
  Batch,
  LeaseBroker,
  LeasePool,
  LogHeader,
  OpenedLog,
  PlacedBatch,
  Position,
  Store,
  StoredSnapshot,
} from '../../src/log/store.js'

import { POT_STEPS } from '../../src/policy/lease.js'

/** A log that several stores of this process share, with faults on demand. */
export class SharedLog {
  readonly batches: PlacedBatch[] = []
  header: LogHeader | null = null
  kept: StoredSnapshot[] = []
  readonly notes = new Map<string, string>()
  /** Batches before this one are gone. */
  trimmed = 0
  granted = new Map<string, number>()
  /** Whether it knows what a process had appended last, and tells it that this is lost, as that of Redis does. */
  isWatchful = false
  /** The clock of the pots, ms since 1970. */
  now: () => number = Date.now
  /** Of rolling pots: USD by process and step. */
  readonly rolling = new Map<string, Map<SharedStore, Map<number, number>>>()
  private starts = 0
  private losses = 0
  private away = false
  private readonly open = new Set<SharedStore>()
  private waiting: (() => void)[] = []

  store(): SharedStore {
    return new SharedStore(this)
  }

  enter(store: SharedStore): number {
    this.open.add(store)
    return ++this.starts
  }

  leave(store: SharedStore): void {
    this.open.delete(store)
  }

  get processes(): number {
    return this.open.size
  }

  get isAway(): boolean {
    return this.away
  }

  set isAway(value: boolean) {
    this.away = value
    this.changed()
  }

  /** Resolves when something is other than it was, or after that time. */
  change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  changed(): void {
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  check(): void {
    if (this.isAway) throw new ParetoBanditError('STORE_UNREACHABLE', 'shared', 'it is away')
  }

  /**
   * Loses the latest batches, and snapshots of them: a server that comes back with an older copy, or gives way to a replica that
   * lags. What is appended instead of them has other positions.
   */
  lose(count: number): void {
    if (count <= 0) return
    this.batches.splice(-count)
    this.losses++
    this.kept = this.kept.filter(({ position }) => this.has(position))
  }

  position(index: number): Position {
    if (index === 0) return ''
    return this.losses === 0 ? String(index) : `${index}.${this.losses}`
  }

  mustHave(position: Position): void {
    if (this.has(position)) return
    throw new ParetoBanditError('STORE_CORRUPT', 'shared', `the log has lost ${position}`)
  }

  /** Whether it stands there, or did before it was trimmed. */
  has(position: Position): boolean {
    const index = indexOf(position)
    return index === 0 || this.batches[index - 1]?.position === position
  }
}

/** Batches up to a position. */
export function indexOf(position: Position): number {
  return Math.floor(Number(position))
}

export class SharedStore implements Store {
  readonly description = 'shared'
  readonly isShared = true
  readonly leases: LeaseBroker
  /** Appends are held back while it is true. */
  isSlow = false
  /** How long the store takes for what is asked of leases, and how long its answer does, ms. */
  leaseMs = 0
  /** The next append takes effect, and its reply is lost. */
  losesReply = false
  /** Appends take effect, and their replies are held back while it is true; then they are lost. */
  holdsReply = false
  /** Given: what is read is durable once it resolves. */
  confirm?: (end: Position) => Promise<void>
  private readonly log: SharedLog
  private isClosed = false
  private cutOff = false
  private deaf = false

  constructor(log: SharedLog) {
    this.log = log
    this.leases = {
      take: (requests) =>
        this.ask(() =>
          requests.map((request) =>
            request.windowMs === null
              ? take(log, request, request.wantUsd)
              : takeRolling(log, this, request, request.wantUsd),
          ),
        ),
      giveBack: (returns) =>
        this.ask(() => {
          for (const each of returns) {
            if (each.windowMs === null) take(log, each, -each.usd)
            else takeNewest(log, this, each, each.usd)
          }
        }),
      renew: (renewals) =>
        this.ask(() =>
          renewals.map((each) => {
            const usd = takeNewest(log, this, each, each.usd)
            takeNewest(log, this, each, each.backUsd)
            addNow(log, this, each, usd)
            return usd
          }),
        ),
      processes: async () => log.processes,
    }
  }

  /** Reads do not end while it is true: a paused process. */
  get isDeaf(): boolean {
    return this.deaf
  }

  set isDeaf(value: boolean) {
    this.deaf = value
    this.log.changed()
  }

  /** Nothing reaches the log or comes from it while it is true: a process that is cut off. */
  get isCutOff(): boolean {
    return this.cutOff
  }

  set isCutOff(value: boolean) {
    this.cutOff = value
    this.log.changed()
  }

  async open(header: LogHeader, seed: readonly Uint8Array[]): Promise<OpenedLog> {
    const { log } = this
    log.check()
    const isNew = log.header === null
    const origin = `p${log.enter(this)}`
    log.header ??= header
    if (isNew && seed.length > 0) this.push({ origin: 'seed', firstNumber: 1, events: seed })
    return { isNew, header: log.header, origin, firstNumber: 1, end: this.end, repairs: [] }
  }

  async append(batch: Batch, previous: Position = ''): Promise<Position> {
    while (this.isSlow && !this.isClosed) await pause(5)
    this.check()
    if (this.log.isWatchful) this.log.mustHave(previous)
    this.push(batch)
    if (this.losesReply || this.holdsReply) {
      this.losesReply = false
      while (this.holdsReply && !this.isClosed) await pause(5)
      throw new ParetoBanditError('STORE_UNREACHABLE', 'shared', 'the reply was lost')
    }
    return this.end
  }

  async read(after: Position, waitMs: number, previous: Position = ''): Promise<readonly PlacedBatch[]> {
    const { log } = this
    const until = performance.now() + waitMs
    for (;;) {
      if (this.isClosed) throw new ParetoBanditError('STORE_CLOSED', 'shared', 'it is closed')
      this.check()
      const from = indexOf(after)
      if (!this.isDeaf) {
        if (from < log.trimmed) throw new ParetoBanditError('LOG_TRIMMED', 'shared', 'dropped')
        log.mustHave(after)
        if (log.isWatchful) log.mustHave(previous)
        const found = log.batches.slice(from, from + 50)
        if (found.length > 0) return found
      }
      const leftMs = until - performance.now()
      if (leftMs <= 0 && !this.isDeaf) return []
      await log.change(this.isDeaf ? 1000 : leftMs)
    }
  }

  async *snapshots(): AsyncIterable<StoredSnapshot> {
    yield* this.log.kept
  }

  async writeSnapshot(snapshot: StoredSnapshot): Promise<void> {
    const { log } = this
    log.mustHave(snapshot.position)
    if (log.kept.length > 0 && indexOf(snapshot.position) <= indexOf(log.kept[0].position)) return
    log.kept = [snapshot, ...log.kept].slice(0, 2)
    if (log.kept.length === 2) log.trimmed = indexOf(log.kept[1].position)
  }

  async readNote(name: string): Promise<string | null> {
    this.check()
    return this.log.notes.get(name) ?? null
  }

  async writeNote(name: string, text: string): Promise<void> {
    this.check()
    this.log.notes.set(name, text)
  }

  async replaceNote(name: string, before: string | null, text: string): Promise<boolean> {
    this.check()
    if ((this.log.notes.get(name) ?? null) !== before) return false
    this.log.notes.set(name, text)
    return true
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.log.leave(this)
    this.log.changed()
  }

  private check(): void {
    this.log.check()
    if (this.isCutOff) throw new ParetoBanditError('STORE_UNREACHABLE', 'shared', 'it is cut off')
  }

  private async ask<T>(effect: () => T): Promise<T> {
    this.check()
    if (this.leaseMs > 0) await pause(this.leaseMs)
    this.check()
    const answer = effect()
    if (this.leaseMs > 0) await pause(this.leaseMs)
    this.check()
    return answer
  }

  private get end(): Position {
    return this.log.batches.at(-1)?.position ?? ''
  }

  private push(batch: Batch): void {
    this.log.batches.push({ ...batch, position: this.log.position(this.log.batches.length + 1) })
    this.log.changed()
  }
}

function take(log: SharedLog, { key, limitUsd }: LeasePool, usd: number): number {
  const granted = log.granted.get(key) ?? 0
  // A pot that was made smaller may have given out more than there is: that is no return of it.
  const grant = usd < 0 ? Math.max(-granted, usd) : Math.max(0, Math.min(usd, limitUsd - granted))
  log.granted.set(key, granted + grant)
  return Math.max(0, grant)
}

const STEPS_COUNTED = POT_STEPS + 2

/** What a process has of a rolling pot, by step; what no longer counts is forgotten. */
function stepsOf(log: SharedLog, store: SharedStore, { key, windowMs }: LeasePool): Map<number, number> {
  const pot = log.rolling.get(key) ?? new Map<SharedStore, Map<number, number>>()
  log.rolling.set(key, pot)
  for (const steps of pot.values()) {
    for (const step of steps.keys()) if (stepNow(log, windowMs) - step > STEPS_COUNTED) steps.delete(step)
  }
  const own = pot.get(store) ?? new Map<number, number>()
  pot.set(store, own)
  return own
}

function stepNow(log: SharedLog, windowMs: number | null): number {
  return Math.floor(log.now() / ((windowMs ?? 0) / POT_STEPS))
}

function addNow(log: SharedLog, store: SharedStore, pool: LeasePool, usd: number): void {
  const own = stepsOf(log, store, pool)
  const step = stepNow(log, pool.windowMs)
  own.set(step, (own.get(step) ?? 0) + usd)
}

function takeRolling(log: SharedLog, store: SharedStore, pool: LeasePool, wantUsd: number): number {
  stepsOf(log, store, pool)
  let counted = 0
  for (const steps of log.rolling.get(pool.key)?.values() ?? [])
    for (const usd of steps.values()) counted += usd
  const usd = Math.max(0, Math.min(wantUsd, pool.limitUsd - counted))
  addNow(log, store, pool, usd)
  return usd
}

function takeNewest(log: SharedLog, store: SharedStore, pool: LeasePool, wantUsd: number): number {
  const own = stepsOf(log, store, pool)
  let usd = 0
  for (const [step, granted] of [...own].sort(([a], [b]) => b - a)) {
    const part = Math.min(granted, wantUsd - usd)
    own.set(step, granted - part)
    usd += part
  }
  return usd
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits until something is so. @throws when it is not after a while */
export async function until(isSo: () => boolean, what: string, msMax = 10_000): Promise<void> {
  const end = performance.now() + msMax
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`)
    await pause(2)
  }
}
