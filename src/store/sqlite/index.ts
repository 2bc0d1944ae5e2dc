export type {
  Batch,
  LogHeader,
  OpenedLog,
  PlacedBatch,
  Position,
  Store,
  StoredSnapshot,
} from '../../log/store.js'
export { openSqliteReadOnly, type SqliteReader } from './read-only.js'
export { type SqliteNotes, type SqliteStoreOptions, sqliteStore } from './sqlite-store.js'
