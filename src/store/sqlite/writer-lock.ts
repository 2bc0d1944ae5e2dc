import type BetterSqlite from 'better-sqlite3'
import { ParetoBanditError } from '../../errors.js'

/**
 * Makes this thread the only writer of a log: an exclusive lock of the operating system on an empty file beside it, held
 * by an open transaction. It goes with the process however that ends, and process ids of other containers play no part.
 * @returns a database whose closing gives the lock up
 * @throws STORE_LOCKED when another holds it for all of `waitMs`
 */
export function takeWriterLock(
  Database: typeof BetterSqlite,
  file: string,
  waitMs: number,
  description: string,
): BetterSqlite.Database {
  const lock = new Database(file, { timeout: waitMs })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'SQLITE_BUSY')) throw cause
    const message = `expected no other writer, another process holds ${file} (waited ${waitMs} ms)`
    throw new ParetoBanditError('STORE_LOCKED', description, message, { cause })
  }
}
