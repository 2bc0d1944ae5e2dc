import { type ErrorCode, ParetoBanditError } from '../../base/errors.js'
import { AlikeLines } from './alike-lines.js'
import type { WriteLine } from './request-log.js'

export interface StoreFailureLog {
  /** @param error its code alone is looked at @param message its words, without secrets */
  failed(error: unknown, message: string): void
  /** @param goneMs how long it did not; an outage that had no line has no end in the log either */
  works(goneMs: number): void
}

/** Where in which script of Redis it failed: all of them do, for one reason. */
const SCRIPT = /\bscript: [0-9a-f]{40}.*$/

/** What an operator does about it. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  STORE_UNREACHABLE:
    'see that the store runs, and that its address, password and what its user may do are right; it is tried again, and goes on by itself',
  STORE_FULL: 'make room; it goes on by itself, and nothing that was acknowledged is lost',
  STORE_READ_ONLY: 'point it at the primary, or mend the disk; it goes on by itself',
  STORE_CORRUPT:
    'paretobandit inspect says what is there; where /readyz says 503, put the log back and start this process again',
  STORE_MISMATCH:
    'what is there is not this log as this release has it, as the error says: mend that, and start this process again',
  LOG_VERSION: 'deploy the newer release here, too',
  LOG_TRIMMED: 'nothing: it begins from a snapshot; where it comes often, look why this process is behind',
}

/**
 * A line when the store begins to fail, and for each reason once a minute for as long as that lasts; and one when it works again.
 * @param now of a clock that is never set, ms
 */
export function storeFailureLog(write: WriteLine, now: () => number): StoreFailureLog {
  const alike = new AlikeLines(now)
  /** Whether the last word on the store is that it fails. */
  let isGone = false
  return {
    failed(error, message) {
      if (alike.take(message.replace(SCRIPT, '')) === null) return
      isGone = true
      const code = error instanceof ParetoBanditError ? error.code : null
      const advice = code === null ? undefined : ADVICE[code]
      write(
        'error',
        { error: message, ...(code === null ? {} : { code }), ...(advice === undefined ? {} : { advice }) },
        'the store fails',
      )
    },
    works(goneMs) {
      if (isGone) write('warn', { goneMs: Math.round(goneMs) }, 'the store works again')
      isGone = false
    },
  }
}
