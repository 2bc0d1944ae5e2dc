import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ParetoBanditError } from '../../base/errors.js'
import { firstValue, readTogether, type SqliteDatabase, type SqliteDriver } from './drivers/database.js'
import { type OpenFile, openFile, whyMoved } from './file-identity.js'
import { checkIdentity, examineFile, locateFile } from './file-state.js'
import { LogReader } from './log-reader.js'
import type { KeptSnapshot, Opened, ReadEvents } from './messages.js'
import { migrate, SCHEMA_VERSION } from './schema.js'
import { describeDamage, findDamage } from './tail.js'

/** Only for a moment is a file locked against readers, when a writer opens or closes it. */
const BUSY_WAIT_MS = 5000

/** A file seen by somebody who must not change it; synchronous, for the worker. */
export class Inspection {
  readonly opened: Opened
  private readonly db: SqliteDatabase
  private readonly reader: LogReader
  private readonly place: OpenFile
  private readonly copies: readonly string[]
  /** When what it is a copy of was written last. */
  private readonly copied: string | null
  private seenEnd: number

  /** @throws as a writer's opening does, but for what concerns writing */
  static open(driver: SqliteDriver, file: string, description: string): Inspection {
    const path = locateFile(file, description, false)
    const place = openFile(path)
    // Where these are a writer may be at work, in this process even: SQLite itself looks then.
    const isLive = existsSync(`${path}-wal`) && existsSync(`${path}-shm`)
    const { isEmpty, isWal } = isLive ? { isEmpty: false, isWal: true } : examineFile(path, description)
    if (isEmpty) {
      throw new ParetoBanditError('STORE_MISMATCH', description, 'expected a log, the file is empty')
    }
    // To read a file in WAL mode SQLite needs `-wal` and `-shm` beside it, and would create them: so a copy then.
    const isWhole = isLive || !isWal
    const written = writtenOf(path)
    const copy = isWhole ? null : copyOf(path)
    const folders = copy === null ? [] : [copy]
    try {
      let db = openReadOnly(driver, copy === null ? path : join(copy, 'log'))
      try {
        const version = versionOf(db, description)
        if (version < SCHEMA_VERSION) {
          const folder = temporaryFolder()
          folders.push(folder)
          const brought = join(folder, 'log')
          broughtUpToDate(driver, db, brought, version)
          const older = db
          db = openReadOnly(driver, brought)
          older.close()
        }
        return new Inspection(db, place, folders, folders.length === 0 ? null : written, description)
      } catch (error) {
        db.close()
        throw error
      }
    } catch (error) {
      folders.forEach(remove)
      throw error
    }
  }

  private constructor(
    db: SqliteDatabase,
    place: OpenFile,
    copies: readonly string[],
    copied: string | null,
    description: string,
  ) {
    this.db = db
    this.place = place
    this.copies = copies
    this.copied = copied
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
    this.seenEnd = this.opened.end
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

  /** Why what is read is not the file of that name any more; null: it is. */
  moved(): string | null {
    const why = whyMoved(this.place)
    if (why !== null) return why
    if (this.copied !== null) return this.copied === writtenOf(this.place.path) ? null : 'was written to'
    const end = this.reader.end()
    // As where a backup was copied over it.
    if (end < this.seenEnd) return 'was replaced by another'
    this.seenEnd = end
    return null
  }

  close(): void {
    this.db.close()
    this.copies.forEach(remove)
  }
}

/** When a log and its `-wal` were written last, as a text to compare. */
function writtenOf(path: string): string {
  const files = [path, `${path}-wal`].map((each) => statSync(each, { bigint: true, throwIfNoEntry: false }))
  return files.map((found) => `${found?.ino} ${found?.size} ${found?.mtimeNs}`).join(', ')
}

function openReadOnly(driver: SqliteDriver, file: string): SqliteDatabase {
  return driver.open(file, { isReadOnly: true, waitMs: BUSY_WAIT_MS })
}

/** @throws STORE_MISMATCH for a database of another application, or of a later release */
function versionOf(db: SqliteDatabase, description: string): number {
  const [id, version] = ['application_id', 'user_version'].map((name) =>
    Number(firstValue(db, `PRAGMA ${name}`)),
  )
  checkIdentity(id >>> 0, version, description)
  return version
}

/** A log of an older release as this one has it, in a file of its own: whoever looks must not migrate it under that release. */
function broughtUpToDate(driver: SqliteDriver, from: SqliteDatabase, file: string, version: number): void {
  from.prepare('VACUUM INTO ?').run(file)
  const db = driver.open(file, { isReadOnly: false, waitMs: BUSY_WAIT_MS })
  try {
    db.exec('BEGIN')
    migrate(db, version)
    db.exec('COMMIT')
  } finally {
    db.close()
  }
}

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'paretobandit-'))
}

function copyOf(path: string): string {
  const folder = temporaryFolder()
  try {
    copyFileSync(path, join(folder, 'log'))
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, join(folder, 'log-wal'))
    return folder
  } catch (error) {
    remove(folder)
    throw error
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
