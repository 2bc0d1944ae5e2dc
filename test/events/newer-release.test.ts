import { describe, expect, it } from 'vitest'
import { checkRecord } from '../../src/base/check.js'
import { createRouter } from '../../src/create-router.js'
import { decodeEvent, EventWriter } from '../../src/events/codec.js'
import { added, column, defineEvent, type EventDefinition } from '../../src/events/definition.js'
import { eventTable } from '../../src/events/event-table.js'
import { rewarded, settled } from '../../src/events/feedback.js'
import { boolean, finite, nullable, record, text } from '../../src/events/fields.js'
import { modelRepriced } from '../../src/events/models.js'
import { tokenCounts } from '../../src/events/token-counts.js'
import { ALL_EVENT_TABLE, ALL_EVENTS } from '../../src/policy/all-events.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { type AnyEvent, hex, sealed, unhex } from '../support/event-bytes.js'
import { MODELS } from '../support/router.js'
import { VERSION_1 } from './version-1.js'

/** A release to come: events and fields, a price and a kind of tokens that this one does not know. */
const PRICES = ['inputUsdPerMTok', 'outputUsdPerMTok', 'cachedInputUsdPerMTok', 'reasoningUsdPerMTok']
const FUTURE = [
  defineEvent('settled', 2, {
    ...settled.fields,
    tokens: added(tokenCounts(['input', 'output', 'smell']), null),
    region: added(nullable(text()), null),
    isBatch: added(boolean(), false),
  }),
  defineEvent('rewarded', 3, { judge: added(text(), 'unknown'), ...rewarded.fields }),
  defineEvent('model-repriced', 10, {
    ...modelRepriced.fields,
    price: record(checkRecord, { first: PRICES, known: [...PRICES, 'smellUsdPerMTok'] }),
  }),
  defineEvent('hold-set', 201, { tenant: column('tenant', nullable(text())), until: finite() }),
]
const replaced = new Set<string>(FUTURE.map(({ type }) => type))
const future = eventTable([
  ...(ALL_EVENTS as readonly EventDefinition[]).filter(({ type }) => !replaced.has(type)),
  ...FUTURE,
])

const write = (event: AnyEvent, table = future) => new EventWriter(table).encode(event).slice()
const readToday = (bytes: Uint8Array) => decodeEvent(bytes, ALL_EVENT_TABLE)

const AT = 1_700_000_000_000
const OF = { at: AT, id: 'r.1', model: 'gpt-x' }
const SETTLED = {
  ...OF,
  type: 'settled',
  costUsd: 1,
  latencyMs: null,
  logCostRatio: 0,
  logLatency: null,
  usageFlags: null,
}
const LATER = { tokens: null, usageFlags: null, region: null, isBatch: false }
const HOLD = { type: 'hold-set', at: AT, tenant: null, until: AT + 1 }
const PRICE = Object.fromEntries(PRICES.map((name) => [name, 1]))
const REPRICED = { type: 'model-repriced', at: AT, model: 'gpt-x', price: PRICE, logCost: 0.5 }

describe('a newer release', () => {
  it('reads the events of this one, with what stands for its own fields', () => {
    for (const [event, bytes] of VERSION_1) {
      const read: unknown = decodeEvent(unhex(bytes), future)
      expect(read).toMatchObject(event)
      if (event.type === 'settled') expect(read).toEqual({ ...event, ...LATER })
      if (event.type === 'rewarded') expect(read).toEqual({ ...event, judge: 'unknown' })
    }
    const today = { ...SETTLED, tokens: { input: 3 } }
    expect(decodeEvent(write(today, ALL_EVENT_TABLE), future)).toEqual({ ...LATER, ...today })
  })

  it('writes what this one knows as this one does, and this one reads it', () => {
    expect(hex(write({ ...SETTLED, ...LATER }))).toBe(hex(write(SETTLED, ALL_EVENT_TABLE)))
    expect(readToday(write({ ...SETTLED, ...LATER }))).toEqual({ ...SETTLED, tokens: null })
    const counted = { ...SETTLED, ...LATER, tokens: { input: 3, output: 4 } }
    expect(readToday(write(counted))).toEqual({ ...SETTLED, tokens: { input: 3, output: 4 } })
  })

  it('reads its own', () => {
    for (const event of [
      { ...SETTLED, tokens: { smell: 2 }, region: 'eu', isBatch: true },
      { ...OF, type: 'rewarded', judge: 'a person', reward: 1 },
      { ...REPRICED, price: { ...PRICE, smellUsdPerMTok: 5 } },
      HOLD,
    ]) {
      expect(decodeEvent(write(event), future)).toEqual(event)
    }
  })
})

