import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeEvent, EventWriter, type LoggedEvent } from '../../src/events/codec.js'
import { EVENT_FORMATS, type FieldKind, type LoggedEventType } from '../../src/events/event-fields.js'
import { EVENT_TYPES } from '../../src/events/events.js'
import { expectCode } from '../support/errors.js'
import { routedEvent } from '../support/events.js'
import '../support/seed.js'

const numbers = fc
  .array(fc.double({ noNaN: true }), { maxLength: 40 })
  .map((values) => Float64Array.from(values))
const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 40 }))
/** A lone surrogate is no text that UTF-8 can hold. */
const wellFormed = text.map((value) => new TextDecoder().decode(new TextEncoder().encode(value)))
const VALUES: Record<FieldKind, fc.Arbitrary<unknown>> = {
  number: fc.double({ noNaN: true }),
  'number?': fc.option(fc.double({ noNaN: true })),
  text: wellFormed,
  'text?': fc.option(wellFormed),
  boolean: fc.boolean(),
  numbers,
  texts: fc.array(wellFormed, { maxLength: 5 }),
  json: fc.jsonValue(),
  'statistics?': fc.option(fc.record({ precision: numbers, response: numbers })),
}

const TYPES = Object.keys(EVENT_FORMATS) as LoggedEventType[]
const event = fc.constantFrom(...TYPES).chain((type) =>
  fc.record({
    type: fc.constant(type),
    at: fc.double({ noNaN: true }),
    ...Object.fromEntries(EVENT_FORMATS[type].fields.map(([name, kind]) => [name, VALUES[kind]])),
  }),
) as unknown as fc.Arbitrary<LoggedEvent>

describe('an event as bytes', () => {
  it('has a format and a number of its own for every type but alarms, which follow from others', () => {
    expect([...TYPES].sort()).toEqual(EVENT_TYPES.filter((type) => type !== 'drift').sort())
    expect(new Set(TYPES.map((type) => EVENT_FORMATS[type].code)).size).toBe(TYPES.length)
  })

  it('comes back as it was, to the bit, whatever was written before', () => {
    const writer = new EventWriter()
    fc.assert(
      fc.property(event, (each) => {
        const bytes = writer.encode(each)
        expect(JSON.stringify(decodeEvent(bytes))).toBe(JSON.stringify(each))
        expect(writer.encode(decodeEvent(bytes))).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('is refused when any byte of it is altered, and when it is cut anywhere', () => {
    const bytes = new EventWriter().encode(routedEvent('r.12'))
    for (let i = 1; i < bytes.length; i++) {
      const altered = bytes.slice()
      altered[i] ^= 1 << (i % 8)
      expectCode(() => decodeEvent(altered), 'LOG_CORRUPT', 'event')
      expectCode(() => decodeEvent(bytes.subarray(0, i)), 'LOG_CORRUPT', 'event')
    }
    expectCode(() => decodeEvent(new Uint8Array(0)), 'LOG_CORRUPT')
  })

  it('of a future version is told from a broken one', () => {
    const bytes = new EventWriter().encode(routedEvent('r.12'))
    bytes[0] = 2
    expect(expectCode(() => decodeEvent(bytes), 'LOG_VERSION').message).toContain('version 2')
  })
})
