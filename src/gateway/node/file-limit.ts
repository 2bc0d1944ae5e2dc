import { readFile } from 'node:fs/promises'
import type { WriteLine } from '../logs/request-log.js'

/** One of a client and one to a provider. */
const SOCKETS_OF_REQUEST = 2
/** The log, what stands beside it, and what Node needs. */
const FILES_OF_PROCESS = 64

/**
 * A warning where a process may not open as many files and sockets as the requests need that it takes at a time: connections of clients end without an answer then.
 * Elsewhere than on Linux nothing is known of it.
 */
export async function fileLimitLine(
  write: WriteLine,
  streamsMax: number,
  read: () => Promise<string> = () => readFile('/proc/self/limits', 'utf8'),
): Promise<void> {
  const limits = await read().catch(() => '')
  const files = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.NaN)
  const needed = SOCKETS_OF_REQUEST * streamsMax + FILES_OF_PROCESS
  if (!(files < needed)) return
  write(
    'warn',
    { files, streamsMax, needed },
    'this process may open fewer files and sockets than limits.streamsMax requests need: raise its limit (ulimit -n, LimitNOFILE), or lower limits.streamsMax',
  )
}