describe('what a newer release wrote is refused by name:', () => {
  const cases: readonly [string, AnyEvent][] = [
    ['settled.region', { ...SETTLED, ...LATER, region: 'eu' }],
    ['settled.isBatch', { ...SETTLED, ...LATER, isBatch: true }],
    ['rewarded.judge', { ...OF, type: 'rewarded', reward: 1, judge: 'a person' }],
    ['model-repriced.price.smellUsdPerMTok', { ...REPRICED, price: { ...PRICE, smellUsdPerMTok: 5 } }],
    ['hold-set', HOLD],
  ]
  it.each(cases)('%s', (what, event) => {
    const bytes = write(event)
    const error = expectCode(() => readToday(bytes), 'LOG_VERSION', 'event')
    expect(error.message).toBe(`event: ${what} was written by a newer release`)
    // Release 0.1.0 reads version 1 alone and says so.
    expect(bytes[0]).toBe(2)
  })

  it('a kind of tokens, where the reader knows its kinds', () => {
    const event = { ...SETTLED, tokens: { input: 1, smell: 2 } }
    const older = eventTable([
      defineEvent('settled', 2, { ...settled.fields, tokens: added(tokenCounts(['input', 'output']), null) }),
    ])
    const error = expectCode(() => decodeEvent(write(event), older), 'LOG_VERSION', 'event')
    expect(error.message).toContain('settled.tokens.smell')
  })

  it('a field that has another form there', () => {
    const other = eventTable([defineEvent('settled', 2, { ...settled.fields, tokens: added(text(), '') })])
    const bytes = write({ ...SETTLED, tokens: 'many' }, other)
    expect(expectCode(() => readToday(bytes), 'LOG_VERSION').message).toContain('settled.tokens')
  })

  it('a code, where the newer name stands on one that another event has here', () => {
    const mine = eventTable([defineEvent('mine', 201, { note: text() })])
    const error = expectCode(() => decodeEvent(write(HOLD), mine), 'LOG_VERSION')
    expect(error.message).toContain('hold-set')
  })

  it('a version of the format', () => {
    const bytes = sealed(Uint8Array.of(3, ...write(SETTLED).subarray(1)))
    expect(expectCode(() => readToday(bytes), 'LOG_VERSION', 'event').message).toContain('version 3')
  })
})

describe('a router', () => {
  it('does not go past an event of a newer release', async () => {
    const store = memoryStore()
    const options = { dimension: 3, kernel: 'js', store } as const
    const router = await createRouter({ ...options, models: MODELS })
    await router.close()
    const { firstNumber } = await store.open({ version: 1, settings: {} }, [])
    await store.append({ origin: 'other', firstNumber, events: [write(HOLD)] })
    await store.close()
    const error = await expectRejection(createRouter(options), 'LOG_VERSION')
    expect(error.message).toContain('hold-set')
  })

  it('of policy paper knows the events of all', async () => {
    const store = memoryStore()
    const options = { dimension: 3, kernel: 'js', policy: 'paper', store } as const
    const router = await createRouter({ ...options, models: MODELS })
    router.settle(router.route([1, 0, 1]).id, { inputTokens: 10, outputTokens: 2 })
    await router.close()
    const again = await createRouter(options)
    expect(again.stats().models.reduce((sum, model) => sum + model.settled, 0)).toBe(1)
    await again.close()
  })
})
