import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type ErrorCode, ParetoBanditError } from '../../base/errors.js'
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.js'

/** What stands in the first 100 bytes of an SQLite database (https://sqlite.org/fileformat.html). */
const HEADER_BYTES = 100
const MAGIC = 'SQLite format 3\0'
const FORMAT_AT = 18
const USER_VERSION_AT = 60
const APPLICATION_ID_AT = 68
const FORMAT_WAL = 2
/** And in a rollback journal: pages of the database before. */
const JOURNAL_MAGIC = 'd9d505f920a163d7'
const JOURNAL_PAGES_AT = 16

interface FileState {
  readonly isEmpty: boolean
  /** It is there without a byte in it: nothing says where its bytes went. */
  readonly isBlank: boolean
  /** Its latest pages may be in `-wal` beside it. */
  readonly isWal: boolean
}

/**
 * Looks for a file without opening it.
 * @returns its path, absolute and links followed: every name of a file leads to the same lock
 * @throws STORE_UNREACHABLE, STORE_READ_ONLY, STORE_MISMATCH
 */
export function locateFile(file: string, description: string, isForWriting: boolean): string {
  const fail = failing(description)
  const folder = dirname(resolve(file))
  if (!existsSync(folder)) throw fail('STORE_UNREACHABLE', `expected the directory ${folder} to be there`)
  const isThere = existsSync(file)
  if (!isThere && !isForWriting) throw fail('STORE_UNREACHABLE', 'expected the file to be there')
  const path = isThere ? realpathSync(file) : join(realpathSync(folder), basename(file))
  if (isThere && !statSync(path).isFile())
    throw fail('STORE_MISMATCH', 'expected a file, it is something else')
  if (isForWriting) {
    for (const needed of [dirname(path), path, `${path}-writer`]) checkWritable(needed, fail)
  }
  if (isThere && !isAllowed(path, constants.R_OK))
    throw fail('STORE_UNREACHABLE', `expected permission to read ${path}`)
  return path
}

/**
 * Looks into a file without SQLite, which would create it, roll it back or make files beside it.
 * Closing a file takes the locks of a whole process on it away, those of SQLite among them (POSIX): nobody in this
 * process may have it open.
 * @throws STORE_UNREACHABLE, STORE_MISMATCH; STORE_CORRUPT for the remains of a log without the log
 */
export function examineFile(path: string, description: string): FileState {
  const fail = failing(description)
  const isThere = existsSync(path)
  const bytes = isThere ? firstBytes(path, fail) : Buffer.alloc(0)
  if (bytes.length === 0) {
    checkNothingLeft(path, fail)
    return { isEmpty: true, isBlank: isThere, isWal: false }
  }
  if (wasEmpty(`${path}-journal`, fail)) return { isEmpty: true, isBlank: false, isWal: false }
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw fail('STORE_MISMATCH', 'expected an SQLite database, it is a file of another kind')
  }
  checkIdentity(bytes.readUInt32BE(APPLICATION_ID_AT), bytes.readUInt32BE(USER_VERSION_AT), description)
  return { isEmpty: false, isBlank: false, isWal: bytes[FORMAT_AT] === FORMAT_WAL }
}

/** @throws STORE_MISMATCH for a database of another application, or of a later release */
export function checkIdentity(applicationId: number, version: number, description: string): void {
  if (applicationId !== APPLICATION_ID) {
    const hex = (id: number) => `0x${id.toString(16)}`
    const message = `expected a database of paretobandit (application_id ${hex(APPLICATION_ID)}), got ${hex(applicationId)}`
    throw new ParetoBanditError('STORE_MISMATCH', description, message)
  }
  if (version > SCHEMA_VERSION || version < 1) {
    const message = `expected schema version 1 to ${SCHEMA_VERSION}, got ${version}${version > SCHEMA_VERSION ? ': a later release wrote it' : ''}`
    throw new ParetoBanditError('STORE_MISMATCH', description, message)
  }
}

/** SQLite would throw away what belongs to a file without bytes. @throws STORE_CORRUPT */
function checkNothingLeft(path: string, fail: Fail): void {
  const hasWal = existsSync(`${path}-wal`) && firstBytes(`${path}-wal`, fail).length > 0
  const side = hasWal ? '-wal' : (pagesBefore(`${path}-journal`, fail) ?? 0) > 0 ? '-journal' : null
  if (side === null) return
  const message = `expected a log, there are no bytes in it, and ${path}${side} has some of one: bring the log back, or move that away`
  throw fail('STORE_CORRUPT', message)
}

/** Whether a log has bytes that opening it will take back, as it was cut off when it was begun. False: what is wrong with it, opening it will say. */
export function wasCutOff(path: string): boolean {
  try {
    return wasEmpty(`${path}-journal`, failing(path))
  } catch {
    return false
  }
}

/** Whether a file's creation was cut off, and SQLite will roll it back to an empty one. */
function wasEmpty(journal: string, fail: Fail): boolean {
  return pagesBefore(journal, fail) === 0
}

/** Pages that a file had before what its journal takes back; null: there is nothing to take back. */
function pagesBefore(journal: string, fail: Fail): number | null {
  if (!existsSync(journal)) return null
  const bytes = firstBytes(journal, fail)
  if (bytes.length < JOURNAL_PAGES_AT + 4 || bytes.toString('hex', 0, 8) !== JOURNAL_MAGIC) return null
  return bytes.readUInt32BE(JOURNAL_PAGES_AT)
}

/**
 * Makes the file if it is missing, for its owner alone: prompts' contexts, tenants and prices are nobody else's. SQLite
 * gives the files that it makes beside it the same permissions.
 * @throws STORE_READ_ONLY for a disk that is; what else goes wrong, opening it will say
 */
export function makePrivate(path: string, description: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600))
  } catch (cause) {
    if (isReadOnlyDisk(cause)) throw failing(description)('STORE_READ_ONLY', writable(path), cause)
  }
}

function isReadOnlyDisk(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'EROFS'
}

function writable(path: string): string {
  return `expected ${path} to be writable`
}

type Fail = (code: ErrorCode, message: string, cause?: unknown) => ParetoBanditError

function failing(description: string): Fail {
  return (code, message, cause) => new ParetoBanditError(code, description, message, { cause })
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** A file that does not exist yet is not one that cannot be written. */
function checkWritable(path: string, fail: Fail): void {
  if (!existsSync(path)) return
  try {
    accessSync(path, constants.W_OK)
  } catch (cause) {
    if (statSync(path).isDirectory() && !isReadOnlyDisk(cause)) {
      throw fail('STORE_UNREACHABLE', `expected permission to write in ${path}`, cause)
    }
    throw fail('STORE_READ_ONLY', writable(path), cause)
  }
}

function firstBytes(path: string, fail: Fail): Buffer {
  try {
    const handle = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(HEADER_BYTES)
      return bytes.subarray(0, readSync(handle, bytes, 0, HEADER_BYTES, 0))
    } finally {
      closeSync(handle)
    }
  } catch (cause) {
    throw fail('STORE_UNREACHABLE', `expected permission to read ${path}`, cause)
  }
}
