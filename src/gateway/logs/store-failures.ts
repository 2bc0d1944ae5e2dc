import type { WriteLine } from './request-log.js'

/** While the store fails a line says so as often as this, ms. */
const EVERY_MS = 60_000
/** Where in which script of Redis it failed: all of them do, for one reason. */
const SCRIPT = /\bscript: [0-9a-f]{40}.*$/

/**
 * A line when the store begins to fail, and for each reason once a minute for as long as that lasts.
 * @param now of a clock that is never set, ms
 */
export function storeFailureLog(write: WriteLine, now: () => number): (message: string) => void {
  /** Reasons of the last minute, and when each was told. */
  const toldAt = new Map<string, number>()
  return (message) => {
    const at = now()
    for (const [reason, then] of toldAt) if (at - then >= EVERY_MS) toldAt.delete(reason)
    const reason = message.replace(SCRIPT, '')
    if (toldAt.has(reason)) return
    toldAt.set(reason, at)
    write('error', { error: message }, 'the store fails')
  }
}
