import { open } from 'node:fs/promises'

/** A file as text, of at most so many bytes. Loaded where there are files. @throws what the system throws; RangeError: it is too long */
export async function readFileText(path: string, bytesMax: number): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size > bytesMax) throw new RangeError(`expected at most ${bytesMax} bytes, it has ${size}`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
