import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { decodeEvent, EventWriter } from '../../src/events/codec.js'
import { defineEvent } from '../../src/events/definition.js'
import { eventTable, FIRST_CODE_MAX } from '../../src/events/event-table.js'
import type { LoggedEvent } from '../../src/events/events.js'
import { text } from '../../src/events/fields.js'
import { ALL_EVENT_TABLE, ALL_EVENTS } from '../../src/policy/all-events.js'
import { EVENT_TYPES } from '../../src/policy/policies.js'
import { expectCode } from '../support/errors.js'
import { type AnyEvent, anyEvent, hex, sealed, unhex } from '../support/event-bytes.js'
import { routedEvent } from '../support/events.js'
import '../support/seed.js'
import { VERSION_1 } from './version-1.js'

const LOGGED = ALL_EVENTS.filter(({ code }) => code !== null)
const event = fc.constantFrom(...LOGGED).chain(anyEvent)
const decode = (bytes: Uint8Array) => decodeEvent(bytes, ALL_EVENT_TABLE)
const encode = (each: AnyEvent | LoggedEvent) => new EventWriter(ALL_EVENT_TABLE).encode(each).slice()

const SETTLED = {
  type: 'settled',
  at: 1_700_000_000_000.25,
  id: 'r.1',
  model: 'gpt-x',
  costUsd: 0.0031,
  latencyMs: 840,
  logCostRatio: 0.125,
  logLatency: 6.75,
} as const
const WITH_TOKENS = { ...SETTLED, tokens: { input: 812, cachedInput: 100, output: 40 } }
/** Version 2 as its first release wrote it. */
const WITH_TOKENS_HEX =
  '020200048056febc784203000000722e31050000006770742d781361c3d32b65693f010000000000408a40000000000000c03f' +
  '010000000000001b4006000000746f6b656e730a0300000005000000696e70757400000000006089400b0000006361636865' +
  '64496e7075740000000000005940060000006f757470757400000000000044408b622697'

/** What later releases added, and what stands for it in older events. */
const ADDED_SINCE = new Map<string, unknown>([
  ['tokens', null],
  ['usageFlags', null],
  ['latencyMs', null],
  ['retryAfterMs', null],
  ['triesCost', false],
  ['triesLatency', false],
  ['alone', false],
  ['triedLimitUsd', null],
  ['triedLimitMs', null],
  ['drain', false],
  ['by', 'operator'],
  ['countsOn', false],
  ['periods', null],
  ['inputTokens', null],
  ['shrinkage', new Float64Array()],
  ['usualTokens', new Float64Array()],
  ['requests', 1],
])

/** A field as it is read where lists are passed over: those of statistics, too. */
function withoutLists(value: unknown): unknown {
  if (value instanceof Float64Array) return new Float64Array()
  const hasLists = typeof value === 'object' && value !== null && 'precision' in value
  return hasLists ? { precision: new Float64Array(), response: new Float64Array() } : value
}

