import { textOfFile } from './utf8.js'

/** By name, so that what bundles the core for a runtime without files does not look for them. */
const FILES = 'node:fs'

/**
 * A file as text, of at most `bytesMax` bytes. Loaded where there are files. A pipe or a device may never end: it is no file.
 * @throws what the system throws; RangeError: it is too long, no file, or not UTF-8
 */
export async function readFileText(path: string, bytesMax: number): Promise<string> {
  const { constants, promises }: typeof import('node:fs') = await import(
    /* @vite-ignore */ /* webpackIgnore: true */ FILES
  )
  // A pipe that nobody writes to would wait for ever to be opened. Windows has none in the way of files, nor the flag.
  const file = await promises.open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const there = await file.stat()
    if (!there.isFile())
      throw new RangeError(
        `expected a file, it is ${there.isDirectory() ? 'a folder' : 'a pipe or a device'}`,
      )
    if (there.size > bytesMax)
      throw new RangeError(`expected at most ${bytesMax} bytes, it has ${there.size}`)
    // What it has now: a file that grows is not followed, and those of /proc say that they have nothing.
    const pieces: Uint8Array[] = []
    let bytes = 0
    for await (const piece of file.createReadStream({ autoClose: false })) {
      pieces.push(piece)
      bytes += piece.length
      if (bytes > bytesMax) throw new RangeError(`expected at most ${bytesMax} bytes, it has more`)
    }
    return textOfFile(Buffer.concat(pieces), (message) => new RangeError(message))
  } finally {
    await file.close()
  }
}
