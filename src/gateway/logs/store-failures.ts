import type { WriteLine } from './request-log.js'

/** While the store fails a line says so as often as this, ms. */
const EVERY_MS = 60_000
/** Where in which script of Redis it failed: all of them do, for one reason. */
const SCRIPT = /\bscript: [0-9a-f]{40}.*$/

/**
 * A line when the store begins to fail, when it fails for another reason, and once a minute for as long as that lasts.
 * @param now of a clock that is never set, ms
 */
export function storeFailureLog(write: WriteLine, now: () => number): (message: string) => void {
  let reason: string | null = null
  let toldAt = 0
  return (message) => {
    const next = message.replace(SCRIPT, '')
    const at = now()
    if (next === reason && at - toldAt < EVERY_MS) return
    reason = next
    toldAt = at
    write('error', { error: message }, 'the store fails')
  }
}
