import { ParetoBanditError } from '../../base/errors.js'
import { openFile } from './file-identity.js'

/**
 * Logs that this process has open as their writer, by all copies of the package: bundlers make one for each part of an
 * application, dev servers one for each edit. A lock does not tell whose it is.
 */
const HELD = Symbol.for('paretobandit.sqlite.held')

function held(): Set<string> {
  const all = globalThis as { [HELD]?: Set<string> }
  all[HELD] ??= new Set()
  return all[HELD]
}

/** @param path of a log that is open @returns what lets go of it */
export function holdHere(path: string): () => void {
  const name = nameOf(path)
  if (name === null) return () => {}
  held().add(name)
  return () => void held().delete(name)
}

/** Of a lock that is taken, whether by this process itself. Other errors as they are. */
export function toldWhoHolds(error: unknown, path: string): unknown {
  if (!(error instanceof ParetoBanditError) || error.code !== 'STORE_LOCKED' || !isHeldHere(path))
    return error
  const { code, field, message, cause } = error
  const told = `${message.slice(field.length + 2)}: this process itself, in a router that is not closed; a module that a dev server loads again, or a bundler twice, makes another, so keep the router's promise on globalThis`
  return new ParetoBanditError(code, field, told, { cause })
}

function isHeldHere(path: string): boolean {
  const name = nameOf(path)
  return name !== null && held().has(name)
}

/** One for all paths of a file; null where it is gone by now. */
function nameOf(path: string): string | null {
  try {
    const { device, inode } = openFile(path)
    return `${device}:${inode}`
  } catch {
    return null
  }
}
