import { describe, expect, it } from 'vitest'
import { checkArray, checkRecord } from '../../src/base/check.js'
import { createRouter } from '../../src/create-router.js'
import { decodeEvent, EventWriter } from '../../src/events/codec.js'
import { added, column, defineEvent, type EventDefinition, type Fields } from '../../src/events/definition.js'
import { eventTable } from '../../src/events/event-table.js'
import { rewarded, settled } from '../../src/events/feedback.js'
import { boolean, finite, nullable, oneOf, record, someOf, text } from '../../src/events/fields.js'
import { modelAdded, modelRepriced } from '../../src/events/models.js'
import { routed } from '../../src/events/routed.js'
import { tokenCounts } from '../../src/events/token-counts.js'
import { ALL_EVENT_TABLE, ALL_EVENTS } from '../../src/policy/all-events.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { type AnyEvent, hex, sealed, unhex } from '../support/event-bytes.js'
import { MODELS } from '../support/router.js'
import { VERSION_1 } from './version-1.js'

/** A release to come: events and fields, words, a price and a kind of tokens that this one does not know. */
const PRICES = ['inputUsdPerMTok', 'outputUsdPerMTok', 'cachedInputUsdPerMTok', 'reasoningUsdPerMTok']
const CONSTRAINTS = ['budget', 'cap', 'latency', 'quality'] as const
const TIER = { aboveInputTokens: 1000, inputUsdPerMTok: 2, outputUsdPerMTok: 2 }
const TIERS = { first: [], known: [...Object.keys(TIER), 'smellUsdPerMTok'] }
const CAP = { usd: 1, per: 'day', window: 'calendar', timeZone: 'UTC' }
const FUTURE = [
  defineEvent('routed', 1, {
    ...routed.fields,
    infeasible: someOf([...CONSTRAINTS, 'smell'], CONSTRAINTS),
  }),
  defineEvent('settled', 2, {
    ...settled.fields,
    tokens: added(tokenCounts(['input', 'output', 'smell']), null),
    region: added(nullable(text()), null),
    isBatch: added(boolean(), false),
    usageFlags: added(someOf(['other-charges', 'brand-new']), null),
    speed: added(nullable(oneOf(['slow', 'fast'])), null),
  }),
  defineEvent('model-added', 6, {
    ...modelAdded.fields,
    model: record(checkRecord, {
      first: ['id', ...PRICES],
      known: ['id', ...PRICES, 'tiers'],
      within: { tiers: TIERS },
    }),
  }),
  defineEvent('rewarded', 3, { judge: added(text(), 'unknown'), ...rewarded.fields }),
  defineEvent('model-repriced', 10, {
    ...modelRepriced.fields,
    price: record(checkRecord, {
      first: PRICES,
      known: [...PRICES, 'smellUsdPerMTok', 'tiers'],
      within: { tiers: TIERS },
    }),
  }),
  defineEvent('caps-set', 12, {
    tenant: column('tenant', nullable(text())),
    caps: record(checkArray, {
      first: Object.keys(CAP),
      known: Object.keys(CAP),
      within: {
        per: { first: ['hour', 'day', 'month'], known: ['hour', 'day', 'week', 'month', 'quarter'] },
      },
    }),
    countsOn: added(boolean(), false),
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
const LATER = { tokens: null, usageFlags: null, region: null, isBatch: false, speed: null }
const HOLD = { type: 'hold-set', at: AT, tenant: null, until: AT + 1 }
const PRICE = Object.fromEntries(PRICES.map((name) => [name, 1]))
const REPRICED = {
  type: 'model-repriced',
  at: AT,
  model: 'gpt-x',
  price: PRICE,
  logCost: 0.5,
  usualTokens: new Float64Array(),
}

const ofVersion1 = (type: string) => VERSION_1.filter(([event]) => event.type === type)[0][0]
const ROUTED = {
  ...ofVersion1('routed'),
  triesCost: false,
  triesLatency: false,
  alone: false,
  triedLimitUsd: null,
  triedLimitMs: null,
  inputTokens: null,
}
const ADDED = ofVersion1('model-added')
const SPEC = ADDED.model as Readonly<Record<string, unknown>>
const CAPS = { type: 'caps-set', at: AT, tenant: null, countsOn: false, periods: null }

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

  it('of a cap per week is this one to release 0.1.0, which does not know the word', () => {
    const caps = (per: string) => write({ ...CAPS, caps: [{ ...CAP, per }] }, ALL_EVENT_TABLE)
    expect([caps('day')[0], caps('week')[0]]).toEqual([1, 2])
    expect(readToday(caps('week'))).toMatchObject({ caps: [{ per: 'week' }] })
  })

  it('writes what this one knows as this one does, and this one reads it', () => {
    expect(hex(write({ ...SETTLED, ...LATER }))).toBe(hex(write(SETTLED, ALL_EVENT_TABLE)))
    expect(readToday(write({ ...SETTLED, ...LATER }))).toEqual({ ...SETTLED, tokens: null })
    const counted = { ...SETTLED, ...LATER, tokens: { input: 3, output: 4 } }
    expect(readToday(write(counted))).toEqual({ ...SETTLED, tokens: { input: 3, output: 4 } })
    const caps = { ...CAPS, caps: [CAP, { ...CAP, per: 'hour' }] }
    const known = { ...ADDED, shrinkage: new Float64Array() }
    const tiered = { ...known, model: { ...SPEC, tiers: [TIER] } }
    for (const event of [ROUTED, known, caps, tiered]) {
      expect(hex(write(event))).toBe(hex(write(event, ALL_EVENT_TABLE)))
      expect(readToday(write(event))).toEqual(event)
    }
  })

  it('reads its own', () => {
    for (const event of [
      { ...SETTLED, tokens: { smell: 2 }, region: 'eu', isBatch: true, speed: 'fast' },
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
    ['settled.usageFlags.brand-new', { ...SETTLED, ...LATER, usageFlags: ['other-charges', 'brand-new'] }],
    ['routed.infeasible.smell', { ...ROUTED, infeasible: ['cap', 'smell'] }],
    [
      'model-added.model.tiers.smellUsdPerMTok',
      { ...ADDED, model: { ...SPEC, tiers: [TIER, { ...TIER, smellUsdPerMTok: 1 }] } },
    ],
    [
      'model-repriced.price.tiers.smellUsdPerMTok',
      { ...REPRICED, price: { ...PRICE, tiers: [{ ...TIER, smellUsdPerMTok: 1 }] } },
    ],
    ['caps-set.caps.per.quarter', { ...CAPS, caps: [CAP, { ...CAP, per: 'quarter' }] }],
    ['hold-set', HOLD],
  ]
  it.each(cases)('%s', (what, event) => {
    const bytes = write(event)
    const error = expectCode(() => readToday(bytes), 'LOG_VERSION', 'event')
    expect(error.message).toBe(`event: ${what} was written by a newer release`)
    // Release 0.1.0 reads version 1 alone and says so.
    expect(bytes[0]).toBe(2)
  })

  it.each([
    ['model-repriced', 'usualTokens', Float64Array.of(1000, 300)],
    ['tenant-removed', 'countsOn', true],
    ['caps-set', 'countsOn', true],
    ['tenant-removed', 'periods', []],
    ['caps-set', 'periods', [{ per: 'day', timeZone: 'UTC', startsAt: AT, endsAt: AT + 86_400_000 }]],
    ['refused', 'requests', 2],
    ['model-removed', 'drain', true],
  ])('of %s the field %s, by a release that is older than it', (type, field, value) => {
    const definition = (ALL_EVENTS as readonly EventDefinition<string, Fields>[]).find(
      (each) => each.type === type,
    )
    if (definition === undefined || definition.code === null) throw new Error(`no event ${type}`)
    const { [field]: since, ...fields } = definition.fields
    expect(since).toBeDefined()
    const older = eventTable([defineEvent(type, definition.code, fields)])
    const caps = { caps: [CAP], countsOn: false, periods: null }
    const all: AnyEvent = { ...OF, type, tenant: 't', ...caps, price: PRICE, logCost: 0.5 }
    const plain = {
      type,
      at: AT,
      ...Object.fromEntries(Object.keys(fields).map((name) => [name, all[name]])),
    }
    const absent: AnyEvent = { ...readToday(write(plain, older)) }
    expect(absent).toHaveProperty(field)
    expect(decodeEvent(write(absent, ALL_EVENT_TABLE), older)).toEqual(plain)
    const bytes = write({ ...absent, [field]: value }, ALL_EVENT_TABLE)
    expect(readToday(bytes)).toEqual({ ...absent, [field]: value })
    expect(expectCode(() => decodeEvent(bytes, older), 'LOG_VERSION').message).toContain(`${type}.${field}`)
  })

  it('a kind of tokens, where the reader knows its kinds', () => {
    const event = { ...SETTLED, tokens: { input: 1, smell: 2 } }
    const older = eventTable([
      defineEvent('settled', 2, { ...settled.fields, tokens: added(tokenCounts(['input', 'output']), null) }),
    ])
    const error = expectCode(() => decodeEvent(write(event), older), 'LOG_VERSION', 'event')
    expect(error.message).toContain('settled.tokens.smell')
  })

  it('a word of a nullable field', () => {
    const older = eventTable([
      defineEvent('settled', 2, { ...settled.fields, speed: added(nullable(oneOf(['slow'])), null) }),
    ])
    expect(decodeEvent(write({ ...SETTLED, ...LATER, speed: 'slow' }), older)).toMatchObject({
      speed: 'slow',
    })
    const bytes = write({ ...SETTLED, ...LATER, speed: 'fast' })
    const error = expectCode(() => decodeEvent(bytes, older), 'LOG_VERSION', 'event')
    expect(error.message).toContain('settled.speed.fast')
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
  it.each([
    ['hold-set', HOLD],
    ['settled.usageFlags.brand-new', { ...SETTLED, ...LATER, usageFlags: ['brand-new'] }],
    [
      'model-added.model.tiers.smellUsdPerMTok',
      {
        ...ADDED,
        model: { ...SPEC, tiers: [{ ...TIER, smellUsdPerMTok: 1 }] },
      },
    ],
  ])('does not go past an event of a newer release: %s', async (what, event) => {
    const store = memoryStore()
    const options = { dimension: 3, kernel: 'js', store } as const
    const router = await createRouter({ ...options, models: MODELS })
    await router.close()
    const { firstNumber } = await store.open({ version: 1, settings: {} }, [])
    await store.append({ origin: 'other', firstNumber, events: [write(event)] })
    await store.close()
    const error = await expectRejection(createRouter(options), 'LOG_VERSION')
    expect(error.message).toContain(what)
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
