import type { WriteLine } from './request-log.js'

export interface StoreFailureLog {
  failed(message: string): void
  /** @param goneMs how long it did not; an outage that had no line has no end in the log either */
  works(goneMs: number): void
}

/** While the store fails a line says so as often as this, ms. */
const EVERY_MS = 60_000
/** Where in which script of Redis it failed: all of them do, for one reason. */
const SCRIPT = /\bscript: [0-9a-f]{40}.*$/

/**
 * A line when the store begins to fail, and for each reason once a minute for as long as that lasts; and one when it works again.
 * @param now of a clock that is never set, ms
 */
export function storeFailureLog(write: WriteLine, now: () => number): StoreFailureLog {
  /** Reasons of the last minute, and when each was told. */
  const toldAt = new Map<string, number>()
  /** Whether the last word on the store is that it fails. */
  let isGone = false
  return {
    failed(message) {
      const at = now()
      for (const [reason, then] of toldAt) if (at - then >= EVERY_MS) toldAt.delete(reason)
      const reason = message.replace(SCRIPT, '')
      if (toldAt.has(reason)) return
      toldAt.set(reason, at)
      isGone = true
      write('error', { error: message }, 'the store fails')
    },
    works(goneMs) {
      if (isGone) write('warn', { goneMs: Math.round(goneMs) }, 'the store works again')
      isGone = false
    },
  }
}
