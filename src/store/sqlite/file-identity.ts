import { type BigIntStats, statSync } from 'node:fs'
import { ParetoBanditError } from '../../base/errors.js'

/**
 * Whether a log is still where it was opened. Who removes, renames or replaces an open file takes its name away and
 * nothing else: SQLite writes on, into a file that nobody will find, and so it is with the `-wal` beside it.
 */
export class FileIdentity {
  private readonly description: string
  private readonly log: OpenFile
  private readonly wal: OpenFile

  /** @param path of a log that is open, in WAL mode */
  constructor(path: string, description: string) {
    this.description = description
    this.log = openFile(path)
    this.wal = openFile(`${path}-wal`)
  }

  /** Whether the log itself is not there; its `-wal` may be. */
  get isLogMoved(): boolean {
    return whyMoved(this.log) !== null
  }

  /** Some microseconds, beside a commit of a millisecond. @throws STORE_CORRUPT */
  check(): void {
    for (const file of [this.log, this.wal]) {
      const why = whyMoved(file)
      if (why === null) continue
      const message = `expected ${file.path} to be the file that was opened, it ${why} while the router ran: what is written now would be lost`
      throw new ParetoBanditError('STORE_CORRUPT', this.description, message)
    }
  }
}

export interface OpenFile {
  readonly path: string
  readonly device: bigint
  readonly inode: bigint
}

export function openFile(path: string): OpenFile {
  const { dev: device, ino: inode } = statSync(path, { bigint: true })
  return { path, device, inode }
}

/** Null: it is still there. */
export function whyMoved({ path, device, inode }: OpenFile): string | null {
  let found: BigIntStats | undefined
  try {
    found = statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    // Its folder is no folder any more, or may not be looked into: whoever starts next finds no log there.
  }
  if (found === undefined) return 'was removed or renamed'
  return found.ino === inode && found.dev === device ? null : 'was replaced by another'
}
