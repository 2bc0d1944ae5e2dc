import { type ErrorCode, ParetoBanditError } from '../../base/errors.js'

/** First letters of SQLite's result codes, and what they come to. */
const CODES: readonly (readonly [prefix: string, code: ErrorCode, expectation: string])[] = [
  ['SQLITE_FULL', 'STORE_FULL', 'expected room for more on the disk'],
  ['SQLITE_BUSY', 'STORE_LOCKED', 'expected that no other program writes to it'],
  ['SQLITE_LOCKED', 'STORE_LOCKED', 'expected that no other program writes to it'],
  ['SQLITE_READONLY', 'STORE_READ_ONLY', 'expected a file and a disk that can be written'],
  ['SQLITE_CORRUPT', 'STORE_CORRUPT', 'expected an undamaged database'],
  ['SQLITE_NOTADB', 'STORE_MISMATCH', 'expected an SQLite database'],
  ['SQLITE_CANTOPEN', 'STORE_UNREACHABLE', 'expected a file that can be opened'],
  ['SQLITE_PERM', 'STORE_UNREACHABLE', 'expected permission'],
  ['SQLITE_IOERR', 'STORE_UNREACHABLE', 'expected a disk that can be read and written'],
  ['SQLITE_NOMEM', 'OUT_OF_MEMORY', 'expected memory for it'],
]

/** What SQLite threw as one of this package's errors that names the store; others as they are. */
export function storeError(description: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (cause instanceof ParetoBanditError || typeof code !== 'string' || !code.startsWith('SQLITE_'))
    return cause
  const found = CODES.find(([prefix]) => code.startsWith(prefix))
  const [, storeCode, expectation] = found ?? ['', 'STORE_CORRUPT' as const, 'expected a database that works']
  const message = cause instanceof Error ? cause.message : ''
  return new ParetoBanditError(storeCode, description, `${expectation}, got ${code}: ${message}`, { cause })
}

/** An error as it goes between threads, where classes are lost. */
export interface Failure {
  readonly code: ErrorCode
  readonly field: string
  readonly message: string
}

export function failureOf(description: string, thrown: unknown): Failure {
  const error = storeError(description, thrown)
  if (error instanceof ParetoBanditError) {
    const { code, field, message } = error
    return { code, field, message: field === '' ? message : message.slice(field.length + 2) }
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: 'STORE_UNREACHABLE', field: description, message: `its worker failed: ${message}` }
}

export function errorOf({ code, field, message }: Failure): ParetoBanditError {
  return new ParetoBanditError(code, field, message)
}
