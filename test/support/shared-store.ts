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

/** A log that several stores of this process share, with faults on demand. */
export class SharedLog {
  readonly batches: PlacedBatch[] = []
  header: LogHeader | null = null
  kept: StoredSnapshot[] = []
  /** Batches before this one are gone. */
  trimmed = 0
  isAway = false
  granted = new Map<string, number>()
  private starts = 0
  private readonly open = new Set<SharedStore>()

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

  check(): void {
    if (this.isAway) throw new ParetoBanditError('STORE_UNREACHABLE', 'shared', 'it is away')
  }

  /** Loses the latest batches: a server that comes back with an older copy, or gives way to a replica that lags. */
  lose(count: number): void {
    this.batches.splice(-count)
  }

  position(index: number): Position {
    return index === 0 ? '' : String(index)
  }
}

export class SharedStore implements Store {
  readonly description = 'shared'
  readonly isShared = true
  readonly leases: LeaseBroker
  /** Appends are held back while it is true. */
  isSlow = false
  /** Reads find nothing while it is true: a paused process. */
  isDeaf = false
  /** The next append takes effect, and its reply is lost. */
  losesReply = false
  private readonly log: SharedLog
  private isClosed = false

  constructor(log: SharedLog) {
    this.log = log
    this.leases = {
      take: async (requests) => {
        log.check()
        return requests.map((request) => take(log, request, request.wantUsd))
      },
      giveBack: async (returns) => {
        log.check()
        for (const each of returns) take(log, each, -each.usd)
      },
      processes: async () => log.processes,
    }
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

  async append(batch: Batch): Promise<Position> {
    while (this.isSlow && !this.isClosed) await pause(5)
    this.log.check()
    this.push(batch)
    if (this.losesReply) {
      this.losesReply = false
      throw new ParetoBanditError('STORE_UNREACHABLE', 'shared', 'the reply was lost')
    }
    return this.end
  }

  async read(after: Position, waitMs: number): Promise<readonly PlacedBatch[]> {
    const { log } = this
    const until = performance.now() + waitMs
    for (;;) {
      if (this.isClosed) throw new ParetoBanditError('STORE_CLOSED', 'shared', 'it is closed')
      log.check()
      const from = after === '' ? 0 : Number(after)
      if (!this.isDeaf) {
        if (from < log.trimmed) throw new ParetoBanditError('LOG_TRIMMED', 'shared', 'dropped')
        const found = log.batches.slice(from, from + 50)
        if (found.length > 0) return found
      }
      if (performance.now() >= until) return []
      await pause(1)
    }
  }

  async *snapshots(): AsyncIterable<StoredSnapshot> {
    yield* this.log.kept
  }

  async writeSnapshot(snapshot: StoredSnapshot): Promise<void> {
    const { log } = this
    if (log.kept.length > 0 && Number(snapshot.position) <= Number(log.kept[0].position)) return
    log.kept = [snapshot, ...log.kept].slice(0, 2)
    if (log.kept.length === 2) log.trimmed = Number(log.kept[1].position)
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.log.leave(this)
  }

  private get end(): Position {
    return this.log.position(this.log.batches.length)
  }

  private push(batch: Batch): void {
    this.log.batches.push({ ...batch, position: this.log.position(this.log.batches.length + 1) })
  }
}

function take(log: SharedLog, { key, limitUsd }: LeasePool, usd: number): number {
  const granted = log.granted.get(key) ?? 0
  const grant = Math.max(-granted, Math.min(usd, limitUsd - granted))
  log.granted.set(key, granted + grant)
  return Math.max(0, grant)
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
