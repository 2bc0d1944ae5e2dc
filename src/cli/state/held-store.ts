import { LOG_VERSION } from '../../log/header.js'
import type {
  Batch,
  LogHeader,
  OpenedLog,
  PlacedBatch,
  Position,
  Store,
  StoredSnapshot,
} from '../../log/store.js'
import { DirectLink } from '../../store/sqlite/direct-link.js'
import type { SqliteNotes } from '../../store/sqlite/sqlite-store.js'
import { sqliteStoreWith } from '../../store/sqlite/sqlite-store.js'
import { sqliteDriver } from './driver.js'

/** Each command holds the log for some hundredths of a second: this is a long queue, or a service that runs on it. */
const LOCK_WAIT_MS = 10_000

/** What is thrown for a log that was to be new, and has come to be meanwhile: it is open then, and its header known. */
export class LogIsThere extends Error {}

/**
 * The log of one command: what the command does reaches it once all of it has gone well. It is opened once, before the
 * router is made, so that nobody changes it between its settings being read and the router's first event.
 */
export class HeldStore implements Store {
  readonly description: string
  readonly isShared = false
  readonly leases = null
  /** A command changes what its flags say, in its own words. */
  readonly hasOwnOptions = true
  /** Rejects with the first append that failed: a command does not try again. */
  readonly failed: Promise<never>
  private readonly inner: Store & SqliteNotes
  private readonly released: Promise<void>
  private release: () => void = () => {}
  private fail: (error: unknown) => void = () => {}
  private opened: OpenedLog | null = null
  private appendError: unknown

  /** @param mustExist whether a file without a log is refused */
  constructor(path: string, mustExist: boolean) {
    const options = { lockWaitMs: LOCK_WAIT_MS, driver: sqliteDriver() }
    this.inner = sqliteStoreWith(path, options, { mustExist, linked: () => new DirectLink() })
    this.description = this.inner.description
    this.released = new Promise((resolve) => {
      this.release = resolve
    })
    this.failed = new Promise<never>((_, reject) => {
      this.fail = reject
    })
    // Whoever waits for it is told; nobody may.
    this.failed.catch(() => {})
  }

  /** Opens a log that is there. @returns its header */
  async openExisting(): Promise<LogHeader> {
    this.opened ??= await this.inner.open({ version: LOG_VERSION, settings: {} }, [])
    return this.opened.header
  }

  async open(header: LogHeader, seed: readonly Uint8Array[]): Promise<OpenedLog> {
    if (this.opened !== null) return this.opened
    this.opened = await this.inner.open(header, seed)
    if (!this.opened.isNew) throw new LogIsThere()
    return this.opened
  }

  async append(batch: Batch): Promise<Position> {
    await this.released
    try {
      return await this.inner.append(batch)
    } catch (error) {
      this.appendError = error
      this.fail(error)
      throw error
    }
  }

  /** Lets go what was appended, and what comes. */
  letGo(): void {
    this.release()
  }

  /** Whether an error is told by `failed`. */
  isAppendError(error: unknown): boolean {
    return error === this.appendError
  }

  read(after: Position): Promise<readonly PlacedBatch[]> {
    return this.inner.read(after, 0)
  }

  snapshots(): AsyncIterable<StoredSnapshot> {
    return this.inner.snapshots()
  }

  writeSnapshot(snapshot: StoredSnapshot): Promise<void> {
    return this.inner.writeSnapshot(snapshot)
  }

  readNote(name: string): Promise<string | null> {
    return this.inner.readNote(name)
  }

  writeNote(name: string, text: string): Promise<void> {
    return this.inner.writeNote(name, text)
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}
