import type { SqliteDatabase } from './drivers/database.js'
import { Meta } from './meta.js'

/**
 * The file, an SQLite database:
 *
 *     application_id  'PBlg': a database of another application is not touched
 *     user_version    SCHEMA_VERSION
 *     meta            header           what `open` was given when the log was new, as JSON
 *                     clean            1: the last writer closed it; 0: one is at work, or crashed
 *                     last_number      highest event number that rows no longer here may have had
 *                     last_position    the same of positions
 *                     end              position of the latest row, written with it
 *                     trimmed_position events up to here were dropped behind snapshots
 *                     note:<name>      what its owner keeps beside the log, as text; notes: how many there are
 *                     each with a CRC-32 of key and value as JSON
 *     events          one row an event in the log's order. `bytes` is the event (events/codec.ts); the other columns are
 *                     read from it for people: request id, dollars (reserved, realised or budgeted), reward, latency
 *                     `previous` is the position of the row before (0: none), `checksum` the CRC-32 of position, previous,
 *                     number, origin and bytes together: null in rows of schema versions 1 and 2
 *     pending         requests that still wait for feedback, written along with the events; the router has its own
 *     snapshots       the latest two, with a checksum of position and bytes (null: of schema version 1)
 *     lost_events     events cut off because they, or one before them, were damaged
 *     event_log, waiting  views with times in ISO 8601
 *
 * Times are ms since 1970, dollars are USD.
 * `FILE-writer` beside it stays empty; who holds SQLite's exclusive lock on it is the writer.
 */
export const APPLICATION_ID = 0x50426c67
export const SCHEMA_VERSION = 3

const LOST_EVENTS = `
CREATE TABLE lost_events (position INTEGER PRIMARY KEY, origin TEXT NOT NULL, number INTEGER NOT NULL,
  lost_at REAL NOT NULL, bytes BLOB NOT NULL);`

const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value, checksum INTEGER) WITHOUT ROWID;
CREATE TABLE events (position INTEGER PRIMARY KEY, origin TEXT NOT NULL, number INTEGER NOT NULL, type TEXT NOT NULL,
  at REAL NOT NULL, request TEXT, model TEXT, tenant TEXT, usd REAL, reward REAL, latency_ms REAL, bytes BLOB NOT NULL,
  previous INTEGER, checksum INTEGER);
CREATE TABLE pending (request TEXT PRIMARY KEY, model TEXT NOT NULL, tenant TEXT, routed_at REAL NOT NULL,
  reserved_usd REAL NOT NULL, cost_usd REAL, reward REAL, state TEXT NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshots (position INTEGER PRIMARY KEY, at REAL NOT NULL, bytes BLOB NOT NULL, checksum INTEGER);
${LOST_EVENTS}
CREATE VIEW event_log AS SELECT position, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000, 'unixepoch') AS time, type, request,
  model, tenant, usd, reward, latency_ms, length(bytes) AS bytes FROM events;
CREATE VIEW waiting AS SELECT strftime('%Y-%m-%dT%H:%M:%fZ', routed_at / 1000, 'unixepoch') AS routed, request, model,
  tenant, state, reserved_usd, cost_usd, reward FROM pending ORDER BY routed_at;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};`

/** Entry i brings a file of version i + 1 to i + 2. */
const MIGRATIONS: readonly string[] = [
  // 1 to 2: snapshots get checksums of the store's own, damaged events a table.
  `ALTER TABLE snapshots ADD COLUMN checksum INTEGER; ${LOST_EVENTS}`,
  // 2 to 3: what an event's row is, and that it follows the row before, is checked with its bytes.
  // So are the small facts.
  `ALTER TABLE events ADD COLUMN previous INTEGER; ALTER TABLE events ADD COLUMN checksum INTEGER;
   ALTER TABLE meta ADD COLUMN checksum INTEGER;`,
]

/** The last version whose facts have no checksums. */
const META_UNSEALED = 2

/** Within the caller's transaction, as is `migrate`. */
export function createSchema(db: SqliteDatabase, header: string): void {
  db.exec(SCHEMA)
  new Meta(db).begin(header)
}

/** @param from version of the file, 1 to SCHEMA_VERSION */
export function migrate(db: SqliteDatabase, from: number): void {
  for (let version = from; version < SCHEMA_VERSION; version++) db.exec(MIGRATIONS[version - 1])
  if (from <= META_UNSEALED) new Meta(db).seal()
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
}
