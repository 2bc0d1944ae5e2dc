import { ParetoBanditError } from '../base/errors.js'
import type { EventDefinition, Form, NamedField } from './definition.js'
import type { Words } from './words.js'

/** Codes up to here are of the first release, whose events carry no name. */
export const FIRST_CODE_MAX = 18
const CODE_MAX = 255

/** What the codec must know of a field. All have these keys in this order, so that V8 sees one shape. */
export interface WrittenField {
  readonly name: string
  readonly form: Form
  readonly words: Words | undefined
  readonly absent: unknown
}

/** How the events of one type are written. */
export interface EventFormat {
  readonly type: string
  readonly code: number
  /** Whether its type stands in it: an older release must be able to say what it refuses. */
  readonly isNamed: boolean
  /** Fields of the first release that wrote the event, in order. */
  readonly positional: readonly WrittenField[]
  /** Fields of later releases. */
  readonly added: readonly WrittenField[]
  /**
   * What an event begins as: a routed one is read in 2.0 us instead of 2.6 when fields are filled into a copy. Of
   * entries: an object that a loop adds twenty fields to is a dictionary to V8, and then it takes 5 us.
   */
  readonly blank: Readonly<Record<string, unknown>>
}

/** The events that a codec reads and writes. */
export interface EventTable {
  readonly byType: ReadonlyMap<string, EventFormat>
  readonly byCode: readonly (EventFormat | undefined)[]
}

/**
 * The table of some definitions; those of notices have no place in it.
 * @throws INVALID_ARGUMENT for two definitions of a type or a code, or an invalid code
 */
export function eventTable(definitions: readonly EventDefinition[]): EventTable {
  const byType = new Map<string, EventFormat>()
  const byCode: (EventFormat | undefined)[] = Array.from({ length: CODE_MAX + 1 }, () => undefined)
  for (const { type, code, entries } of definitions) {
    if (code === null) continue
    const isCode = Number.isInteger(code) && code >= 1 && code <= CODE_MAX
    if (!isCode || byCode[code] !== undefined || byType.has(type)) {
      const message = `expected a type and a code of its own from 1 to ${CODE_MAX}, got code ${code}`
      throw new ParetoBanditError('INVALID_ARGUMENT', type, message)
    }
    const format = formatOf(type, code, entries)
    byType.set(type, format)
    byCode[code] = format
  }
  return { byType, byCode }
}

function formatOf(type: string, code: number, entries: readonly NamedField[]): EventFormat {
  const fields = entries.map(({ name, form, words, absent }): WrittenField => ({ name, form, words, absent }))
  const isAdded = ({ absent }: WrittenField) => absent !== undefined
  return {
    type,
    code,
    isNamed: code > FIRST_CODE_MAX,
    positional: fields.filter((field) => !isAdded(field)),
    added: fields.filter(isAdded),
    blank: Object.fromEntries([
      ['type', type],
      ['at', null],
      ...entries.map(({ name, absent = null }) => [name, absent]),
    ]),
  }
}
