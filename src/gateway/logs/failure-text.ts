import { ParetoBanditError } from '../../index.js'

/** A failure for the log: an unforeseen one with the place it came from. A full disk, a store that is away have a code. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isForeseen = error instanceof ParetoBanditError || 'code' in error
  return isForeseen ? error.message : (error.stack ?? error.message)
}
