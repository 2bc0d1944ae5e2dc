import { destination } from 'pino'
import { printable } from '../../base/visible.js'
import type { LogLevel } from '../config/config.js'
import type { WriteLine } from '../logs/request-log.js'

export interface JsonLog {
  readonly write: WriteLine
  setLevel(level: LogLevel): void
  /** What is not written yet, now. Where a reader is behind only `close` keeps lines whole. */
  flush(): void
  /** Resolves when all is written, or the reader has taken nothing for so long that the rest is given up. Nothing is written after it. */
  close(): Promise<void>
}

/** Characters that are collected before they are written. */
const GATHERED_CHARS = 16 * 1024
/** What may wait for a slow reader; what comes beyond is left out, so that requests go on. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024
/** How long a line may wait for others, ms. */
const FLUSH_MS = 500

/** How long a reader that takes nothing is waited for at the end, ms. */
const CLOSE_MS = 5_000

/** Rising: lines below the level of a log are left out. */
const LEVELS: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  silent: 4,
}

/**
 * A line of JSON a record, on standard output or a file descriptor.
 * @param level lines of lower levels are left out
 */
export function jsonLog(level: LogLevel, fd = 1): JsonLog {
  const sink = destination({ dest: fd, sync: false, maxLength: WAITING_BYTES_MAX })
  // Whoever read the log has gone: requests go on.
  sink.on('error', () => {})
  let least = LEVELS[level]
  let isClosed = false
  // The sink reads all that it holds with each text that it is given.
  let gathered = ''
  const handOn = () => {
    if (gathered !== '') sink.write(gathered)
    gathered = ''
  }
  const flush = () => {
    try {
      handOn()
      sink.flushSync()
    } catch {
      // Nothing was written, or the reader has gone.
    }
  }
  setInterval(handOn, FLUSH_MS).unref()
  process.once('exit', flush)
  return {
    write: (lineLevel, fields, message) => {
      if (LEVELS[lineLevel] < least || isClosed) return
      const rest = membersOf(fields)
      gathered += withoutControls(
        `{"level":"${lineLevel}","time":"${new Date().toISOString()}",${rest}${rest === '' ? '' : ','}"msg":${JSON.stringify(message)}}\n`,
      )
      if (gathered.length >= GATHERED_CHARS) handOn()
    },
    setLevel: (next) => {
      least = LEVELS[next]
    },
    flush,
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          // Else the process would wait for the reader as it exits, for ever.
          sink.destroy()
          resolve()
        }, CLOSE_MS)
        const done = (): void => {
          clearTimeout(timer)
          resolve()
        }
        // A write may be under way: what comes after it has to wait, or lines would be torn.
        sink.once('close', done).once('error', done)
        try {
          handOn()
          isClosed = true
          sink.end()
        } catch {
          done()
        }
      }),
  }
}

/** Most lines are of ASCII alone, and JSON has no other control characters than that of DEL left in it. */
const BEYOND_ASCII = /[^\n\x20-\x7e]/

/** The same JSON, without what a terminal acts on and what other readers take for the end of a line: clients and upstreams choose what is in it. */
function withoutControls(line: string): string {
  return BEYOND_ASCII.test(line) ? printable(line) : line
}

/** What has no JSON is left out, all of it: a line that cannot be written must not end what it tells about. */
function membersOf(fields: object): string {
  try {
    return JSON.stringify(fields).slice(1, -1)
  } catch {
    return ''
  }
}
