import { destination } from 'pino'
import type { LogLevel } from '../config/config.js'
import type { WriteLine } from '../logs/request-log.js'

export interface JsonLog {
  readonly write: WriteLine
  setLevel(level: LogLevel): void
  /** What is not written yet, now. */
  flush(): void
}

/** Bytes that are collected before they are written. */
const BUFFER_BYTES = 12 * 1024
/** What may wait for a slow reader; what comes beyond is left out, so that requests go on. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024
/** How long a line may wait for others, ms. */
const FLUSH_MS = 500

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
  const sink = destination({ dest: fd, sync: false, minLength: BUFFER_BYTES, maxLength: WAITING_BYTES_MAX })
  // Whoever read the log has gone: requests go on.
  sink.on('error', () => {})
  let least = LEVELS[level]
  const flush = () => {
    try {
      sink.flushSync()
    } catch {
      // Nothing was written, or the reader has gone.
    }
  }
  setInterval(() => sink.flush(), FLUSH_MS).unref()
  process.once('exit', flush)
  return {
    write: (lineLevel, fields, message) => {
      if (LEVELS[lineLevel] < least) return
      const head = { level: lineLevel, time: new Date().toISOString() }
      sink.write(`${JSON.stringify({ ...head, ...fields, msg: message })}\n`)
    },
    setLevel: (next) => {
      least = LEVELS[next]
    },
    flush,
  }
}
