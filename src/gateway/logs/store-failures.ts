import { AlikeLines } from './alike-lines.js'
import type { WriteLine } from './request-log.js'

export interface StoreFailureLog {
  failed(message: string): void
  /** @param goneMs how long it did not; an outage that had no line has no end in the log either */
  works(goneMs: number): void
}

/** Where in which script of Redis it failed: all of them do, for one reason. */
const SCRIPT = /\bscript: [0-9a-f]{40}.*$/

/**
 * A line when the store begins to fail, and for each reason once a minute for as long as that lasts; and one when it works again.
 * @param now of a clock that is never set, ms
 */
export function storeFailureLog(write: WriteLine, now: () => number): StoreFailureLog {
  const alike = new AlikeLines(now)
  /** Whether the last word on the store is that it fails. */
  let isGone = false
  return {
    failed(message) {
      if (alike.take(message.replace(SCRIPT, '')) === null) return
      isGone = true
      write('error', { error: message }, 'the store fails')
    },
    works(goneMs) {
      if (isGone) write('warn', { goneMs: Math.round(goneMs) }, 'the store works again')
      isGone = false
    },
  }
}
