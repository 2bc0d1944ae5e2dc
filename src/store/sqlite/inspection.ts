import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ParetoBanditError } from '../../base/errors.js'
import { firstValue, readTogether, type SqliteDatabase, type SqliteDriver } from './drivers/database.js'
import { checkIdentity, examineFile, locateFile } from './file-state.js'
import { LogReader } from './log-reader.js'
import type { KeptSnapshot, Opened, ReadEvents } from './messages.js'
import { SCHEMA_VERSION } from './schema.js'
import { describeDamage, findDamage } from './tail.js'

/** Only for a moment is a file locked against readers, when a writer opens or closes it. */
const BUSY_WAIT_MS = 5000

/** A file seen by somebody who must not change it; synchronous, for the worker. */
export class Inspection {
  readonly opened: Opened
  private readonly db: SqliteDatabase
  private readonly reader: LogReader
  private readonly copy: string | null

  /** @throws as a writer's opening does, but for what concerns writing */
  static open(driver: SqliteDriver, file: string, description: string): Inspection {
    const path = locateFile(file, description, false)
    // Where these are a writer may be at work, in this process even: SQLite itself looks then.
    const isLive = existsSync(`${path}-wal`) && existsSync(`${path}-shm`)
    const { isEmpty, isWal } = isLive ? { isEmpty: false, isWal: true } : examineFile(path, description)
    if (isEmpty) {
      throw new ParetoBanditError('STORE_MISMATCH', description, 'expected a log, the file is empty')
    }
    // To read a file in WAL mode SQLite needs `-wal` and `-shm` beside it, and would create them: so a copy then.
    const isWhole = isLive || !isWal
    const copy = isWhole ? null : copyOf(path)
    try {
      const db = driver.open(copy === null ? path : join(copy, 'log'), {
        isReadOnly: true,
        waitMs: BUSY_WAIT_MS,
      })
      try {
        return new Inspection(db, copy, description)
      } catch (error) {
        db.close()
        throw error
      }
    } catch (error) {
      remove(copy)
      throw error
    }
  }

  private constructor(db: SqliteDatabase, copy: string | null, description: string) {
    this.db = db
    this.copy = copy
    const [id, version] = ['application_id', 'user_version'].map((name) =>
      Number(firstValue(db, `PRAGMA ${name}`)),
    )
    checkIdentity(id >>> 0, version, description)
    if (version < SCHEMA_VERSION) {
      const message = `expected schema version ${SCHEMA_VERSION}, got ${version}: open it once to write, which migrates it`
      throw new ParetoBanditError('STORE_MISMATCH', description, message)
    }
    // A writer may change a fact while all of them are checked.
    this.reader = readTogether(db, () => new LogReader(db, description))
    const { reader } = this
    this.opened = readTogether(db, () => ({
      isNew: false,
      header: reader.header(),
      firstNumber: 0,
      start: reader.meta.number('trimmed_position'),
      end: reader.end(),
      repairs: describeDamage(findDamage(db, reader.meta, description), 'found'),
    }))
  }

  read(after: number): ReadEvents {
    return this.reader.read(after)
  }

  snapshot(before: number): KeptSnapshot | null {
    return this.reader.snapshot(before)
  }

  note(name: string): string | null {
    return this.reader.note(name)
  }

  close(): void {
    this.db.close()
    remove(this.copy)
  }
}

function copyOf(path: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'paretobandit-'))
  try {
    copyFileSync(path, join(folder, 'log'))
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, join(folder, 'log-wal'))
    return folder
  } catch (error) {
    remove(folder)
    throw error
  }
}

function remove(folder: string | null): void {
  if (folder !== null) rmSync(folder, { recursive: true, force: true })
}
