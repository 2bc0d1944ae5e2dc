import {
  checkAmount,
  checkBoolean,
  checkEach,
  checkFinite,
  checkInRange,
  checkInteger,
  checkOneOf,
  checkRecord,
  checkString,
  checkStrings,
  copyContext,
} from '../base/check.js'
import { expected } from '../base/errors.js'
import type { ArmStatistics } from '../kernel/kernel.js'
import { type Check, column, type Field } from './definition.js'
import type { Words } from './words.js'

/** Any finite number. */
export const finite = (): Field<number, 'number'> => ({ form: 'number', check: checkFinite })

/** A finite number >= 0: dollars, tokens, milliseconds. */
export const amount = (): Field<number, 'number'> => ({ form: 'number', check: checkAmount })

/** A finite number >= 0 of any size: rewards a dollar, where rewards may go to a million and a dollar buy a billion requests. */
export const rate = (): Field<number, 'number'> => ({
  form: 'number',
  check: (value, path) => checkInRange(value, 0, Number.MAX_VALUE, path),
})

/** An amount, or one number that stands for something else. */
export const amountOr = (other: number): Field<number, 'number'> => ({
  form: 'number',
  check: (value, path) => (value === other ? other : checkAmount(value, path)),
})

export const inRange = (low: number, high: number): Field<number, 'number'> => ({
  form: 'number',
  check: (value, path) => checkInRange(value, low, high, path),
})

export const integer = (low: number, high: number): Field<number, 'number'> => ({
  form: 'number',
  check: (value, path) => checkInteger(value, low, high, path),
})

/** A number with a check of its own. */
export const number = (check: Check<number>): Field<number, 'number'> => ({ form: 'number', check })

export const boolean = (): Field<boolean> => ({ form: 'boolean', check: checkBoolean })

/** A text that is not empty: ids of models and tenants. */
export const text = (): Field<string, 'text'> => ({ form: 'text', check: checkString })

/** The request that an event is of. */
export const requestId = (): Field<string> =>
  column('request', {
    form: 'text',
    check: (value, path) => {
      if (typeof value !== 'string') throw expected('INVALID_ARGUMENT', path, 'a request id', value)
      return value
    },
  })

/**
 * One of a few words.
 * @param first those of the first release, where it wrote the field
 */
export const oneOf = <const T extends string>(
  known: readonly T[],
  first: readonly T[] = known,
): Field<T, 'text'> => ({
  form: 'text',
  check: (value, path) => checkOneOf(value, known, path),
  words: { first, known },
})

/** Some of a few words. @param first as of `oneOf` */
export const someOf = <const T extends string>(
  known: readonly T[],
  first: readonly T[] = known,
): Field<readonly T[], 'texts'> => ({
  form: 'texts',
  check: (value, path) =>
    Object.freeze(checkEach(value, path, (each, i) => checkOneOf(each, known, `${path}[${i}]`))),
  words: { first, known },
})

/** Texts that are not empty. */
export const texts = (check: Check<readonly string[]> = checkStrings): Field<readonly string[]> => ({
  form: 'texts',
  check,
})

/** @param check what the numbers must be, given a copy */
export const numbers = (
  check: (values: Float64Array, path: string, event: Readonly<Record<string, unknown>>) => void,
): Field<Float64Array> => ({
  form: 'numbers',
  check: (value, path, event) => {
    const copy = copyNumbers(value, path)
    check(copy, path, event)
    return copy
  },
})

/** A context vector, its length not looked at. */
export const context = (): Field<Float64Array> => ({
  form: 'numbers',
  check: (value, path) => {
    const copy = copyNumbers(value, path)
    copyContext(copy, copy.length, copy, 0, path)
    return copy
  },
})

/** Statistics of an arm or null, their length and values not looked at. */
export const statistics = (): Field<ArmStatistics | null> => ({
  form: 'statistics?',
  check: (value, path) => {
    if (value === null) return null
    const { precision, response } = checkRecord(value, path)
    return {
      precision: copyNumbers(precision, `${path}.precision`),
      response: copyNumbers(response, `${path}.response`),
    }
  },
})

/**
 * A record, or a list of them, as JSON.
 * @param words its keys, and what is under them
 */
export const record = <T>(check: Check<T>, words: Words): Field<T, 'json'> => ({ form: 'json', check, words })

/** Literals: the codec compares forms in a loop, and a text that is put together compares slower. */
const NULLABLE = { number: 'number?', text: 'text?', json: 'json' } as const

/** The same or null. */
export const nullable = <T>(field: Field<T, 'number' | 'text' | 'json'>): Field<T | null> => ({
  ...field,
  form: NULLABLE[field.form],
  check: (value, path, event) => (value === null ? null : field.check(value, path, event)),
})

function copyNumbers(value: unknown, path: string): Float64Array {
  if (!(value instanceof Float64Array)) throw expected('INVALID_ARGUMENT', path, 'a Float64Array', value)
  return value.slice()
}
