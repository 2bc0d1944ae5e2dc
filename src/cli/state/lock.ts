import { open, readFile, stat, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { CommandError } from '../command-error.js'
import { fileError, isErrno } from '../files.js'

/** A lock without an owner in it is one being written; older than this its writer died in between. */
const NAMELESS_MS_MAX = 5000
const POLL_MS = 10

/**
 * Runs `work` while holding `<path>.lock`, a file that only one process can create. Its owner's process id and host
 * stand inside, so that a lock left by a crash is recognised and taken over.
 * @param waitMsMax how long to wait for another process
 * @throws STATE_LOCKED when it takes longer; FILE_UNWRITABLE when no lock can be made there
 */
export async function withLock<T>(path: string, waitMsMax: number, work: () => Promise<T>): Promise<T> {
  const lockFile = `${path}.lock`
  const deadlineMs = performance.now() + waitMsMax
  while (!(await tryCreate(lockFile))) {
    await breakIfStale(lockFile)
    if (performance.now() >= deadlineMs) throw await locked(path, lockFile, waitMsMax)
    // Jitter, so that processes that wait do not poll in step.
    await new Promise((resolve) => setTimeout(resolve, POLL_MS * (0.5 + Math.random())))
  }
  try {
    return await work()
  } finally {
    await unlink(lockFile).catch(() => {})
  }
}

/** @returns false when the lock is taken */
async function tryCreate(lockFile: string): Promise<boolean> {
  let handle: Awaited<ReturnType<typeof open>>
  try {
    handle = await open(lockFile, 'wx')
  } catch (error) {
    if (isErrno(error) && error.code === 'EEXIST') return false
    throw fileError(error, lockFile, 'write')
  }
  try {
    await handle.writeFile(`${process.pid} ${hostname()}\n`)
  } finally {
    await handle.close()
  }
  return true
}

/**
 * Removes the lock of a process that is gone. Only one process may do so at a time, or a second one could remove the
 * fresh lock of whoever came in between: hence a lock of its own around looking again and removing.
 */
async function breakIfStale(lockFile: string): Promise<void> {
  if (!(await isStale(lockFile))) return
  const breakFile = `${lockFile}.break`
  if (!(await tryCreate(breakFile))) return
  try {
    if (await isStale(lockFile)) await unlink(lockFile).catch(() => {})
  } finally {
    await unlink(breakFile).catch(() => {})
  }
}

async function isStale(lockFile: string): Promise<boolean> {
  try {
    const [pid, host] = (await readFile(lockFile, 'utf8')).trim().split(' ')
    if (host === undefined) return Date.now() - (await stat(lockFile)).mtimeMs > NAMELESS_MS_MAX
    return host === hostname() && !isAlive(Number(pid))
  } catch (error) {
    if (isErrno(error) && error.code === 'ENOENT') return false
    throw fileError(error, lockFile, 'read')
  }
}

/** Signal 0 only asks; EPERM is the answer of a process of another user. */
function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isErrno(error) && error.code === 'EPERM'
  }
}

async function locked(path: string, lockFile: string, waitMs: number): Promise<CommandError> {
  const owner = (await readFile(lockFile, 'utf8').catch(() => '')).trim().split(' ')
  const who = owner.length === 2 ? `process ${owner[0]} on ${owner[1]}` : 'another process'
  const seconds = waitMs / 1000
  const message = `${path}: still in use by ${who} after ${seconds} s; if it is gone, delete ${lockFile}`
  return new CommandError('STATE_LOCKED', message)
}
