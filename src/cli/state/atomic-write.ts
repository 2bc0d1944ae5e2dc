import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileError } from '../files.js'
import { noteFinished, noteUnfinished } from './unfinished-files.js'

/**
 * A file that is written piece by piece, and takes its name when it is complete and on the disk: readers and crashes find the old bytes
 * or the new ones, never a part. What a signal breaks off leaves nothing behind.
 */
export class AtomicFile {
  private readonly path: string
  private readonly temporary: string
  private readonly handle: FileHandle

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.path = path
    this.temporary = temporary
    this.handle = handle
  }

  /** @param mode permissions of the new file. @throws FILE_UNWRITABLE */
  static async open(path: string, mode: number): Promise<AtomicFile> {
    const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
    try {
      // What a killed process left behind under this name may have had other permissions.
      await unlink(temporary).catch(() => {})
      noteUnfinished(temporary)
      return new AtomicFile(path, temporary, await open(temporary, 'wx', mode))
    } catch (error) {
      noteFinished(temporary)
      throw fileError(error, path, 'write')
    }
  }

  /** @throws FILE_UNWRITABLE */
  async write(piece: string | Uint8Array): Promise<void> {
    try {
      await this.handle.writeFile(piece)
    } catch (error) {
      throw fileError(error, this.path, 'write')
    }
  }

  /** Gives it the name. @throws FILE_UNWRITABLE */
  async commit(): Promise<void> {
    try {
      await this.handle.sync()
      await this.handle.close()
      await rename(this.temporary, this.path)
      noteFinished(this.temporary)
    } catch (error) {
      throw fileError(error, this.path, 'write')
    }
    await syncFolder(dirname(this.path))
  }

  /** Leaves the file as it was. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => {})
    await unlink(this.temporary).catch(() => {})
    noteFinished(this.temporary)
  }
}

/** Makes the new name last through a power cut where the system lets a folder be synced; Windows does not. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
