import { ParetoBanditError } from '../../base/errors.js'
import { createRouter } from '../../create-router.js'
import type { OpenedLog, PlacedBatch, Position, Store, StoredSnapshot } from '../../log/store.js'
import type { Router } from '../../router/router.js'
import { openRedisReadOnly, type RedisReader } from '../../store/redis/read-only.js'
import { DirectLink } from '../../store/sqlite/direct-link.js'
import { openSqliteReadOnly, openSqliteReadOnlyBy, type SqliteReader } from '../../store/sqlite/read-only.js'
import { CommandError } from '../command-error.js'
import { shellWord } from '../shell-word.js'
import { sqliteDriver } from './driver.js'
import { isRedis, kindOf, streamOfFile } from './log-file.js'
import { keptSettings, optionsOf } from './log-options.js'
import { missing } from './session.js'
import { SETTINGS_NOTE } from './settings.js'

/** A log that somebody else may be writing, in a file or in Redis. Only files say what is damaged, and have notes. */
export type LogReader = RedisReader & Partial<Pick<SqliteReader, 'damage' | 'readNote' | 'moved'>>

/** A log with the fold of it, in memory. */
export interface LogView {
  readonly reader: LogReader
  readonly router: Router
}

/** Whether SQLite works in the thread of the command, or in one of its own beside one that answers requests meanwhile. */
export type SqliteThread = 'this' | 'own'

/**
 * Opens a log and reads it alone: nothing is written, and a service may run on it.
 * @param stream which of a Redis; undefined: that of the default name
 * @throws what the stores throw; FILE_UNREADABLE for a file that is not there or an older state file
 */
export async function withReader<T>(
  place: string,
  stream: string | undefined,
  work: (reader: LogReader) => Promise<T>,
  thread: SqliteThread = 'this',
): Promise<T> {
  const reader = await openReader(place, stream, thread)
  try {
    return await work(reader)
  } finally {
    await reader.close()
  }
}

/** `withReader`, with the fold of the log. */
export async function withView<T>(
  place: string,
  stream: string | undefined,
  work: (view: LogView) => Promise<T> | T,
): Promise<T> {
  return withReader(place, stream, async (reader) => work({ reader, router: await foldOf(reader) }))
}

/** A router in the state that a log folds to. */
export async function foldOf(reader: LogReader): Promise<Router> {
  const note = (await reader.readNote?.(SETTINGS_NOTE)) ?? null
  const kept = keptSettings(reader.header, note, reader.description)
  const options = optionsOf(reader.header, reader.description, kept)
  const router = await createRouter({ ...options, store: new ReadStore(reader) })
  // Whether a service is strict is in no log. An account without caps that has refused requests is one of such.
  const { account } = router.stats()
  if (account === null || account.caps.length > 0 || account.refused === 0) return router
  return createRouter({ ...options, strict: true, store: new ReadStore(reader) })
}

/**
 * A router beside a log, in the state that it folds to: it takes events of the log by `apply`, and writes nothing anywhere.
 * @param clock its time, milliseconds since 1970 UTC
 * @param snapshot of `foldOf`'s router
 */
export async function besideLog(
  reader: LogReader,
  snapshot: Uint8Array,
  clock: () => number,
): Promise<Router> {
  const note = (await reader.readNote?.(SETTINGS_NOTE)) ?? null
  const kept = keptSettings(reader.header, note, reader.description)
  const router = await createRouter({ ...optionsOf(reader.header, reader.description, kept), clock })
  router.restore(snapshot)
  return router
}

/** @throws as `withReader` */
export async function openReader(
  place: string,
  stream: string | undefined,
  thread: SqliteThread,
): Promise<LogReader> {
  if (isRedis(place)) return openRedisReadOnly({ url: place, stream })
  if (stream !== undefined) throw streamOfFile(place)
  const kind = kindOf(place, false)
  if (kind === 'nothing') throw missing(place)
  if (kind === 'state-file') {
    const message = `${place}: is a state file from before there were logs; 'paretobandit stats --state ${shellWord(place)}' makes a log of it`
    throw new CommandError('FILE_UNREADABLE', message)
  }
  const options = { driver: sqliteDriver() }
  return thread === 'own'
    ? openSqliteReadOnly(place, options)
    : openSqliteReadOnlyBy(place, options, () => new DirectLink())
}

/** A log to be folded, and not to be changed. */
class ReadStore implements Store {
  readonly description: string
  readonly isShared = false
  readonly leases = null
  readonly hasOwnOptions = true
  private readonly reader: LogReader

  constructor(reader: LogReader) {
    this.reader = reader
    this.description = reader.description
  }

  async open(): Promise<OpenedLog> {
    const { header, end, damage } = this.reader
    return { isNew: false, header, origin: 'reader', firstNumber: 1, end, repairs: damage ?? [] }
  }

  append(): Promise<Position> {
    return Promise.reject(this.refusal())
  }

  read(after: Position): Promise<readonly PlacedBatch[]> {
    return this.reader.read(after)
  }

  snapshots(): AsyncIterable<StoredSnapshot> {
    return this.reader.snapshots()
  }

  writeSnapshot(): Promise<void> {
    return Promise.reject(this.refusal())
  }

  async close(): Promise<void> {
    // Whoever opened the reader closes it.
  }

  private refusal(): ParetoBanditError {
    return new ParetoBanditError('STORE_READ_ONLY', this.description, 'it was opened to be read')
  }
}
