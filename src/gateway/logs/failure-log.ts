import type { WriteLine } from './request-log.js'

/** A failure that is the same word for word has a line as often as this, ms. */
const EVERY_MS = 60_000
/** Failures that are kept apart; with more, such as those with an id in their words, each has a line. */
const KINDS_MAX = 1000

interface Told {
  at: number
  /** Of the same words, since that line. */
  unsaid: number
}

/**
 * A line for a failure of the gateway, and for the same one again once a minute at most, with how often it came in between: while a store is
 * away each request that needs it fails alike.
 * @param now of a clock that is never set, ms
 */
export function failureLog(write: WriteLine, now: () => number): (what: string, error: string) => void {
  const told = new Map<string, Told>()
  const tell = (what: string, error: string, alikeSince: number) =>
    write('error', { what, error, ...(alikeSince === 0 ? {} : { alikeSince }) }, 'the gateway failed')
  return (what, error) => {
    const at = now()
    const kind = `${what}\n${error}`
    const last = told.get(kind)
    if (last !== undefined && at - last.at < EVERY_MS) {
      last.unsaid++
      return
    }
    tell(what, error, last?.unsaid ?? 0)
    if (last === undefined && told.size >= KINDS_MAX)
      for (const [each, { at: then }] of told) if (at - then >= EVERY_MS) told.delete(each)
    if (last !== undefined || told.size < KINDS_MAX) told.set(kind, { at, unsaid: 0 })
  }
}
