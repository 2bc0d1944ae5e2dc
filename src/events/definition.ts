import { checkFinite, checkKeys } from '../base/check.js'
import type { Words } from './words.js'

/**
 * Routing state is a fold over events, and nothing else changes it. An event carries all that the fold needs: times,
 * random outcomes, predicted costs and anything made with exp or log are computed before and carried, so that folding
 * the same events gives the same bits on every machine.
 */
export interface EventBase {
  /** When, in milliseconds since the epoch (the router's clock). */
  readonly at: number
}

/** How a value is written, see `codec.ts`. `?` may be null; so may JSON. */
export type Form =
  | 'number'
  | 'number?'
  | 'text'
  | 'text?'
  | 'boolean'
  | 'numbers'
  | 'texts'
  | 'json'
  | 'statistics?'
  | 'counts'

/** What people see of an event in its row of a log that keeps tables. */
export type Column = 'request' | 'model' | 'tenant' | 'usd' | 'reward' | 'latencyMs'

/**
 * @param path of the field, for errors
 * @param event with its fields before this one checked
 * @returns the value, as a copy where it holds objects: what was checked is what is applied
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION naming the path
 */
export type Check<T> = (value: unknown, path: string, event: Readonly<Record<string, unknown>>) => T

/** All there is to say of a field; its type follows from its check. */
export interface Field<T, F extends Form = Form> {
  readonly form: F
  readonly check: Check<T>
  /** Where people see it; of a record, its id. */
  readonly column?: Column
  /** Words of texts, keys of records and counts; without, any. */
  readonly words?: Words
}

/** A field that its event did not have in its first release: written by name, and only where it is not `absent`. */
export interface AddedField<T> extends Field<T> {
  /** What an event has that was written without it. */
  readonly absent: T
}

export type Fields = Readonly<Record<string, Field<unknown>>>
type ValueOf<F> = F extends { readonly check: Check<infer T> } ? T : never

/** A field with its name and its path in errors. */
export interface NamedField extends Field<unknown> {
  readonly name: string
  readonly path: string
  readonly absent?: unknown
}

/** One definition gives an event its type (`DefinedEvent`), its bytes in every version, its check and its columns. */
export interface EventDefinition<T extends string = string, F = unknown> {
  readonly type: T
  /** Its number in a log; null for a notice, which is told and never logged. */
  readonly code: number | null
  readonly fields: F
  /** The same in order. */
  readonly entries: readonly NamedField[]
  /** Names of all that the event holds. */
  readonly keys: readonly string[]
}

/** The type that a definition gives its events. */
export type DefinedEvent<D extends EventDefinition> = EventBase & { readonly type: D['type'] } & {
  readonly [K in keyof D['fields']]: ValueOf<D['fields'][K]>
}

/**
 * Defines an event of the log.
 *
 * The order of the fields is the order of their bytes: once a release has written the event, neither it nor the code
 * ever changes. A later field is `added` and may stand anywhere. See docs/LOG.md.
 * @param code 1 to 18 are taken for good; new events get the next number from 19 on, up to 255
 */
export function defineEvent<const T extends string, F extends Fields>(
  type: T,
  code: number,
  fields: F,
): EventDefinition<T, F> {
  return define(type, code, fields)
}

/** Defines what subscribers are told and no log keeps: it follows from the event before it and changes nothing. */
export function defineNotice<const T extends string, F extends Fields>(
  type: T,
  fields: F,
): EventDefinition<T, F> {
  return define(type, null, fields)
}

function define<T extends string, F extends Fields>(
  type: T,
  code: number | null,
  fields: F,
): EventDefinition<T, F> {
  const entries = Object.entries(fields).map(
    ([name, field]) => ({ ...field, name, path: `event.${name}` }) as NamedField,
  )
  return { type, code, fields, entries, keys: ['type', 'at', ...Object.keys(fields)] }
}

/** A field of a later release, with what events before it had in its place. */
export function added<T, A extends T | null>(field: Field<T>, absent: A): AddedField<T | A> {
  const { check } = field
  return {
    ...(field as Field<T | A>),
    check: (value, path, event) =>
      value === undefined || Object.is(value, absent) ? absent : check(value, path, event),
    absent,
  }
}

/** A field that people see in that column. */
export function column<T, F extends Form>(name: Column, field: Field<T, F>): Field<T, F> {
  return { ...field, column: name }
}

/**
 * What must follow from the state an event is about to change, by field: each is called as soon as its field has the
 * right shape, with those before it, and throws otherwise.
 */
export type Rules<D extends EventDefinition, C> = {
  readonly [K in keyof D['fields']]?: (event: DefinedEvent<D>, context: C) => void
}

/**
 * Checks an event that came from outside, in place, field by field in their order.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION naming the field, and what the rules throw
 */
export function checkFields<D extends EventDefinition, C>(
  definition: D,
  event: Record<string, unknown>,
  rules: Rules<D, C> | undefined,
  context: C,
): void {
  checkKeys(event, definition.keys, 'event')
  checkFinite(event.at, 'event.at')
  const follows = rules as Readonly<Record<string, (event: unknown, context: C) => void>> | undefined
  for (const { name, path, check } of definition.entries) {
    event[name] = check(event[name], path, event)
    follows?.[name]?.(event, context)
  }
}
