import { access, constants, open, readlink, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { CommandError } from './command-error.js'
import { fileError } from './files.js'
import { plural } from './format.js'

/** What lies beside a log of SQLite and belongs to it. */
const SIDES = ['', '-wal', '-shm', '-journal', '-writer']
/** Links that lead on: more of them go round in a circle. */
const LINKS_MAX = 40
const MAGIC = 'SQLite format 3\0'

/** The files of a log, which a command must not write to. */
export function filesOfLog(path: string | undefined): readonly (string | undefined)[] {
  return path === undefined || /^rediss?:/.test(path) ? [] : SIDES.map((side) => path + side)
}

/**
 * What a command writes must be writable, and neither what it reads nor another thing that it writes, under whatever
 * name, nor a database: checked before anything is read, written or changed. Undefined stands for a flag that was not
 * given.
 * @param logs that the command adds to, or that it may have to make
 * @throws FILE_UNWRITABLE
 */
export async function checkOutputs(
  outputs: readonly (string | undefined)[],
  inputs: readonly (string | undefined)[],
  logs: readonly (string | undefined)[] = [],
): Promise<void> {
  const read = await identities(inputs)
  for (const path of outputs) await refuseFolder(path)
  const files = await identities(outputs)
  const written = [...files, ...(await identities(logs))]
  for (const [i, out] of written.entries()) {
    const source = read.find((other) => areSame(out, other))
    if (source !== undefined) throw notApart(out, source, 'read')
    // What lies beside a log comes and goes under other processes: looked at one after the other, two may have had one number.
    const before = files.slice(0, i).find((other) => areSame(out, other))
    if (before !== undefined) throw notApart(out, before, 'written as well')
    if (i < files.length) await checkWritable(out)
  }
  for (const { path, real } of files) {
    if (await isDatabase(real))
      throw new CommandError(
        'FILE_UNWRITABLE',
        `${path}: expected a file to write to, it is a database in SQLite`,
      )
  }
}

/** A file, which need not be there yet. */
interface Identity {
  readonly path: string
  /** With all links followed. */
  readonly real: string
  /** Device and number of a file that is there; null: none is. */
  readonly inode: string | null
}

async function identities(paths: readonly (string | undefined)[]): Promise<Identity[]> {
  const found: Identity[] = []
  for (const path of paths) {
    if (path === undefined || path === '-') continue
    const real = await realOf(path)
    const there = await stat(real, { bigint: true }).catch(() => null)
    // Terminals and pipes are read and written at once.
    if (there !== null && !there.isFile()) continue
    found.push({ path, real, inode: there === null ? null : `${there.dev} ${there.ino}` })
  }
  return found
}

/** Only files can be told apart by what lies there; a folder is found out before the command has done anything. */
async function refuseFolder(path: string | undefined): Promise<void> {
  if (path === undefined || path === '-') return
  const there = await stat(path).catch(() => null)
  if (there?.isDirectory() === true)
    throw new CommandError('FILE_UNWRITABLE', `${path}: cannot write it: it is a folder`)
}

/** A file that is not there needs a folder to be made in. */
async function checkWritable({ path, real, inode }: Identity): Promise<void> {
  const inFolder = constants.W_OK | constants.X_OK
  try {
    if (inode === null) {
      await access(dirname(real), inFolder)
      return
    }
    await access(real, constants.W_OK)
  } catch (error) {
    throw fileError(error, path, 'write')
  }
}

/** Nobody has it open here: closing it would take the locks of this process away. */
async function isDatabase(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => null)
  if (file === null) return false
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0)
    return bytesRead === MAGIC.length && buffer.toString('latin1') === MAGIC
  } finally {
    await file.close()
  }
}

/** How many bytes a file has that a command is about to replace; 0 where none is there, or it is no file. */
export async function sizeBefore(path: string): Promise<number> {
  const there = await stat(path).catch(() => null)
  return there?.isFile() === true ? there.size : 0
}

/** @param bytes those that were there */
export function replacedText(bytes: number): string {
  return `the ${plural(bytes, 'byte')} that were in it are replaced`
}

async function realOf(path: string): Promise<string> {
  let at = resolve(path)
  for (let left = LINKS_MAX; left > 0; left--) {
    const folder = await realpath(dirname(at)).catch(() => dirname(at))
    at = join(folder, basename(at))
    // Also of a link to what is not there yet.
    const next = await readlink(at).catch(() => null)
    if (next === null) break
    at = resolve(folder, next)
  }
  return at
}

function areSame(a: Identity, b: Identity): boolean {
  return a.real === b.real || (a.inode !== null && a.inode === b.inode)
}

function notApart(out: Identity, other: Identity, how: string): CommandError {
  return new CommandError(
    'FILE_UNWRITABLE',
    `${out.path}: expected another file than ${other.path}, which is ${how}`,
  )
}
