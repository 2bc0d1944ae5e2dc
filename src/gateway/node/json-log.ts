import { destination, pino } from 'pino'
import type { LogLevel } from '../config/config.js'
import type { WriteLine } from '../logs/request-log.js'

export interface JsonLog {
  readonly write: WriteLine
  setLevel(level: LogLevel): void
  /** What is not written yet, now. */
  flush(): void
}

/** Bytes that are collected before they are written. */
const BUFFER_BYTES = 4096
/** What may wait for a slow reader; what comes beyond is left out, so that requests go on. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024
/** How long a line may wait for others, ms. */
const FLUSH_MS = 500

/**
 * A line of JSON a record, on standard output or a file descriptor.
 * @param level lines of lower levels are left out
 */
export function jsonLog(level: LogLevel, fd = 1): JsonLog {
  const sink = destination({ dest: fd, sync: false, minLength: BUFFER_BYTES, maxLength: WAITING_BYTES_MAX })
  // Whoever read the log has gone: requests go on.
  sink.on('error', () => {})
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  )
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
    write: (lineLevel, fields, message) => logger[lineLevel](fields, message),
    setLevel: (next) => {
      logger.level = next
    },
    flush,
  }
}
