import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf } from '../base/errors.js'
import { JsonLines, type Line } from '../base/json-lines.js'
import { otherKindOf, Utf8Reader } from '../base/utf8.js'
import { CommandError } from './command-error.js'
import { dataName, fileError, unreadable } from './files.js'

/** How many bytes tell what a file is. */
const START_BYTES = 4096
const GZIP = [0x1f, 0x8b]

/** The bytes of a file as they come, and the first of them: enough to tell what the file is. */
export interface Chunks {
  readonly name: string
  readonly start: Buffer
  readonly all: AsyncIterable<Buffer>
}

/**
 * Opens a file, or standard input where the path is `-`; what is compressed by gzip is unpacked on the way.
 * @throws FILE_UNREADABLE for what is no text in UTF-8, here or while it is read
 */
export async function openChunks(path: string): Promise<Chunks> {
  const opened = await openUnpacked(path)
  return { ...opened, all: checked(opened) }
}

/**
 * Lines of JSON, of a file of any size or of standard input where the path is `-`; what is compressed by gzip is
 * unpacked on the way.
 * @throws FILE_UNREADABLE for what is no text in UTF-8, DATA_INVALID for text of another kind
 */
export async function* dataLines(path: string): AsyncGenerator<Line> {
  const { name, all } = await openUnpacked(path)
  const reader = new Utf8Reader(unreadable(name))
  const lines = new JsonLines(name)
  for await (const chunk of all) yield* lines.read(reader.read(chunk))
  reader.end()
  yield* lines.end()
}

/** @throws FILE_UNREADABLE for what is no text in UTF-8 by its first bytes */
async function openUnpacked(path: string): Promise<Chunks> {
  const name = dataName(path)
  const raw = await withStart(name, path === '-' ? process.stdin : createReadStream(path))
  const isPacked = GZIP.every((byte, i) => raw.start[i] === byte)
  const opened = isPacked ? await withStart(name, unpacked(raw.all, name)) : raw
  const other = otherKindOf(opened.start)
  if (other !== null) throw unreadable(name)(other)
  return opened
}

/** What is not UTF-8 ends it. */
async function* checked({ name, all }: Chunks): AsyncGenerator<Buffer> {
  const reader = new Utf8Reader(unreadable(name))
  for await (const chunk of all) {
    reader.read(chunk)
    yield chunk
  }
  reader.end()
}

async function withStart(name: string, source: AsyncIterable<unknown>): Promise<Chunks> {
  const iterator = source[Symbol.asyncIterator]()
  const first: Buffer[] = []
  let length = 0
  while (length < START_BYTES) {
    const next = await iterator.next().catch((error: unknown) => {
      throw readingError(error, name)
    })
    if (next.done === true) break
    const bytes = bytesOf(next.value)
    first.push(bytes)
    length += bytes.length
  }
  const start = Buffer.concat(first)
  async function* all(): AsyncGenerator<Buffer> {
    if (start.length > 0) yield start
    try {
      for (;;) {
        const next = await iterator.next()
        if (next.done === true) return
        yield bytesOf(next.value)
      }
    } catch (error) {
      throw readingError(error, name)
    } finally {
      await iterator.return?.()
    }
  }
  return { name, start, all: all() }
}

async function* unpacked(packed: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip()
  const source = Readable.from(packed)
  source.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    const why = messageOf(cause)
    throw new CommandError('FILE_UNREADABLE', `${name}: it is compressed by gzip and broken: ${why}`, {
      cause,
    })
  } finally {
    source.destroy()
  }
}

function readingError(error: unknown, name: string): unknown {
  return error instanceof CommandError ? error : fileError(error, name, 'read')
}

function bytesOf(chunk: unknown): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array)
}
