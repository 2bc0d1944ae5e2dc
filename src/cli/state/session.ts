import { readFile, realpath } from 'node:fs/promises'
import { createRouter } from '../../create-router.js'
import { ParetoBanditError } from '../../errors.js'
import type { RouterOptions } from '../../options.js'
import type { Router } from '../../router.js'
import { CommandError } from '../command-error.js'
import { fileError, isErrno } from '../files.js'
import { writeAtomically } from './atomic-write.js'
import { withLock } from './lock.js'
import { decodeState, encodeState, type Settings, type StoredState } from './state-file.js'

/** Each command holds the lock for some hundredths of a second: this is a long queue, or an owner that hangs. */
const WAIT_MS_MAX = 10_000

/** A router of the command line with the options that its state file keeps. */
export interface Session {
  readonly router: Router
  readonly settings: Settings
}

/**
 * One command on a state file: lock, read, work, write, unlock. The file changes only if everything went well.
 * @param open makes the session from what the file held, or from null when there is none yet
 */
export async function changeState<T>(
  path: string,
  open: (stored: StoredState | null) => Promise<Session>,
  work: (session: Session) => T,
): Promise<T> {
  // Behind a link lies the file to lock and to replace.
  const file = await realpath(path).catch(() => path)
  return withLock(file, WAIT_MS_MAX, async () => {
    const session = await open(await readState(file))
    const result = work(session)
    await writeAtomically(
      file,
      encodeState({ settings: session.settings, snapshot: session.router.snapshot() }),
    )
    return result
  })
}

/** `changeState` for commands that need a state to be there. */
export async function teach<T>(path: string, work: (session: Session) => T): Promise<T> {
  if ((await readState(path)) === null) throw missing(path)
  const open = async (stored: StoredState | null): Promise<Session> => {
    if (stored === null) throw missing(path)
    return resume(path, stored)
  }
  return changeState(path, open, work)
}

/** Opens a state to look at it. Writers replace the file as a whole, so no lock is needed. */
export async function openState(path: string): Promise<Session> {
  const stored = await readState(path)
  if (stored === null) throw missing(path)
  return resume(path, stored)
}

/** The router of a state file. @param options beyond the stored settings */
export async function resume(
  path: string,
  stored: StoredState,
  options: RouterOptions = {},
): Promise<Session> {
  const { settings, snapshot } = stored
  const { policy, mode, alpha, seed, epsilon } = settings
  // The snapshot brings its own ceiling; naming one here sets the pacer's mode.
  const budget = mode === null ? null : { usdPerRequest: 1, mode }
  const router = await createRouter({ ...options, policy, budget, alpha, seed, epsilon })
  try {
    router.restore(snapshot)
  } catch (cause) {
    if (!(cause instanceof ParetoBanditError)) throw cause
    throw new CommandError('FILE_UNREADABLE', `${path}: ${cause.message}`, { cause })
  }
  return { router, settings }
}

async function readState(path: string): Promise<StoredState | null> {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(await readFile(path))
  } catch (error) {
    if (isErrno(error) && error.code === 'ENOENT') return null
    throw fileError(error, path, 'read')
  }
  return decodeState(bytes, path)
}

function missing(path: string): CommandError {
  return new CommandError(
    'FILE_UNREADABLE',
    `${path}: no such file; 'paretobandit route --state ${path}' makes it`,
  )
}
