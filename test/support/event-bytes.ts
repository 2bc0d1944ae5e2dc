import fc from 'fast-check'
import { crc32 } from '../../src/base/checksum.js'
import type { EventDefinition, Form, NamedField } from '../../src/events/definition.js'

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
export const unhex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

/** The same bytes with a checksum that is right for them. */
export function sealed(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  new DataView(copy.buffer).setUint32(copy.length - 4, crc32(copy, 0, 0, copy.length - 4), true)
  return copy
}

const numbers = fc
  .array(fc.double({ noNaN: true }), { maxLength: 40 })
  .map((values) => Float64Array.from(values))
const anyText = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 40 }))
/** A lone surrogate is no text that UTF-8 can hold. */
const text = anyText.map((value) => new TextDecoder().decode(new TextEncoder().encode(value)))
const VALUES: Record<Form, fc.Arbitrary<unknown>> = {
  number: fc.double({ noNaN: true }),
  'number?': fc.option(fc.double({ noNaN: true })),
  text,
  'text?': fc.option(text),
  boolean: fc.boolean(),
  numbers,
  texts: fc.array(text, { maxLength: 5 }),
  json: fc.jsonValue(),
  'statistics?': fc.option(fc.record({ precision: numbers, response: numbers })),
  counts: fc.dictionary(fc.stringMatching(/^[a-z][A-Za-z]{0,9}$/), fc.double({ noNaN: true }), {
    maxKeys: 9,
  }),
}

/** Counts of the kinds that a field knows. */
function countsOf(keys: NamedField['keys']): fc.Arbitrary<unknown> | undefined {
  if (keys === undefined) return undefined
  return fc.dictionary(fc.constantFrom(...keys.known), fc.double({ noNaN: true }))
}

function valuesOf({ form, keys, absent }: NamedField): fc.Arbitrary<unknown> {
  if (absent !== undefined)
    return fc.oneof(fc.constant(absent), (form === 'counts' ? countsOf(keys) : undefined) ?? VALUES[form])
  if (form !== 'json' || keys === undefined) return VALUES[form]
  const each = fc.record(Object.fromEntries(keys.known.map((key) => [key, fc.jsonValue()])), {
    requiredKeys: [],
  })
  return fc.oneof(fc.constant(null), each, fc.array(each, { maxLength: 3 }))
}

export interface AnyEvent extends Readonly<Record<string, unknown>> {
  readonly type: string
  readonly at: number
}

/** Events of a definition that its codec takes, whether or not they would pass its check. */
export function anyEvent({ type, entries }: EventDefinition): fc.Arbitrary<AnyEvent> {
  const fields = Object.fromEntries(entries.map((field) => [field.name, valuesOf(field)]))
  const head = { type: fc.constant(type), at: fc.double({ noNaN: true }) }
  return fc.record({ ...head, ...fields }) as fc.Arbitrary<AnyEvent>
}
