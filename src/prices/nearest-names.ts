import { nearest } from '../base/check.js'

const SHOWN_MAX = 5
/** Shorter pieces are in too many names. */
const PIECE_MIN = 3

/**
 * The names of a list that are most like one that it has not: first those of the same last part, then those spelt nearly so, whole or in
 * their last part, then those that have it in their last part, or the other way round.
 */
export function nearestNames(name: string, known: readonly string[]): string[] {
  const own = lastOf(name)
  const found = new Set(known.filter((each) => lastOf(each) === own))
  for (const of of [(each: string) => each, lastOf]) {
    const left = known.filter((each) => !found.has(each))
    while (found.size < SHOWN_MAX) {
      const near = nearest(of(name), left.map(of))
      const at = left.findIndex((each) => of(each) === near)
      if (at < 0) break
      found.add(left[at])
      left.splice(at, 1)
    }
  }
  const within = known.filter((each) => {
    const last = lastOf(each)
    return Math.min(own.length, last.length) >= PIECE_MIN && (last.includes(own) || own.includes(last))
  })
  for (const each of within.sort((a, b) => a.length - b.length)) found.add(each)
  return [...found].slice(0, SHOWN_MAX)
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).toLowerCase()
}
