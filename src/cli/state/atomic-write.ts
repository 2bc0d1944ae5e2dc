import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileError } from '../files.js'

/**
 * Replaces a file as a whole: readers and crashes find the old bytes or the new ones, never a part. The new bytes are
 * on the disk before they take the name. It is for its owner alone (0600), also where another was readable by all.
 * @throws FILE_UNWRITABLE; the file is as it was then
 */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const file = await AtomicFile.open(path)
  try {
    await file.write(bytes)
    await file.commit()
  } catch (error) {
    await file.discard()
    throw error
  }
}

/** A file that is written piece by piece, and takes its name when it is complete, as `writeAtomically` has it. */
export class AtomicFile {
  private readonly path: string
  private readonly temporary: string
  private readonly handle: FileHandle

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.path = path
    this.temporary = temporary
    this.handle = handle
  }

  /** @throws FILE_UNWRITABLE */
  static async open(path: string): Promise<AtomicFile> {
    const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
    try {
      // What a killed process left behind under this name may have had other permissions.
      await unlink(temporary).catch(() => {})
      return new AtomicFile(path, temporary, await open(temporary, 'wx', 0o600))
    } catch (error) {
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
    } catch (error) {
      throw fileError(error, this.path, 'write')
    }
    await syncFolder(dirname(this.path))
  }

  /** Leaves the file as it was. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => {})
    await unlink(this.temporary).catch(() => {})
  }
}

/** Makes the new name last through a power cut where the system lets a folder be synced; Windows does not. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
