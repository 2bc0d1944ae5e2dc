import { existsSync, rmSync } from 'node:fs'
import { ParetoBanditError } from '../../base/errors.js'
import type { SqliteDatabase, SqliteDriver } from './drivers/database.js'
import { makePrivate } from './file-state.js'

/**
 * Makes this thread the only writer of a log: an exclusive lock of the operating system on an empty file beside it, held
 * by an open transaction. It goes with the process however that ends, and process ids of other containers play no part.
 */
export class WriterLock {
  private readonly file: string
  private readonly isNew: boolean
  private readonly db: SqliteDatabase

  /** @throws STORE_LOCKED when another holds it for all of `waitMs` */
  constructor(driver: SqliteDriver, file: string, waitMs: number, description: string) {
    this.file = file
    this.isNew = !existsSync(file)
    makePrivate(file, description)
    this.db = driver.open(file, { isReadOnly: false, waitMs })
    try {
      this.db.exec('BEGIN EXCLUSIVE')
    } catch (cause) {
      this.db.close()
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'SQLITE_BUSY')) throw cause
      const message = `expected no other writer, another holds ${file} (waited ${waitMs} ms)`
      throw new ParetoBanditError('STORE_LOCKED', description, message, { cause })
    }
  }

  /** Runs what may refuse the file for what it is; then nothing stays beside it that was not there. */
  check<T>(examine: () => T): T {
    try {
      return examine()
    } catch (error) {
      // Whoever waits for it will refuse the file too: that they have a lock nobody sees does no harm.
      if (this.isNew) rmSync(this.file, { force: true })
      throw error
    }
  }

  release(): void {
    this.db.close()
  }
}
