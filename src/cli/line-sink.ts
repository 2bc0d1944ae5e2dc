import { createWriteStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { checkWritable, fileError } from '../files.js'
import { printable } from '../print.js'
import { AtomicFile } from '../state/atomic-write.js'

/** Characters that are gathered before they are written. */
const PIECE = 2 ** 16

/** Where lines go. A file takes its name when all are written; until then the old one stands. */
export class LineSink {
  private readonly write: (text: string) => Promise<void>
  private readonly end: () => Promise<void>
  readonly discard: () => Promise<void>
  private text = ''

  private constructor(
    write: (text: string) => Promise<void>,
    end: () => Promise<void>,
    discard: () => Promise<void>,
  ) {
    this.write = write
    this.end = end
    this.discard = discard
  }

  /** @param path `-`: standard output; a pipe or a device is written to as it is. @throws FILE_UNWRITABLE */
  static async open(path: string): Promise<LineSink> {
    if (path === '-') {
      const write = (text: string) => writeTo(process.stdout, printable(text), path)
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
        (text) => writeTo(stream, text, path),
        end,
        async () => void stream.destroy(),
      )
    }
    // A link stays one.
    const file = await AtomicFile.open(await realpath(path).catch(() => path))
    return new LineSink(
      (text) => file.write(text),
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

async function nothing(): Promise<void> {}

function writeTo(stream: Writable, text: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error == null ? resolve() : reject(fileError(error, path, 'write'))))
  })
}
