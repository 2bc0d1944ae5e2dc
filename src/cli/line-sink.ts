import { createWriteStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { printable } from '../base/visible.js'
import { checkWritable, fileError } from './files.js'
import { AtomicFile } from './state/atomic-write.js'

/** Characters that are gathered before they are written. */
const PIECE = 2 ** 16

/**
 * Who may read a file that a command writes. `owner`: it may hold prompts, prices or what routers have learned (0600, also where another
 * was readable by all). `all`: figures, pages and configs of the gateway, which are made to be read, have the permissions that files of its user have.
 */
export type Readers = 'owner' | 'all'

/** Where lines go. A file takes its name when all are written; until then the old one stands. */
export class LineSink {
  readonly write: (piece: string | Uint8Array) => Promise<void>
  private readonly end: () => Promise<void>
  readonly discard: () => Promise<void>
  private text = ''

  private constructor(
    write: (piece: string | Uint8Array) => Promise<void>,
    end: () => Promise<void>,
    discard: () => Promise<void>,
  ) {
    this.write = write
    this.end = end
    this.discard = discard
  }

  /** @param path `-`: standard output; a pipe or a device is written to as it is. @throws FILE_UNWRITABLE */
  static async open(path: string, readers: Readers = 'owner'): Promise<LineSink> {
    if (path === '-') {
      const write = (piece: string | Uint8Array) =>
        writeTo(process.stdout, typeof piece === 'string' ? printable(piece) : piece, path)
      return new LineSink(write, nothing, nothing)
    }
    await checkWritable(path)
    const there = await stat(path).catch(() => null)
    if (there !== null && !there.isFile()) {
      const stream = createWriteStream(path)
      // Each failure comes back from the write that met it.
      stream.on('error', () => {})
      const end = () =>
        finished(stream.end()).catch((error: unknown) => {
          throw fileError(error, path, 'write')
        })
      return new LineSink(
        (piece) => writeTo(stream, piece, path),
        end,
        async () => void stream.destroy(),
      )
    }
    // A link stays one.
    const mode = readers === 'owner' ? 0o600 : (there?.mode ?? 0o666) & 0o777
    const file = await AtomicFile.open(await realpath(path).catch(() => path), mode)
    return new LineSink(
      (piece) => file.write(piece),
      () => file.commit(),
      () => file.discard(),
    )
  }

  /** @throws FILE_UNWRITABLE */
  async add(row: object): Promise<void> {
    await this.addLine(JSON.stringify(row))
  }

  /** @throws FILE_UNWRITABLE */
  async addLine(line: string): Promise<void> {
    this.text += `${line}\n`
    if (this.text.length < PIECE) return
    const { text } = this
    this.text = ''
    await this.write(text)
  }

  /** @throws FILE_UNWRITABLE */
  async commit(): Promise<void> {
    if (this.text !== '') await this.write(this.text)
    await this.end()
  }
}

/**
 * Writes a file as a whole: readers and crashes find the old one or the new one, never a part.
 * @throws FILE_UNWRITABLE; a file that was there is as it was then
 */
export async function writeOutput(
  path: string,
  content: string | Uint8Array,
  readers: Readers = 'owner',
): Promise<void> {
  // A file may be called `-`.
  const sink = await LineSink.open(resolve(path), readers)
  try {
    await sink.write(content)
    await sink.commit()
  } catch (error) {
    await sink.discard()
    throw error
  }
}

async function nothing(): Promise<void> {}

function writeTo(stream: Writable, piece: string | Uint8Array, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(piece, (error) => (error == null ? resolve() : reject(fileError(error, path, 'write'))))
  })
}
