import { hintOf, show } from './mistake.js'
import { type JsonSchema, type Shape, wrong } from './shape.js'

/** A value for which `is` holds, called `what` in messages. */
function valueShape<T>(what: string, schema: JsonSchema, is: (value: unknown) => value is T): Shape<T> {
  return {
    schema,
    read: (value, path, reading) =>
      is(value) ? value : wrong(reading, path, `expected ${what}, got ${show(value)}`),
  }
}

/** Unpaired surrogates cannot be written down: two texts with them would be one when they are read again. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
const NO_CONTROLS = '^[^\\u0000-\\u001f\\u007f]*$'

/** A text on one line, of 1 to `lengthMax` characters. */
export function text(lengthMax = 200): Shape<string> {
  return textWithin(lengthMax, NO_CONTROLS, `a text of 1 to ${lengthMax} characters on one line`)
}

/** The beginning of a pattern that takes neither of them: in a path they lead elsewhere, in whatever way they are written. */
export const NO_DOTS = '^(?!\\.{1,2}$)'

/** An id of any characters that the admin API is asked for by its path. */
export const idInPath: Shape<string> = textWithin(
  200,
  `${NO_DOTS}${NO_CONTROLS.slice(1)}`,
  "a text of 1 to 200 characters on one line, not '.' or '..'",
)

function textWithin(lengthMax: number, pattern: string, what: string): Shape<string> {
  const expression = new RegExp(pattern, 'u')
  return valueShape(
    what,
    { type: 'string', minLength: 1, maxLength: lengthMax, pattern },
    (value): value is string =>
      typeof value === 'string' &&
      value !== '' &&
      [...value].length <= lengthMax &&
      expression.test(value) &&
      !LONE_SURROGATE.test(value),
  )
}

/** A text of a pattern, which means the same in JSON schema. */
export function textLike(pattern: string, what: string): Shape<string> {
  const expression = new RegExp(pattern, 'u')
  return valueShape(
    what,
    { type: 'string', pattern },
    (value): value is string => typeof value === 'string' && expression.test(value),
  )
}

export function numberIn(low: number, high: number): Shape<number> {
  return valueShape(
    `a number from ${low} to ${high}`,
    { type: 'number', minimum: low, maximum: high },
    (value): value is number => typeof value === 'number' && value >= low && value <= high,
  )
}

/** Dollars, tokens and the like: 0 is too little. */
export function positive(high = 1e12): Shape<number> {
  return valueShape(
    `a number above 0, of at most ${high}`,
    { type: 'number', exclusiveMinimum: 0, maximum: high },
    (value): value is number => typeof value === 'number' && value > 0 && value <= high,
  )
}

export function integerIn(low: number, high: number): Shape<number> {
  return valueShape(
    `a whole number from ${low} to ${high}`,
    { type: 'integer', minimum: low, maximum: high },
    (value): value is number => Number.isInteger(value) && Number(value) >= low && Number(value) <= high,
  )
}

export const yesOrNo: Shape<boolean> = valueShape(
  'true or false',
  { type: 'boolean' },
  (value) => typeof value === 'boolean',
)

export function oneOf<const T extends string>(words: readonly T[]): Shape<T> {
  return {
    schema: { enum: words },
    read(value, path, reading) {
      const found = words.find((word) => word === value)
      if (found !== undefined) return found
      const message = `expected one of ${words.join(', ')}, got ${show(value)}${hintOf(value, words)}`
      return wrong(reading, path, message)
    },
  }
}

const TIME = '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,3})?)?(Z|[+-]\\d\\d:\\d\\d))?$'
const TIME_EXPRESSION = new RegExp(TIME, 'u')

/** A time as people write it, with its zone; a date alone is its first instant in UTC. Read as ms since 1970 UTC. */
export const time: Shape<number> = {
  schema: { type: 'string', pattern: TIME },
  read(value, path, reading) {
    const at = typeof value === 'string' && TIME_EXPRESSION.test(value) ? Date.parse(value) : Number.NaN
    // Of February 30 engines make March 1, or nothing.
    const isDay =
      typeof value === 'string' &&
      !Number.isNaN(at) &&
      !Number.isNaN(Date.parse(value.slice(0, 10))) &&
      new Date(value.slice(0, 10)).toISOString().startsWith(value.slice(0, 10))
    if (isDay) return at
    return wrong(reading, path, `expected a time such as 2027-01-31T12:00:00Z, got ${show(value)}`)
  },
}
