import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkModelPrice } from '../../src/models/model.js'
import { type PriceList, priceListOf } from '../../src/models/price-list.js'
import { PendingRequests } from '../../src/state/pending/pending.js'
import { EXPIRED, isUnsettled, isWaiting, REWARDED, SETTLED } from '../../src/state/pending/request-state.js'
import { runToEnd } from '../../src/state/snapshot/snapshot.js'
import '../support/seed.js'

const priced = (inputUsdPerMTok: number) =>
  priceListOf(checkModelPrice({ inputUsdPerMTok, outputUsdPerMTok: 4 }, 'price'))
const PRICES = priced(3)

/** What a policy's own columns begin as. */
const OWN = [0, -1]

function add(ring: PendingRequests, at: number, prices = PRICES): number {
  ring.makeRoom()
  const sequence = ring.next
  const routed = {
    at,
    reservedUsd: at / 2,
    listCostUsd: at / 3,
    predictedUsd: at / 7,
    forced: sequence % 2 === 0,
    context: Float64Array.of(at, -at),
  }
  ring.add(routed, { slot: sequence % 7, incarnation: sequence, prices }, at / 5, 1, sequence)
  return sequence
}

function row(at: number, sequence: number, state: number): Float64Array {
  const forced = sequence % 2 === 0 ? 1 : 0
  const own = [sequence % 7, sequence, state, at, at / 2, at / 3, at / 5]
  return Float64Array.of(...own, 1, at / 7, forced, 1, sequence, 0, 0, ...OWN, at, -at)
}

describe('the ring of pending requests', () => {
  it.each([1, 2, 3, 5, 8, 1023, 1024, 1025, 1500, 5000])(
    'of capacity %i keeps what a plain list keeps',
    (capacity) => {
      fc.assert(
        fc.property(fc.array(fc.nat(9), { minLength: 20, maxLength: 40 }), fc.nat(2000), (steps, bulk) => {
          const ring = new PendingRequests(capacity, 2, OWN)
          const states = [0]
          // The ring's length as its invariant tells it: it doubles only where a waiting request would be lost.
          let length = Math.min(1024, capacity)
          const route = (): void => {
            const evicted = ring.next - length
            if (evicted >= 1 && length < capacity && isWaiting(states[evicted]))
              length = Math.min(2 * length, capacity)
            states[add(ring, ring.next)] = 0
          }
          const due = (deadline: number): number => {
            const open = states.findIndex(
              (state, sequence) => sequence >= Math.max(1, ring.next - length) && isUnsettled(state),
            )
            return open >= 1 && open <= deadline ? open : 0
          }
          for (let i = 0; i < bulk; i++) route()
          for (const step of steps) {
            const sequence = ring.next - 1 - step * step
            if (step < 4 || !ring.holds(sequence)) route()
            else {
              const bit = step % 2 === 0 ? SETTLED : EXPIRED
              ring.setFlags(sequence, bit)
              states[sequence] |= bit
            }
            expect(ring.due(ring.next)).toBe(due(ring.next))
          }
          const wrong = states
            .map((state, sequence) => ({ state, sequence }))
            .slice(1)
            .filter(({ state, sequence }) => {
              if (ring.holds(sequence) !== sequence >= ring.next - length) return true
              if (!ring.holds(sequence)) return false
              const wanted = row(sequence, sequence, state)
              return !ring.row(sequence).every((entry, i) => Object.is(entry, wanted[i]))
            })
          expect(wrong).toEqual([])
          expect(states).toHaveLength(ring.next)
          expect(ring.row(ring.next - 1)).toHaveLength(row(0, 0, 0).length)
          const held = states.map((_, sequence) => sequence).slice(Math.max(1, ring.next - length))
          expect([...ring.waiting()]).toEqual(held.filter((sequence) => isWaiting(states[sequence])))
        }),
        { numRuns: 6 },
      )
    },
  )

  it('finds requests whose numbers are beyond 32 bits', () => {
    const next = 2 ** 40 + 5
    const ring = new PendingRequests(3000, 2, OWN)
    const old = next - 2900
    runToEnd(ring.load(next, old, [{ sequence: old, row: row(7, old, 0).with(7, 0) }], [PRICES]))
    expect(ring.due(6)).toBe(0)
    expect(ring.due(7)).toBe(old)
    for (let i = 0; i < 50; i++) add(ring, i)
    expect(ring.row(old)).toEqual(row(7, old, 0))
    expect(ring.row(next + 49)).toEqual(row(49, next + 49, 0))
    expect(ring.incarnation(next - 1)).toBe(0)
    expect(ring.holds(next - 1)).toBe(true)
    const out = new Float64Array(4)
    ring.copyContextTo(old, out, 1)
    expect(out).toEqual(Float64Array.of(0, 7, -7, 0))
    expect(ring.prices(old)).toBe(PRICES)
    expect(() => ring.prices(next - 1)).toThrow('prices are no longer held')
  })

  it.each([1, 3, 1024, 1500])(
    'of capacity %i holds the price lists of its rows and no others, however often prices change',
    (capacity) => {
      fc.assert(
        fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }), (changes) => {
          const ring = new PendingRequests(capacity, 2, OWN)
          const listOf: PriceList[] = []
          let now = priced(0)
          for (const change of changes) {
            if (change > 0) now = priced(change)
            for (let i = 0; i < 41; i++) {
              const sequence = add(ring, ring.next, now)
              listOf[sequence] = now
              ring.setFlags(sequence, SETTLED | REWARDED)
            }
          }
          const held = listOf.slice(Math.max(1, ring.next - ring.capacity, ring.next - 2048))
          for (let sequence = ring.oldest; sequence < ring.next; sequence++)
            expect(ring.prices(sequence)).toBe(listOf[sequence])
          expect(ring.priceListCount).toBeLessThanOrEqual(new Set(held).size)
          expect(ring.priceListCount).toBeGreaterThanOrEqual(new Set(listOf.slice(ring.oldest)).size)
        }),
        { numRuns: 20 },
      )
    },
  )
})
