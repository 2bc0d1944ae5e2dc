import fc from 'fast-check'
import { crc32 } from '../../src/base/checksum.js'
import type { EventDefinition, Form, NamedField } from '../../src/events/definition.js'
import type { Words } from '../../src/events/words.js'

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

/** Records of known keys, and what they hold. */
function recordsOf({ known, within }: Words): fc.Arbitrary<unknown> {
  const inner = (key: string) => {
    const words = within?.[key]
    return words === undefined ? fc.jsonValue() : fc.oneof(recordsOf(words), fc.constantFrom(...words.known))
  }
  const each = fc.record(Object.fromEntries(known.map((key) => [key, inner(key)])), { requiredKeys: [] })
  return fc.oneof(fc.constant(null), each, fc.array(each, { maxLength: 3 }))
}

/** Values of a field, all of whose words are known. */
function knownOf(form: Form, words: Words): fc.Arbitrary<unknown> {
  const word = fc.constantFrom(...words.known)
  switch (form) {
    case 'text':
      return word
    case 'texts':
      return fc.array(word, { maxLength: 5 })
    case 'counts':
      return fc.dictionary(word, fc.double({ noNaN: true }))
    case 'json':
      return recordsOf(words)
    default:
      return VALUES[form]
  }
}

function valuesOf({ form, words, absent }: NamedField): fc.Arbitrary<unknown> {
  const values = words === undefined ? VALUES[form] : knownOf(form, words)
  return absent === undefined ? values : fc.oneof(fc.constant(absent), values)
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
