import { describe, expect, expectTypeOf, it } from 'vitest'
import { decodeEvent, EventWriter } from '../../src/events/codec.js'
import {
  added,
  checkFields,
  column,
  type DefinedEvent,
  defineEvent,
  type Rules,
} from '../../src/events/definition.js'
import { eventTable } from '../../src/events/event-table.js'
import { amount, boolean, nullable, requestId, text } from '../../src/events/fields.js'
import { ALL_EVENTS } from '../../src/policy/all-events.js'
import { columnsOf, shownFieldsOf } from '../../src/store/sqlite/columns.js'
import { expectCode } from '../support/errors.js'

/** The example of docs/LOG.md: all that there is to write of a new event but the call that makes it. */
const refunded = defineEvent('refunded', 200, {
  id: requestId(),
  tenant: column('tenant', nullable(text())),
  /** What comes back of the request's cost. */
  refundUsd: column('usd', amount()),
  /** Whether the provider said so; a field of a later release. */
  isFinal: added(boolean(), true),
})
type RefundedEvent = DefinedEvent<typeof refunded>

const EVENT: RefundedEvent = {
  type: 'refunded',
  at: 5,
  id: 'r.1',
  tenant: null,
  refundUsd: 0.25,
  isFinal: true,
}
const check = (event: object, rules?: Rules<typeof refunded, number>) => {
  const copy: Record<string, unknown> = { ...event }
  checkFields(refunded, copy, rules, 1)
  return copy
}

describe('a new event, from its definition alone,', () => {
  it('has a type', () => {
    expectTypeOf<RefundedEvent['refundUsd']>().toEqualTypeOf<number>()
    expectTypeOf<RefundedEvent['tenant']>().toEqualTypeOf<string | null>()
    expectTypeOf<RefundedEvent['isFinal']>().toEqualTypeOf<boolean>()
    expectTypeOf<RefundedEvent['type']>().toEqualTypeOf<'refunded'>()
  })

  it('has bytes, of version 2 with its name', () => {
    const table = eventTable([...ALL_EVENTS, refunded])
    const writer = new EventWriter(table)
    for (const event of [EVENT, { ...EVENT, tenant: 'acme', isFinal: false }]) {
      const bytes = writer.encode(event)
      expect([bytes[0], bytes[1]]).toEqual([2, 200])
      expect(new TextDecoder().decode(bytes)).toContain('refunded')
      expect(decodeEvent(bytes, table)).toEqual(event)
    }
  })

  it('has a check', () => {
    expect(check(EVENT)).toEqual(EVENT)
    const { isFinal: _, ...before } = EVENT
    expect(check(before)).toEqual(EVENT)
    expectCode(() => check({ ...EVENT, refundUsd: -1 }), 'INVALID_ARGUMENT', 'event.refundUsd')
    expectCode(() => check({ ...EVENT, id: 7 }), 'INVALID_ARGUMENT', 'event.id')
    expectCode(() => check({ ...EVENT, isFinal: 1 }), 'INVALID_ARGUMENT', 'event.isFinal')
    expectCode(() => check({ ...EVENT, refundEur: 1 }), 'UNKNOWN_OPTION', 'event.refundEur')
    expectCode(() => check({ ...EVENT, at: Number.NaN }), 'INVALID_ARGUMENT', 'event.at')
  })

  it('takes rules of what must follow from the state, each once its field has its shape', () => {
    const seen: unknown[] = []
    const rules: Rules<typeof refunded, number> = {
      id: ({ id }, context) => seen.push(id, context),
      refundUsd: ({ refundUsd }) => seen.push(refundUsd),
    }
    check(EVENT, rules)
    expect(seen).toEqual(['r.1', 1, 0.25])
    expectCode(() => check({ ...EVENT, refundUsd: -1 }, rules), 'INVALID_ARGUMENT', 'event.refundUsd')
    expect(seen).toEqual(['r.1', 1, 0.25, 'r.1', 1])
  })

  it('has columns', () => {
    expect(columnsOf(EVENT, shownFieldsOf([refunded]))).toEqual({
      request: 'r.1',
      model: null,
      tenant: null,
      usd: 0.25,
      reward: null,
      latencyMs: null,
    })
  })
})
