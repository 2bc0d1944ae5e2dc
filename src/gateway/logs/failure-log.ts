import { AlikeLines } from './alike-lines.js'
import type { WriteLine } from './request-log.js'

/** What is not the gateway itself. */
export const THE_JUDGE = 'the judge'
const MESSAGES: ReadonlyMap<string, string> = new Map([[THE_JUDGE, 'the judge failed']])

/**
 * A line for a failure of the gateway, and for the same one word for word once a minute at most: while a store is away each request that
 * needs it fails alike.
 * @param now of a clock that is never set, ms
 */
export function failureLog(write: WriteLine, now: () => number): (what: string, error: string) => void {
  const alike = new AlikeLines(now)
  return (what, error) => {
    const counted = alike.take(`${what}\n${error}`)
    if (counted !== null)
      write('error', { what, error, ...counted }, MESSAGES.get(what) ?? 'the gateway failed')
  }
}
