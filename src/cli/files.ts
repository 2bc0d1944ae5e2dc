import { readFile, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { show } from '../base/errors.js'
import { CommandError } from './command-error.js'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left',
}

export function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

/** Turns a failure of the file system into the user's words; anything else goes on as it is. */
export function fileError(error: unknown, path: string, verb: 'read' | 'write'): unknown {
  if (!isErrno(error) || error.code === undefined) return error
  const code = verb === 'read' ? 'FILE_UNREADABLE' : 'FILE_UNWRITABLE'
  const why = REASONS[error.code] ?? error.code
  return new CommandError(code, `${path}: cannot ${verb} it: ${why}`, { cause: error })
}

/** @throws FILE_UNREADABLE naming the file */
export async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw fileError(error, path, 'read')
  }
}

/** All of standard input. */
export async function readStandardInput(): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks).toString('utf8')
}

/** @throws FILE_UNREADABLE naming the file, also when it is not JSON */
export async function readJsonFile(path: string): Promise<unknown> {
  return parseJson(await readTextFile(path), path)
}

/** @param path names where the text is from. @throws FILE_UNREADABLE */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError('FILE_UNREADABLE', `${path}: expected JSON, got ${show(text.trim())} (${why})`, {
      cause,
    })
  }
}

/** @throws FILE_UNWRITABLE naming the file */
export async function writeTextFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (error) {
    throw fileError(error, path, 'write')
  }
}

/** What is read must not be written over, under whatever name. @throws FILE_UNWRITABLE */
export async function checkApart(out: string, source: string): Promise<void> {
  const [a, b] = await Promise.all([out, source].map((path) => stat(path).catch(() => null)))
  if (a !== null && b !== null && a.dev === b.dev && a.ino === b.ino)
    throw new CommandError('FILE_UNWRITABLE', `${out}: expected another file than ${source}, which is read`)
}

/** Finds out before a long run whether its result could be written. @throws FILE_UNWRITABLE */
export async function checkWritable(path: string): Promise<void> {
  const folder = dirname(path)
  try {
    if (!(await stat(folder)).isDirectory())
      throw new CommandError('FILE_UNWRITABLE', `${folder}: it is not a folder`)
  } catch (error) {
    throw fileError(error, path, 'write')
  }
  const existing = await stat(path).catch(() => null)
  if (existing?.isDirectory())
    throw new CommandError('FILE_UNWRITABLE', `${path}: cannot write it: it is a folder`)
}