describe('an event as bytes', () => {
  it('has a code of its own for every type that is logged', () => {
    expect(LOGGED.map(({ code }) => code).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 23 }, (_, i) => i + 1),
    )
    expect(ALL_EVENTS.filter(({ code }) => code === null).map(({ type }) => type)).toEqual([
      'implausible-bill',
      'drained',
      'availability',
      'drift',
      'reach',
    ])
  })

  it('can be subscribed to by its type, notices as well', () => {
    expect(EVENT_TYPES).toEqual(ALL_EVENTS.map(({ type }) => type))
  })

  it('comes back as it was, to the bit, whatever was written before', () => {
    const writer = new EventWriter(ALL_EVENT_TABLE)
    fc.assert(
      fc.property(event, (each) => {
        const bytes = writer.encode(each)
        const read = decode(bytes)
        const inOrder = Object.fromEntries(Object.keys(read).map((name) => [name, each[name]]))
        expect(JSON.stringify(read)).toBe(JSON.stringify(inOrder))
        expect(Object.keys(read).sort()).toEqual(Object.keys(each).sort())
        expect(writer.encode(read)).toEqual(bytes)
      }),
      { numRuns: 1000 },
    )
  })

  it('is read without its lists of numbers, and all the rest as it is, in every version', () => {
    const isSameBut = (bytes: Uint8Array) => {
      const all = Object.entries(decode(bytes)).map(([name, value]) => [name, withoutLists(value)])
      expect(decodeEvent(bytes, ALL_EVENT_TABLE, false)).toEqual(Object.fromEntries(all))
    }
    for (const [, bytes] of VERSION_1) isSameBut(unhex(bytes))
    fc.assert(
      fc.property(event, (each) => isSameBut(encode(each))),
      { numRuns: 300 },
    )
  })

  it.each(VERSION_1.map(([each, bytes], i) => [`${each.type} (${i})`, each, bytes] as const))(
    'of version 1 is read and written as ever: %s',
    (_, each, bytes) => {
      const read = decode(unhex(bytes))
      expect(read).toMatchObject(each)
      const later = Object.entries(read).filter(([name]) => !(name in each))
      expect(later).toEqual(later.map(([name]) => [name, ADDED_SINCE.get(name)]))
      expect(hex(encode(each))).toBe(bytes)
      expect(hex(encode(read))).toBe(bytes)
    },
  )

  it('has been recorded for every type of version 1', () => {
    const first = LOGGED.filter(({ code }) => Number(code) <= FIRST_CODE_MAX)
    expect(new Set(VERSION_1.map(([{ type }]) => type))).toEqual(new Set(first.map(({ type }) => type)))
  })

  it('is of version 2 with a field of a later release, and keeps those bytes', () => {
    expect(hex(encode(WITH_TOKENS))).toBe(WITH_TOKENS_HEX)
    expect(decode(unhex(WITH_TOKENS_HEX))).toEqual({ ...WITH_TOKENS, usageFlags: null })
    expect(encode({ ...SETTLED, tokens: {} })[0]).toBe(2)
    expect(encode({ ...SETTLED, tokens: null })).toEqual(encode(SETTLED))
  })

  it.each([
    ['1', routedEvent('r.12')],
    ['2', WITH_TOKENS],
  ])('of version %s is refused when any byte of it is altered, and when it is cut anywhere', (_, each) => {
    const bytes = encode(each)
    for (let i = 0; i < bytes.length; i++) {
      for (const mask of [1 << (i % 8), 0xff]) {
        const altered = bytes.slice()
        altered[i] ^= mask
        expectCode(() => decode(altered), 'LOG_CORRUPT', 'event')
      }
      expectCode(() => decode(bytes.subarray(0, i)), 'LOG_CORRUPT', 'event')
    }
  })

  it('with a forged checksum is an event, corrupt, or of a newer release', () => {
    fc.assert(
      fc.property(
        fc.oneof(event, fc.constant(WITH_TOKENS)),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(30),
        (each, changes, cut) => {
          const bytes = encode(each)
          for (const [at, value] of changes) bytes[at % bytes.length] = value
          const forged = sealed(bytes.subarray(0, Math.max(4, bytes.length - cut)))
          try {
            expect(ALL_EVENT_TABLE.byType.has(decode(forged).type)).toBe(true)
          } catch (error) {
            if (!(error instanceof ParetoBanditError)) throw error
            expect(['LOG_CORRUPT', 'LOG_VERSION']).toContain(error.code)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('of version 1 has a code of version 1, and nothing behind its fields', () => {
    const bytes = encode({ type: 'model-removed', at: 1, model: 'a' })
    for (const code of [0, 19, 255]) {
      const other = bytes.slice()
      other[1] = code
      expectCode(() => decode(sealed(other)), 'LOG_CORRUPT', 'event')
    }
    const longer = sealed(Uint8Array.of(...bytes.subarray(0, -4), 0, 0, 0, 0, 0))
    expect(expectCode(() => decode(longer), 'LOG_CORRUPT').message).toContain('longer')
    expectCode(() => decode(sealed(Uint8Array.of(0, ...bytes.subarray(1)))), 'LOG_CORRUPT', 'event')
  })
})

describe('a table of events', () => {
  it('takes a type once, a code once, and codes of one byte', () => {
    const of = (type: string, code: number) => defineEvent(type, code, { note: text() })
    for (const two of [
      [of('a', 20), of('a', 21)],
      [of('a', 20), of('b', 20)],
      [of('a', 0)],
      [of('a', 256)],
      [of('a', 20.5)],
    ]) {
      expectCode(() => eventTable(two), 'INVALID_ARGUMENT')
    }
  })

  it('writes only what is in it', () => {
    const writer = new EventWriter(ALL_EVENT_TABLE)
    expectCode(() => writer.encode({ type: 'drift', at: 1 }), 'INVALID_ARGUMENT', 'event.type')
  })
})
