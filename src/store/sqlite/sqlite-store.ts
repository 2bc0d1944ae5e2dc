import { checkInteger, checkOneOf } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'
import type { PlatformUrl } from '../../base/platform.js'
import { readOptions } from '../../base/read-once.js'
import type {
  Batch,
  LogHeader,
  OpenedLog,
  PlacedBatch,
  Position,
  Store,
  StoredSnapshot,
} from '../../log/store.js'
import { checkFile } from './check-file.js'
import { SQLITE_DRIVER_CHOICES, type SqliteDriverChoice, type SqliteDriverName } from './drivers/database.js'
import { holdHere, toldWhoHolds } from './held-here.js'
import type { LogLink } from './log-link.js'
import { type Durability, type LogSettings, ORIGIN } from './messages.js'
import { packEvents } from './packing.js'
import { keptSnapshots, numberOf, placedBatches, positionOf } from './placed.js'
import { WorkerLink } from './worker-link.js'

export interface SqliteStoreOptions {
  /** Events kept behind the older snapshot, for those who read history. Default 1,000,000. */
  readonly retainEvents?: number | undefined
  /** `full`, the default: what is acknowledged survives a power cut. `normal`: it survives the end of the process. */
  readonly durability?: Durability | undefined
  /** How long `open` waits for another writer to go, ms. Default 0. */
  readonly lockWaitMs?: number | undefined
  /**
   * Whose SQLite: `better-sqlite3` (a package to install), `node:sqlite` (Node from 22.13 on, Deno), `bun:sqlite` (Bun).
   * Default `auto`: the runtime's own in Bun and Deno; in Node better-sqlite3 where it is installed, else `node:sqlite`.
   * One process must not open a file by two of them: locks of one do not hold against the other's there.
   */
  readonly driver?: SqliteDriverChoice | undefined
}

/** What a store keeps beside the log for its owner: settings that the fold does not know. */
export interface SqliteNotes {
  /** @returns null where nothing was written under that name */
  readNote(name: string): Promise<string | null>
  /** Resolves when it is durable. */
  writeNote(name: string, text: string): Promise<void>
}

export type SqliteStore = Store &
  SqliteNotes & {
    /** Whose SQLite it was opened with; null before. */
    readonly driver: SqliteDriverName | null
  }

/** For tests, and for the command line. */
interface SqliteInternals {
  readonly pageCountMax?: number | undefined
  /** Refuses a file without a log (STORE_MISMATCH) instead of beginning one. */
  readonly mustExist?: boolean | undefined
  /** What a new log begins with in place of its seed; no origin in it has a latest event. */
  readonly snapshot?: Uint8Array | undefined
  readonly worker?: PlatformUrl | undefined
  /** The way to the file. Default: a thread of its own. */
  readonly linked?: (() => LogLink) | undefined
}

const RETAIN_EVENTS_DEFAULT = 1_000_000
const LOCK_WAIT_MS_MAX = 2 ** 31 - 1

/**
 * A log in an SQLite file, for one writing process on one machine; `schema.ts` tells what is in it. It is made by the
 * first opening, and SQLite (option `driver`) loaded by it, in a thread of its own.
 * While it is open there are `FILE-wal` and `FILE-shm` beside it; `FILE-writer` stays, empty.
 * `open` rejects with MISSING_DEPENDENCY; STORE_UNREACHABLE (no such directory, no permission), STORE_READ_ONLY,
 * STORE_LOCKED (another process writes, or another store of this one), STORE_MISMATCH (not such a file, or of a later release), STORE_CORRUPT;
 * `append` and `writeSnapshot` with STORE_FULL: nothing of theirs is in the file then, and they may be tried again.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION for bad options
 */
export function sqliteStore(file: string, options: SqliteStoreOptions = {}): SqliteStore {
  return sqliteStoreWith(file, options, {})
}

