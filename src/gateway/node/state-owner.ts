import { type FileHandle, lstat, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Gives a file of a superuser's beside a state to whoever has that, as SQLite does with its own: what a superuser makes with the
 * command line is for the server to read, which is another user.
 * @param path where it stands
 * @param state the file whose owner it gets; where it is missing, that of the folder
 */
export async function giveToOwner(file: FileHandle, path: string, state: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(state).catch(() => stat(dirname(path)))
  if (uid === 0) return
  const [made, there] = [await file.stat(), await lstat(path)]
  // Whoever has the folder may have put a link there, to have a file elsewhere.
  if (
    made.uid === 0 &&
    there.isFile() &&
    there.ino === made.ino &&
    there.dev === made.dev &&
    made.nlink === 1
  )
    // In a container it may be a superuser who may not: then the file stays as it is.
    await file.chown(uid, gid).catch(() => {})
}
