import { constants } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { textOfFile } from '../base/utf8.js'
import { CommandError } from './command-error.js'
import { jsonMistake } from './json-mistake.js'

/** What is read as a whole becomes a string. */
const BYTES_MAX = constants.MAX_STRING_LENGTH

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

/** How errors call what `-` stands for. */
export const STANDARD_INPUT = 'standard input'

/** Makes the error of what is wrong with a file. */
export function unreadable(name: string): (message: string) => CommandError {
  return (message) => new CommandError('FILE_UNREADABLE', `${name}: ${message}`)
}

/** @returns without a byte order mark. @throws FILE_UNREADABLE for what is no text in UTF-8 */
function textOf(bytes: Buffer, name: string): string {
  return textOfFile(bytes, unreadable(name)).replace(/^\ufeff/, '')
}

/** @throws FILE_UNREADABLE naming the file */
export async function readTextFile(path: string): Promise<string> {
  return textOf(await allBytes(createReadStream(path), path), path)
}

/** All of standard input. @throws FILE_UNREADABLE for what is no text in UTF-8 */
export async function readStandardInput(): Promise<string> {
  return textOf(await allBytes(process.stdin, STANDARD_INPUT), STANDARD_INPUT)
}

/** How errors call a file of data, or standard input where the path is `-`. */
export function dataName(path: string): string {
  return path === '-' ? STANDARD_INPUT : path
}

/** @throws FILE_UNREADABLE, also for more than a string can hold: a device has no end */
async function allBytes(source: AsyncIterable<unknown>, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of source) {
      chunks.push(chunk as Uint8Array)
      length += (chunk as Uint8Array).length
      if (length > BYTES_MAX) break
    }
  } catch (error) {
    throw fileError(error, name, 'read')
  }
  if (length > BYTES_MAX) throw unreadable(name)(`expected at most ${BYTES_MAX} bytes, it has more`)
  return Buffer.concat(chunks)
}

/** @throws FILE_UNREADABLE naming the file, also when it is not JSON */
export async function readJsonFile(path: string): Promise<unknown> {
  return parseJson(await readTextFile(path), path)
}

/** @param path names where the text is from. @throws FILE_UNREADABLE */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CommandError('FILE_UNREADABLE', `${path}: ${jsonMistake(text)}`)
  }
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
