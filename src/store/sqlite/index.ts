export type {
  Batch,
  LogHeader,
  OpenedLog,
  PlacedBatch,
  Position,
  Store,
  StoredSnapshot,
} from '../../log/store.js'
export type { SqliteDriverChoice, SqliteDriverName } from './drivers/database.js'
export type { Durability } from './messages.js'
export { openSqliteReadOnly, type SqliteReader, type SqliteReadOptions } from './read-only.js'
export { type SqliteNotes, type SqliteStore, type SqliteStoreOptions, sqliteStore } from './sqlite-store.js'
