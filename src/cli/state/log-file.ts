import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { examineFile, locateFile } from '../../store/sqlite/file-state.js'
import { describeFile } from '../../store/sqlite/sqlite-store.js'
import { CommandError } from '../command-error.js'
import { isStateFile } from './state-file.js'

/** @param place a file, or `redis://`, `rediss://`, `unix://` */
export function isRedis(place: string): boolean {
  return /^(rediss?|unix):\/\//.test(place)
}

/** `--stream` beside a file. */
export function streamOfFile(file: string): CommandError {
  return new CommandError('BAD_ARGUMENT', `--stream: goes with redis://HOST:PORT, got ${file}`)
}

/**
 * What lies at a path: nothing yet, a log, or an older state file.
 * @throws STORE_UNREACHABLE, STORE_READ_ONLY, STORE_MISMATCH naming the path: neither of these, or out of reach
 */
export function kindOf(path: string, forWriting = true): 'nothing' | 'log' | 'state-file' {
  const description = describeFile(path)
  if (!forWriting && !existsSync(path)) return 'nothing'
  const file = locateFile(path, description, forWriting)
  if (!existsSync(file)) return 'nothing'
  if (isStateFile(firstBytes(file))) return 'state-file'
  return examineFile(file, description).isEmpty ? 'nothing' : 'log'
}

function firstBytes(file: string): Uint8Array {
  const bytes = new Uint8Array(4)
  const handle = openSync(file, 'r')
  try {
    return bytes.subarray(0, readSync(handle, bytes, 0, 4, 0))
  } finally {
    closeSync(handle)
  }
}
