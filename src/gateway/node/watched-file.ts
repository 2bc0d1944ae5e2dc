import { readFile } from 'node:fs/promises'
import { type After, everyQuietly } from '../../base/after.js'

/** How often it is looked at, ms: a folder of Kubernetes changes at most once a minute, and an editor takes less to write. */
const LOOK_MS = 1000

/**
 * Looks at a file by its content, so that it does not matter how it is written, copied over or swapped behind a link. What it has is told
 * once two looks in a row have seen it: nobody reads a file that is half written. A file that is gone or cannot be read says nothing.
 * @param known what was last read of it, by whomever
 * @param onChange called for another content; the next look is when it has ended. Where it has not read the file, it is called again
 * @param every calls again and again; what it calls gives a promise of the end of its look
 * @returns ends it
 */
export function watchFile(
  file: string,
  known: () => Uint8Array,
  onChange: () => Promise<void>,
  every: After = everyQuietly,
): () => void {
  let latest = known()
  let isLooking = false
  const look = async (): Promise<void> => {
    const bytes = await readFile(file)
    const stands = Buffer.compare(bytes, latest) === 0
    latest = bytes
    if (stands && Buffer.compare(bytes, known()) !== 0) await onChange()
  }
  return every(LOOK_MS, async () => {
    if (isLooking) return
    isLooking = true
    try {
      await look()
    } catch {
      // It is gone, or cannot be read at the moment.
    }
    isLooking = false
  })
}
