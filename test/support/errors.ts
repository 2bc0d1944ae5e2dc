import { expect } from 'vitest'
import { type ErrorCode, ParetoBanditError } from '../../src/base/errors.js'

/** Expects `call` to throw a ParetoBanditError of this code (and field, whole or by a pattern); gives it back. */
export function expectCode(call: () => unknown, code: ErrorCode, field?: string | RegExp): ParetoBanditError {
  try {
    call()
  } catch (error) {
    return checkError(error, code, field)
  }
  throw new Error(`expected ${code}, but nothing was thrown`)
}

/** `expectCode` for a promise. */
export async function expectRejection(
  promise: Promise<unknown>,
  code: ErrorCode,
  field?: string | RegExp,
): Promise<ParetoBanditError> {
  const outcome = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (outcome === null) throw new Error(`expected ${code}, but it resolved`)
  return checkError(outcome, code, field)
}

function checkError(error: unknown, code: ErrorCode, field?: string | RegExp): ParetoBanditError {
  if (!(error instanceof ParetoBanditError)) throw error
  expect(`${error.code} ${error.message}`).toMatch(new RegExp(`^${code} `))
  if (typeof field === 'string') expect(error.field).toBe(field)
  else if (field !== undefined) expect(error.field).toMatch(field)
  return error
}

/** For handing a public function what its types forbid. */
export function wrong<T>(value: unknown): T {
  return value as T
}

/** The code of what was thrown. */
export function codeOf(error: unknown): ErrorCode | null {
  return error instanceof ParetoBanditError ? error.code : null
}
