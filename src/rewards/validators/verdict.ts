import { checkFunction, checkRecord } from '../../base/check.js'
import { expected } from '../../base/errors.js'
import { parseJson } from '../../base/json.js'
import { reading } from '../../base/read-once.js'
import type { CollectedAnswer } from './collected-answer.js'
import { asksForLabel, type Contract, FREE_TEXT, isBinding } from './contract.js'
import type { AnswerFlaw } from './endings.js'
import { fitsSchema, type SchemaCheck } from './json-schema.js'

/** What validators say of one answer. */
export interface Verdict {
  /** In [0, 1]. */
  readonly value: number
  /** Something was asked that could be checked, or it fails: it weighs beside what others say. Else it only says that there is an answer. */
  readonly isFirm: boolean
}

/** What a look at an answer finds. */
export interface AnswerCheck {
  /** What is wrong with it; null: nothing, as far as can be told. */
  readonly flaw: AnswerFlaw | null
  /** Null: nobody can tell whether it is what was asked for. */
  readonly verdict: Verdict | null
}

/**
 * Whether there is an answer, and whether it keeps to what was asked.
 * @param ending what is known to be wrong with it. Default: as its own end says
 * @param fits how schemas are checked. Default: `fitsSchema`
 * @throws INVALID_ARGUMENT
 */
export function checkAnswer(
  contract: Contract,
  answer: CollectedAnswer,
  ending?: AnswerFlaw | null,
  fits: SchemaCheck = fitsSchema,
): AnswerCheck {
  checkFunction(fits, 'fits')
  reading('contract', () => checkContract(contract))
  return reading('answer', () => {
    checkCollected(answer, 'answer')
    return checked(contract, answer, ending === undefined ? answer.flaw : ending, fits)
  })
}

/** @throws INVALID_ARGUMENT */
function checkContract(contract: Contract): void {
  const { tools } = checkRecord(contract, 'contract')
  if (tools !== null && !(tools instanceof Map))
    throw expected('INVALID_ARGUMENT', 'contract.tools', 'a Map of schemas, or null', tools)
}

/** @throws INVALID_ARGUMENT */
export function checkCollected(answer: unknown, field: string): void {
  if (typeof answer !== 'object' || answer === null || !('calls' in answer && answer.calls instanceof Map))
    throw expected('INVALID_ARGUMENT', field, 'a CollectedAnswer, as of answerOf', answer)
}

function checked(
  contract: Contract,
  answer: CollectedAnswer,
  ending: AnswerFlaw | null,
  fits: SchemaCheck,
): AnswerCheck {
  const isLabel = asksForLabel(contract) && answer.calls.size === 0 && answer.text !== ''
  if (ending === 'truncated_answer' && isLabel && answer.isAtLimit) return { flaw: ending, verdict: null }
  if (ending !== null) return { flaw: ending, verdict: { value: 0, isFirm: true } }
  const isKept = isBinding(contract) ? keeps(contract, answer, fits) : true
  if (isKept === null) return { flaw: null, verdict: null }
  if (!isKept) return { flaw: 'invalid_answer', verdict: { value: 0, isFirm: true } }
  // Words of a model that could have called a tool are no proof of anything.
  const hasProof = (contract.schema !== null && !answer.asksForWork) || answer.calls.size > 0
  return { flaw: null, verdict: { value: 1, isFirm: isBinding(contract) && hasProof } }
}

/**
 * Whether an answer keeps to what was asked: its text to the schema of answers, calls to those of their tools.
 * @returns null where it cannot be told
 */
export function keeps(
  { schema, tools }: Contract,
  collected: CollectedAnswer,
  fits: SchemaCheck = fitsSchema,
): boolean | null {
  if (collected.isTooLong) return null
  const isEmpty = collected.texts.size === 0 && collected.calls.size === 0 && !collected.asksForWork
  if (schema !== null && isEmpty) return false
  let isUndecided = false
  const note = (found: boolean | null) => {
    isUndecided ||= found === null
    return found !== false
  }
  const isKept =
    [...collected.calls.values()].every(({ name, args }) => {
      // A tool of the provider's own.
      if (tools === null) return true
      if (!tools.has(name)) return false
      const asked = tools.get(name) ?? true
      if (asked === FREE_TEXT) return true
      const given = parseJson(args === '' ? '{}' : args)
      return given !== undefined && note(fits(given, asked))
    }) &&
    (schema === null ||
      [...collected.texts.values()].every((text) => {
        // What is said beside a call is no answer.
        if (collected.calls.size > 0 || collected.asksForWork) return true
        const given = parseJson(text)
        return given !== undefined && note(fits(given, schema))
      }))
  if (!isKept) return false
  return isUndecided ? null : true
}