export function sqliteStoreWith(
  file: string,
  options: SqliteStoreOptions,
  { pageCountMax, mustExist, snapshot, worker, linked }: SqliteInternals,
): SqliteStore {
  checkFile(file)
  const {
    retainEvents = RETAIN_EVENTS_DEFAULT,
    durability = 'full',
    lockWaitMs = 0,
    driver = 'auto',
  } = readOptions(options, ['retainEvents', 'durability', 'lockWaitMs', 'driver'])
  const settings: LogSettings = {
    file,
    description: describeFile(file),
    driver: checkOneOf(driver, SQLITE_DRIVER_CHOICES, 'driver'),
    retainEvents: checkInteger(retainEvents, 0, Number.MAX_SAFE_INTEGER, 'retainEvents'),
    durability: checkOneOf(durability, ['full', 'normal'], 'durability'),
    lockWaitMs: checkInteger(lockWaitMs, 0, LOCK_WAIT_MS_MAX, 'lockWaitMs'),
    pageCountMax: pageCountMax ?? null,
    mustExist: mustExist ?? false,
    snapshot: snapshot ?? null,
  }
  return new FileStore(settings, linked ?? (() => new WorkerLink(settings.description, worker)))
}

export function describeFile(file: string): string {
  return `sqlite:${file}`
}

class FileStore implements SqliteStore {
  readonly description: string
  driver: SqliteDriverName | null = null
  readonly isShared = false
  readonly leases = null
  readonly hasOwnOptions: boolean
  private readonly settings: LogSettings
  private readonly linked: () => LogLink
  private link: LogLink | null = null
  private letGo: () => void = () => {}
  private isOpening = false

  constructor(settings: LogSettings, linked: () => LogLink) {
    this.description = settings.description
    this.settings = settings
    // The snapshot that a new log begins with is all that there is to say.
    this.hasOwnOptions = settings.snapshot !== null
    this.linked = linked
  }

  async open(header: LogHeader, seed: readonly Uint8Array[]): Promise<OpenedLog> {
    if (this.link !== null || this.isOpening) {
      throw new ParetoBanditError(
        'STORE_LOCKED',
        this.description,
        'expected a closed store, it is open already',
      )
    }
    this.isOpening = true
    try {
      return await this.start(header, packEvents(seed))
    } finally {
      this.isOpening = false
    }
  }

  async append({ origin, firstNumber, events }: Batch): Promise<Position> {
    const packed = packEvents(events)
    const end = await this.opened().call({ op: 'append', origin, firstNumber, events: packed }, [packed])
    return positionOf(end)
  }

  async read(after: Position): Promise<readonly PlacedBatch[]> {
    const from = numberOf(after, 'after')
    return placedBatches(await this.opened().call({ op: 'read', after: from }))
  }

  snapshots(): AsyncIterable<StoredSnapshot> {
    return keptSnapshots(() => this.opened())
  }

  async writeSnapshot(snapshot: StoredSnapshot): Promise<void> {
    const position = numberOf(snapshot.position, 'snapshot.position')
    const bytes = snapshot.isGiven === true ? wholeOf(snapshot.bytes) : new Uint8Array(snapshot.bytes)
    await this.opened().call({ op: 'writeSnapshot', position, bytes }, [bytes.buffer])
  }

  readNote(name: string): Promise<string | null> {
    return this.opened().call({ op: 'note', name })
  }

  async writeNote(name: string, text: string): Promise<void> {
    await this.opened().call({ op: 'writeNote', name, text })
  }

  replaceNote(name: string, before: string | null, text: string): Promise<boolean> {
    return this.opened().call({ op: 'replaceNote', name, before, text })
  }

  async close(): Promise<void> {
    const { link } = this
    this.link = null
    try {
      // A dead one has nothing open, and told so whoever waited.
      if (link === null || link.isDead) return
      try {
        await link.call({ op: 'close' })
      } finally {
        await link.stop()
      }
    } finally {
      this.letGo()
    }
  }

  private async start(header: LogHeader, seed: ArrayBuffer): Promise<OpenedLog> {
    const link = this.linked()
    try {
      const { driver, ...opened } = await link.call({ op: 'open', settings: this.settings, header, seed }, [
        seed,
      ])
      this.letGo = holdHere(this.settings.file)
      this.link = link
      this.driver = driver
      return { ...opened, origin: ORIGIN, end: positionOf(opened.end) }
    } catch (error) {
      await link.stop()
      throw toldWhoHolds(error, this.settings.file)
    }
  }

  private opened(): LogLink {
    if (this.link !== null) return this.link
    throw new ParetoBanditError('STORE_CLOSED', this.description, 'expected an open store, it is closed')
  }
}

/** In a buffer of its own. */
function wholeOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes)
}
