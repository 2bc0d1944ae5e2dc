import { CONTEXT_ENTRY_MAX, isVector } from '../base/check.js'
import { expected, messageOf, ParetoBanditError, show } from '../base/errors.js'
import { viewName } from '../base/view-name.js'

export function checkText(text: unknown): string {
  if (typeof text !== 'string') throw expected('INVALID_ARGUMENT', 'text', 'a string', text)
  return text
}

/** @throws INVALID_ARGUMENT for what takes no numbers; DIMENSION_MISMATCH if `dimension` numbers at `offset` do not fit */
export function checkRoom(out: Float64Array, offset: number, dimension: number): void {
  if (!(out instanceof Float64Array) && !takesNumbers(out))
    throw expected('INVALID_ARGUMENT', 'out', 'a Float64Array', out)
  if (!(Number.isInteger(offset) && offset >= 0 && offset + dimension <= out.length)) {
    throw expected(
      'DIMENSION_MISMATCH',
      'out',
      `room for ${dimension} numbers at ${show(offset)}`,
      out.length,
    )
  }
}

/** By its name: another realm has a `Float64Array` of its own. */
function takesNumbers(out: unknown): boolean {
  return ArrayBuffer.isView(out) && viewName(out).startsWith('Float')
}

/**
 * Copies what a user's function gave, checking it on the way. Nothing is written unless all of it is good.
 * @throws ENCODER_FAILED for what is no vector or has a bad entry, DIMENSION_MISMATCH for another length
 */
export function copyEncoded(
  value: unknown,
  length: number,
  bias: boolean,
  out: Float64Array,
  offset: number,
  name: string,
): void {
  const field = `encoder ${name}`
  if (!isVector(value)) throw expected('ENCODER_FAILED', field, 'a vector of numbers', value)
  if (value.length !== length) {
    throw expected('DIMENSION_MISMATCH', field, `a vector of ${length} numbers`, value.length)
  }
  for (let i = 0; i < length; i++) checkEntry(value[i], `${field}[${i}]`)
  for (let i = 0; i < length; i++) out[offset + i] = value[i]
  if (bias) out[offset + length] = 1
}

function checkEntry(entry: unknown, field: string): void {
  if (typeof entry === 'number' && entry >= -CONTEXT_ENTRY_MAX && entry <= CONTEXT_ENTRY_MAX) return
  throw expected('ENCODER_FAILED', field, `a finite number within +-${CONTEXT_ENTRY_MAX}`, entry)
}

/** What a user's code threw, as a typed error that keeps it as `cause`. */
export function encoderFailed(name: string, cause: unknown): ParetoBanditError {
  if (cause instanceof ParetoBanditError) return cause
  const reason = messageOf(cause)
  return new ParetoBanditError('ENCODER_FAILED', `encoder ${name}`, `failed: ${reason}`, { cause })
}
