import { isAmount, isRecord } from './check.js'

/**
 * What two usages of one answer say together, whatever their provider calls its counts. They count all of the answer so far; a null says
 * nothing.
 *
 * Of the prompt the later one holds, as part of it may be found to have come from a cache, unless it counts less of the prompt in all: servers
 * repeat it at the end as 0, and then the greater counts hold. What is no count says nothing.
 *
 * All else grows with the answer, so the greater counts hold. Over a usage of the answer's beginning alone the later one holds, even where it
 * is no count: then whoever bills sees that the answer was not counted, and does not take its beginning for all of it.
 * @param isOverBeginning whether `before` is of the answer's beginning, and `after` of all of it
 */
export function mergedUsage(
  before: object,
  after: object,
  isOverBeginning: boolean,
): Readonly<Record<string, unknown>> {
  const ofAnswer = isOverBeginning ? later : greaterCount
  const latest = merged(before, after, laterCount, ofAnswer)
  if (countIn(latest, false) >= countIn(before, false)) return latest
  return merged(before, after, greaterCount, ofAnswer)
}

/** Names of counts of the prompt; members of such a one are of the prompt too. */
const OF_PROMPT = /input|prompt|cache/i

/** Which of two values holds, where both usages have one. */
type Choice = (known: unknown, value: unknown) => unknown

const later: Choice = (_known, value) => value
const laterCount = ofCounts((_known, value) => value)
const greaterCount = ofCounts(Math.max)

/** What is no count does not take the place of one, or of a record of some; of anything else the later value holds. */
function ofCounts(choose: (known: number, value: number) => number): Choice {
  return (known, value) => {
    if (isRecord(known)) return isAmount(value) && countIn(known, true) === 0 ? value : known
    if (isAmount(known) && isAmount(value)) return choose(known, value)
    return typeof known === 'number' && !isAmount(value) ? known : value
  }
}

function merged(before: object, after: object, ofPrompt: Choice, ofAnswer: Choice): Record<string, unknown> {
  const all: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(after)) {
    if (value === null || value === undefined) continue
    const known = all[name]
    const choose = OF_PROMPT.test(name) ? ofPrompt : ofAnswer
    const isNested = isRecord(known) && isRecord(value)
    all[name] = isNested ? merged(known, value, ofPrompt, choose) : choose(known, value)
  }
  return all
}

/** All counts together, of the prompt or of everything, to be compared with those of another usage of the same answer. */
function countIn(usage: object, isOfAll: boolean): number {
  let sum = 0
  for (const [name, value] of Object.entries(usage)) {
    const isHere = isOfAll || OF_PROMPT.test(name)
    if (isRecord(value)) sum += countIn(value, isHere)
    else if (isHere && isAmount(value)) sum += value
  }
  return sum
}
