import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { connectionErrorOf, LOOKUP } from '../../base/unreached.js'

/**
 * Whether a name could not be looked up for want of a file. The system says so of some names, and of others that nobody knows them: of the first
 * that a process looks up, for one.
 */
export function isWithoutFiles(
  error: Error & { readonly syscall?: unknown },
  open: () => void = openNothing,
): boolean {
  if (error.syscall !== LOOKUP) return false
  if (connectionErrorOf(error).isOutOfFiles) return true
  try {
    open()
    return false
  } catch (refused) {
    // What is not there, or not permitted, says nothing of a limit.
    return connectionErrorOf(refused).isOutOfFiles
  }
}

function openNothing(): void {
  closeSync(openSync(devNull, 'r'))
}
