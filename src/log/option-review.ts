import { ParetoBanditError } from '../base/errors.js'
import type { SaidOptions } from '../policy/option-item.js'
import type { OnDifference } from './on-difference.js'
import type { LogItem } from './option-items.js'
import { isUnknown, UNKNOWN } from './options-note.js'

/** Lines of differences that are told one by one, of one start. */
const TOLD_MAX = 20
const ABSENT = 'absent'

export interface OptionReview {
  /** For people, each with both values and which is in force. */
  readonly differences: readonly string[]
  /** To be made as the options have them. */
  readonly changes: readonly LogItem[]
  /** What options have said, from this start on. */
  readonly said: ReadonlyMap<string, string>
}

/** What options are compared by. */
export interface ReviewContext {
  /** The options that are given at all: of others what was said before is kept. */
  readonly given: ReadonlySet<string>
  readonly said: SaidOptions
  /** What is known of the options that the log was begun with: it counts where nothing is noted. */
  readonly first: ReadonlyMap<string, string>
  readonly choiceOf: (option: string) => OnDifference
  readonly store: string
  /** Takes a line for each difference that is not in force. */
  readonly told: (line: string) => void
}

/**
 * The last word holds: an option that was edited since the last start says something new; one that was not has been
 * heard, and what commands did since stays. So a restart undoes nothing, and replicas that were started with different
 * options do not fight: the latest start is heard, once. What an operator turned off is not theirs to turn on.
 * @param items what the options say, whether it differs or not
 * @throws STORE_MISMATCH naming the differences; nothing has changed then
 */
export function reviewOptions(
  items: readonly LogItem[],
  { given, said, first, choiceOf, store, told }: ReviewContext,
): OptionReview {
  const differing = items.filter(({ given, found }) => given !== found)
  const refused = differing.filter(({ option }) => choiceOf(option) === 'throw')
  if (refused.length > 0) {
    const message = listed(refused.map((item) => describe(item, ''))).join('; ')
    throw new ParetoBanditError('STORE_MISMATCH', store, message)
  }
  const next = new Map([...(said ?? [])].filter(([field]) => !given.has(optionOf(field))))
  const differences: string[] = []
  const lines: string[] = []
  const changes: LogItem[] = []
  for (const item of items) {
    const { option, field, make, hint } = item
    if (make === null) {
      if (item.given === item.found) continue
      const line = `${describe(item, '')}, which holds`
      differences.push(line)
      lines.push(hint === undefined ? line : `${line}: ${hint}`)
      continue
    }
    const before = said?.get(field) ?? null
    const differs = item.given !== item.found
    const isNew = said === null ? first.get(field) !== item.given : before !== item.given
    const isWarned = choiceOf(option) === 'warn'
    // What is not taken over has not been heard: it is when `onDifference` says so.
    const heard = differs && isNew && isWarned ? (said === null ? UNKNOWN : before) : item.given
    if (heard !== null) next.set(field, heard)
    if (!differs) continue
    if (isNew && !isWarned) {
      const line = `${describe(item, 'was ')}, and is in force now`
      differences.push(line)
      changes.push(item)
      // What a command had set since is not undone without a word.
      if (before !== null && !isUnknown(before) && before !== item.found)
        lines.push(`${line}: a command had set the other since ${before} was in the options`)
      continue
    }
    const line = `${describe(item, '')}, which holds`
    differences.push(line)
    lines.push(isNew ? line : `${line}: this option was not edited since the last start`)
  }
  for (const line of listed(lines)) told(`${store}: ${line}`)
  return { differences, changes, said: next }
}

/** Of the path of what an option says: the option. */
export function optionOf(field: string): string {
  return /^\w+/.exec(field)?.[0] ?? field
}

function describe({ field, given, found }: LogItem, was: string): string {
  return `${field} is ${given ?? ABSENT} in the options and ${was}${found ?? ABSENT} in the log`
}

function listed(lines: readonly string[]): readonly string[] {
  const more = lines.length - TOLD_MAX
  return more <= 0 ? lines : [...lines.slice(0, TOLD_MAX), `and ${more} more options differ`]
}
