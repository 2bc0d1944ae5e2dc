import { chmod, link, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ParetoBanditError } from '../../base/errors.js'
import { CommandError } from '../command-error.js'
import { fileError, isErrno } from '../files.js'
import { printError } from '../print.js'
import { syncFolder } from './atomic-write.js'
import { withLock } from './lock.js'
import { kindOf } from './log-file.js'
import { beginLog } from './new-log.js'
import { decodeState } from './state-file.js'

const WAIT_MS_MAX = 10_000

/**
 * Makes a log of an older state file, and keeps that as `FILE.v1`; leaves everything else alone. The lock is the
 * one that commands of those releases take, too. A crash leaves the old file or the new one.
 * @throws FILE_UNREADABLE, FILE_UNWRITABLE, STATE_LOCKED; the file is as it was then
 */
export async function migrate(path: string): Promise<void> {
  if (kindOf(path) !== 'state-file') return
  // Behind a link lies the file to lock and to replace.
  const file = await realpath(path)
  await withLock(file, WAIT_MS_MAX, async () => {
    if (kindOf(path) !== 'state-file') return
    const temporary = `${file}.migrating`
    try {
      await removeLog(temporary)
      await convert(file, path, temporary)
      await keepOld(file)
      await rename(temporary, file)
    } catch (error) {
      if (error instanceof CommandError || error instanceof ParetoBanditError) throw error
      throw fileError(error, path, 'write')
    } finally {
      await removeLog(temporary)
    }
    await syncFolder(dirname(file))
    printError(
      `paretobandit: ${path}: is a log in SQLite from now on; the state file is kept as ${path}.v1\n`,
    )
  })
}

async function convert(file: string, path: string, temporary: string): Promise<void> {
  const { settings, snapshot } = decodeState(new Uint8Array(await readFile(file)), path)
  try {
    await beginLog(temporary, snapshot, {}, settings)
  } catch (cause) {
    if (!(cause instanceof ParetoBanditError) || !cause.code.startsWith('SNAPSHOT_')) throw cause
    throw new CommandError('FILE_UNREADABLE', `${path}: ${cause.message}`, { cause })
  }
  await chmod(temporary, (await stat(file)).mode & 0o7777)
}

/** A name more for the old file: never a moment without it under the old one. */
async function keepOld(file: string): Promise<void> {
  try {
    await link(file, `${file}.v1`)
  } catch (error) {
    if (!isErrno(error) || error.code !== 'EEXIST') throw error
    const [old, kept] = await Promise.all([stat(file), stat(`${file}.v1`)])
    // A migration that was cut off had come so far.
    if (old.ino === kept.ino) return
    throw new CommandError(
      'FILE_UNWRITABLE',
      `${file}.v1: expected no such file, the old state is to be kept there`,
    )
  }
}

async function removeLog(file: string): Promise<void> {
  for (const side of ['', '-wal', '-shm', '-journal', '-writer']) await rm(`${file}${side}`, { force: true })
}
