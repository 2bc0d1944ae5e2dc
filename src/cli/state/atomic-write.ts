import { open, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileError } from '../files.js'

/**
 * Replaces a file as a whole: readers and crashes find the old bytes or the new ones, never a part. The new bytes are
 * on the disk before they take the name. A file that exists keeps its permissions; a new one is for its owner alone.
 * @throws FILE_UNWRITABLE; the file is as it was then
 */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
  try {
    const mode = (await stat(path).catch(() => null))?.mode
    const handle = await open(temporary, 'w', 0o600)
    try {
      if (mode !== undefined) await handle.chmod(mode & 0o7777)
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw fileError(error, path, 'write')
  }
  await syncFolder(dirname(path))
}

/** Makes the new name last through a power cut where the system lets a folder be synced; Windows does not. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
