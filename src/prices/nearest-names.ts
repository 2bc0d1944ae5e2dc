import { nearest } from '../base/nearest.js'

const SHOWN_MAX = 5
/** Shorter pieces are in too many names. */
const PIECE_MIN = 3
/** Longer names are spelt like nothing. */
const NAME_MAX = 200
/** This many wrong names get hints: a list may have 100,000 names, and another one given by mistake has none of them. */
const HINTS_MAX = 10
/** Names whose spelling is compared, of those that begin or end alike. */
const COMPARED_MAX = 300
const ALIKE = 3

/** The names of a list, to find one that was meant. What is read of them is bounded, whatever was given. */
export class Names {
  private readonly all: readonly string[]
  /** By the last part, as it is spelt. */
  private readonly byLast = new Map<string, string[]>()
  private lasts: readonly string[] | null = null
  private hints = 0

  constructor(all: Iterable<string>) {
    this.all = [...all]
    for (const name of this.all) {
      const last = lastOf(name)
      const same = this.byLast.get(last)
      if (same === undefined) this.byLast.set(last, [name])
      else same.push(name)
    }
  }

  /** Those that end in `/` and this. */
  endingIn(given: string): readonly string[] {
    return (this.byLast.get(lastOf(given)) ?? []).filter((name) => name.endsWith(`/${given}`))
  }

  /**
   * Those that are most like one that the list has not: first those of the same last part, then those spelt nearly so, whole or in
   * their last part, then those that have it in their last part, or the other way round. None after as many wrong names as get hints.
   */
  nearest(name: string): string[] {
    if (name.length > NAME_MAX || this.hints++ >= HINTS_MAX) return []
    this.lasts ??= this.all.map((each) => lastOf(each).toLowerCase())
    const lasts = this.lasts
    const own = lastOf(name).toLowerCase()
    const whole = name.toLowerCase()
    const same: string[] = []
    const alike: string[] = []
    const within: string[] = []
    for (const [i, each] of this.all.entries()) {
      const last = lasts[i]
      if (last === own) same.push(each)
      else if (each.length <= NAME_MAX) {
        if (alike.length < COMPARED_MAX && (areAlike(last, own) || areAlike(each.toLowerCase(), whole)))
          alike.push(each)
        const hasPiece = Math.min(own.length, last.length) >= PIECE_MIN
        if (hasPiece && (last.includes(own) || own.includes(last))) within.push(each)
      }
    }
    const found = new Set(same.slice(0, SHOWN_MAX))
    for (const of of [(each: string) => each, (each: string) => lastOf(each).toLowerCase()]) {
      const left = alike.filter((each) => !found.has(each))
      while (found.size < SHOWN_MAX) {
        const near = nearest(of(name), left.map(of))
        const at = left.findIndex((each) => of(each) === near)
        if (at < 0) break
        found.add(left[at])
        left.splice(at, 1)
      }
    }
    for (const each of within.sort((a, b) => a.length - b.length).slice(0, SHOWN_MAX)) found.add(each)
    return [...found].slice(0, SHOWN_MAX)
  }
}

/** Whether two begin or end alike, and are about as long: a misspelt name has one of its ends right. */
function areAlike(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > Math.max(2, b.length / 3)) return false
  return a.slice(0, ALIKE) === b.slice(0, ALIKE) || a.slice(-ALIKE) === b.slice(-ALIKE)
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
