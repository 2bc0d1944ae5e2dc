import { AlikeLines } from './alike-lines.js'
import type { WriteLine } from './request-log.js'
import type { StoreAway } from './store-away.js'

/** What is not the gateway itself. */
export const THE_JUDGE = 'the judge'
const MESSAGES: ReadonlyMap<string, string> = new Map([[THE_JUDGE, 'the judge failed']])

/** @param away what it is where a store is away, full or takes no writes for now; null: it is a failure of another kind */
export type TellFailure = (what: string, error: string, away?: StoreAway | null) => void

/**
 * A line for a failure of the gateway, and for the same one word for word once a minute at most. Where a store is away it is a warning
 * that says so, once a minute for each part that needs the store, whatever words its failures have: all requests that need it fail alike.
 * @param now of a clock that is never set, ms
 */
export function failureLog(write: WriteLine, now: () => number): TellFailure {
  const alike = new AlikeLines(now)
  return (what, error, away = null) => {
    if (away !== null) {
      const { code, advice } = away
      const counted = alike.take(`${what}\n\n${code}`)
      if (counted !== null)
        write('warn', { what, error, code, advice, ...counted }, 'a store is needed, and takes nothing')
      return
    }
    const counted = alike.take(`${what}\n${error}`)
    if (counted !== null)
      write('error', { what, error, ...counted }, MESSAGES.get(what) ?? 'the gateway failed')
  }
}
