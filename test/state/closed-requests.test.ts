import { describe, expect, it } from 'vitest'
import { priceListOf } from '../../src/models/price-list.js'
import {
  CLOSED_OPEN_BILL_MAX,
  CLOSED_SETTLED_MAX,
  ClosedRequests,
} from '../../src/state/pending/closed-requests.js'
import { NUMBER, ORIGIN, PENDING_NUMBERS, STATE } from '../../src/state/pending/request-row.js'
import { FAILED, SETTLED } from '../../src/state/pending/request-state.js'

const STRIDE = PENDING_NUMBERS + 3
const PRICES = [1, 2].map((usd) =>
  priceListOf({ inputUsdPerMTok: usd, outputUsdPerMTok: usd } as Parameters<typeof priceListOf>[0]),
)

/** Adds a request out of the middle of a block of rows, as the ring has them. */
function add(closed: ClosedRequests, number: number, state: number, prices = PRICES[0]): void {
  const rows = new Float64Array(3 * STRIDE).fill(-1)
  const row = rows.subarray(STRIDE, 2 * STRIDE)
  row.fill(number)
  row[NUMBER] = number
  row[ORIGIN] = 1
  row[STATE] = state
  closed.add(rows, STRIDE, prices)
}

describe('closed requests', () => {
  it.each([
    ['settled', SETTLED, CLOSED_SETTLED_MAX],
    ['with an open bill', FAILED, CLOSED_OPEN_BILL_MAX],
  ])('the latest %s are remembered, in the order of their closing, and no more', (_, state, max) => {
    const closed = new ClosedRequests(STRIDE)
    const added = 2 * max + 7
    for (let number = 1; number <= added; number++) add(closed, number, state)
    const numbers = closed.all().map(({ row }) => row[NUMBER])
    expect(numbers).toEqual(Array.from({ length: max }, (_, i) => added - max + 1 + i))
    expect(closed.find(1, added - max)).toBeUndefined()
    expect(closed.find(1, added - max + 1)?.row[PENDING_NUMBERS]).toBe(added - max + 1)
    expect(closed.find(2, added)).toBeUndefined()
  })

  it('of both kinds the latest are told, the settled ones first, each with its own prices and context', () => {
    const closed = new ClosedRequests(STRIDE)
    for (let number = 1; number <= 300; number++)
      add(closed, number, number % 2 === 0 ? SETTLED : FAILED, PRICES[number % 2])
    const latest = closed.latest(2)
    expect(latest.map(({ row }) => row[NUMBER])).toEqual([298, 300, 297, 299])
    expect(latest.map(({ prices }) => prices)).toEqual([PRICES[0], PRICES[0], PRICES[1], PRICES[1]])
    for (const { row } of latest) expect(row[STRIDE - 1]).toBe(row[NUMBER])
  })

  it('a bill changes the row in place, and not that of a copy', () => {
    const closed = new ClosedRequests(STRIDE)
    for (let number = 1; number <= 100; number++) add(closed, number, FAILED)
    const copy = new ClosedRequests(STRIDE)
    closed.copyTo(copy)
    const found = closed.find(1, 70)
    if (found !== undefined) found.row[PENDING_NUMBERS] = 0.5
    expect(closed.find(1, 70)?.row[PENDING_NUMBERS]).toBe(0.5)
    expect(copy.find(1, 70)?.row[PENDING_NUMBERS]).toBe(70)
    add(closed, 101, FAILED)
    expect(copy.all()).toHaveLength(100)
  })
})
