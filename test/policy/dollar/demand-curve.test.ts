import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { areCurvePoints } from '../../../src/events/curve-point.js'
import { DemandCurve } from '../../../src/policy/dollar/demand/demand-curve.js'
import '../../support/seed.js'

interface Contender {
  readonly slot: number
  readonly value: number
  readonly costUsd: number
}

const contender = fc.record({
  slot: fc.nat(5),
  value: fc.double({ min: -1, max: 2, noNaN: true }),
  costUsd: fc.oneof(
    fc.constantFrom(0, 1e-5, 1e-3, 1),
    fc.double({ min: 1e-7, max: 10, noNaN: true }),
    fc.double({ min: 1e-7, max: 1e-4, noNaN: true }),
  ),
})
const request = fc.uniqueArray(contender, { minLength: 1, maxLength: 6, selector: ({ slot }) => slot })
const requests = fc.array(request, { minLength: 1, maxLength: 40 })

function flat(contenders: readonly Contender[]): Float64Array {
  return Float64Array.from(contenders.flatMap(({ slot, value, costUsd }) => [slot, value, costUsd]))
}

function curveOf(window: readonly (readonly Contender[])[], capacity = 64): DemandCurve {
  const curve = new DemandCurve(capacity)
  for (const each of window) curve.add(flat(each))
  return curve
}

/** Mean cost or value of the window at a price, each request going to its best contender, the cheaper one on a tie. */
function meanAt(window: readonly (readonly Contender[])[], price: number, what: 'value' | 'costUsd'): number {
  const best = window.map((contenders) =>
    contenders.reduce((a, b) => {
      const gain = b.value - price * b.costUsd - (a.value - price * a.costUsd)
      return gain > 0 || (gain === 0 && b.costUsd < a.costUsd) ? b : a
    }),
  )
  return best.reduce((sum, each) => sum + each[what], 0) / window.length
}

/** What rounding to whole units can move in a mean. */
const COST_SLACK = 1e-9
const VALUE_SLACK = 1.5e-6

describe('the price of a spend', () => {
  it('keeps the window within the target, and a price 5 % lower would not', () => {
    fc.assert(
      fc.property(requests, fc.double({ min: 1e-6, max: 5, noNaN: true }), (window, target) => {
        const price = curveOf(window).priceOfSpend(target)
        expect(price).toBeLessThan(2 ** 41)
        const cheapest = window.map((each) => Math.min(...each.map(({ costUsd }) => costUsd)))
        const least = cheapest.reduce((sum, cost) => sum + cost, 0) / window.length
        if (least > target) {
          expect(meanAt(window, price * 1.000001, 'costUsd')).toBeLessThanOrEqual(least + COST_SLACK)
          return
        }
        expect(meanAt(window, price * 1.000001, 'costUsd')).toBeLessThanOrEqual(target + COST_SLACK)
        if (price > 2 ** -19) {
          expect(meanAt(window, price / 1.05, 'costUsd')).toBeGreaterThan(target - COST_SLACK)
        } else if (price === 0) expect(curveOf(window).freeCostUsd).toBeLessThanOrEqual(target + COST_SLACK)
      }),
    )
  })

  it('with a slack leaves that share of the least unsaved, and is no higher than without', () => {
    fc.assert(
      fc.property(requests, fc.double({ min: 0, max: 0.2, noNaN: true }), (window, slack) => {
        const curve = curveOf(window)
        const cheapest = window.map((each) => Math.min(...each.map(({ costUsd }) => costUsd)))
        const least = cheapest.reduce((sum, cost) => sum + cost, 0) / window.length
        const price = curve.priceOfSpend(0, false, slack)
        expect(price).toBeLessThanOrEqual(curve.priceOfSpend(0))
        expect(meanAt(window, price * 1.000001, 'costUsd')).toBeLessThanOrEqual(
          least * (1 + slack) + COST_SLACK,
        )
      }),
    )
  })

  it('is the same whatever left the window before, and after a save and a load', () => {
    fc.assert(
      fc.property(
        requests,
        requests,
        fc.double({ min: 1e-6, max: 1, noNaN: true }),
        (before, after, target) => {
          const capacity = after.length
          const worn = curveOf([...before, ...after], capacity)
          // A walk's place must not matter either.
          worn.priceOfSpend(target * 7)
          worn.priceOfValue(0.5)
          const fresh = curveOf(after, capacity)
          const loaded = new DemandCurve(capacity)
          const saved = worn.save()
          expect(loaded.accepts(saved, new Set([0, 1, 2, 3, 4, 5]))).toBe(true)
          loaded.load(saved)
          for (const curve of [fresh, loaded]) {
            expect(worn.priceOfSpend(target)).toBe(curve.priceOfSpend(target))
            expect(worn.priceOfValue(target)).toBe(curve.priceOfValue(target))
            expect(worn.freeCostUsd).toBe(curve.freeCostUsd)
          }
        },
      ),
    )
  })

  it('never rises with the target', () => {
    fc.assert(
      fc.property(requests, fc.double({ min: 1e-6, max: 1, noNaN: true }), (window, target) => {
        const curve = curveOf(window)
        expect(curve.priceOfSpend(2 * target)).toBeLessThanOrEqual(curve.priceOfSpend(target))
      }),
    )
  })

  it('follows a reprice and a removal as if the window had been routed so', () => {
    fc.assert(
      fc.property(requests, fc.double({ min: 0.01, max: 20, noNaN: true }), (window, factor) => {
        const repriced = curveOf(window)
        repriced.reprice(2, factor)
        const scaled = window.map((each) =>
          each.map((one) => (one.slot === 2 ? { ...one, costUsd: one.costUsd * factor } : one)),
        )
        const without = curveOf(window)
        without.forget(2)
        const left = window.map((each) => each.filter(({ slot }) => slot !== 2))
        for (const target of [1e-5, 0.01, 0.3]) {
          expect(repriced.priceOfSpend(target)).toBe(curveOf(scaled).priceOfSpend(target))
        }
        expect(without.freeCostUsd * without.count).toBeCloseTo(
          curveOf(left.filter((each) => each.length > 0)).freeCostUsd *
            left.filter((each) => each.length > 0).length,
          9,
        )
      }),
    )
  })

  it('keeps the latest requests alone when told so', () => {
    fc.assert(
      fc.property(
        requests,
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 5, max: 64 }),
        (window, kept, capacity) => {
          const curve = curveOf(window, capacity)
          curve.keepLatest(kept)
          const inside = window.slice(-capacity)
          const latest = kept === 0 ? [] : inside.slice(-kept)
          expect(curve.count).toBe(latest.length)
          expect(curve.priceOfSpend(0.01)).toBe(curveOf(latest, capacity).priceOfSpend(0.01))
        },
      ),
    )
  })
})

describe('the price of a value', () => {
  it('leaves the window worth the target, and a price 5 % higher would not', () => {
    fc.assert(
      fc.property(requests, fc.double({ min: -1, max: 2, noNaN: true }), (window, target) => {
        const curve = curveOf(window)
        const price = curve.priceOfValue(target)
        if (price === 0) {
          expect(meanAt(window, 0, 'value')).toBeLessThanOrEqual(target + VALUE_SLACK)
          return
        }
        // Steps beyond the end of the scale are counted at its end: nothing is said of prices there.
        if (price * 1.05 >= 2 ** 39) return
        expect(meanAt(window, price * 0.999999, 'value')).toBeGreaterThanOrEqual(target - VALUE_SLACK)
        expect(meanAt(window, price * 1.05, 'value')).toBeLessThanOrEqual(target + VALUE_SLACK)
      }),
    )
  })
})

describe('the price of a value that may be exceeded by so much', () => {
  it('is the plain one where it is not, and else one at which the window is worth less than the target', () => {
    fc.assert(
      fc.property(requests, fc.double({ min: -1, max: 2, noNaN: true }), (window, target) => {
        const curve = curveOf(window)
        const plain = curve.priceOfValue(target)
        const slack = 0.01
        const generous = curve.priceOfValue(target, slack)
        expect(curve.priceOfValue(target)).toBe(plain)
        if (generous === plain) {
          if (plain > 0 && plain < Number.POSITIVE_INFINITY)
            expect(meanAt(window, plain * 0.999999, 'value')).toBeLessThanOrEqual(
              target + slack + VALUE_SLACK,
            )
          return
        }
        expect(generous).toBeGreaterThan(plain)
        expect(generous).toBeLessThan(1.05 * plain)
        // The last bin holds what changes beyond the scale, too: a dollar is worth 2^39 there.
        if (generous >= 2 ** 39) return
        expect(meanAt(window, 1.000001 * generous, 'value')).toBeLessThanOrEqual(target + VALUE_SLACK)
      }),
    )
  })
})

describe('contenders', () => {
  it('are refused when they are not what a curve can add up', () => {
    const known = (slot: number) => slot === 1
    expect(areCurvePoints(Float64Array.of(), known)).toBe(true)
    expect(areCurvePoints(Float64Array.of(1, 0.5, 0.1), known)).toBe(true)
    for (const wrong of [
      [1, 0.5],
      [2, 0.5, 0.1],
      [1, Number.NaN, 0.1],
      [1, 2 ** 21, 0.1],
      [1, 0.5, -0.1],
      [1, 0.5, 1025],
      [1, 0.5, Number.POSITIVE_INFINITY],
      new Array<number>(27).fill(1),
    ]) {
      expect(areCurvePoints(Float64Array.from(wrong), known)).toBe(false)
    }
  })

  it('is mixed of two prices so that what is spent is the target, however many requests change their minds at one price', () => {
    fc.assert(
      fc.property(requests, fc.double({ min: 1e-7, max: 10, noNaN: true }), (window, targetUsd) => {
        const curve = curveOf(window)
        const places = 1000
        let usd = 0
        for (let i = 0; i < places; i++)
          usd += curve.spendAtUsd(curve.mixedPriceOfSpend(targetUsd, (i + 0.5) / places)) / places
        const aimed = Math.min(Math.max(targetUsd, curve.leastCostUsd), curve.freeCostUsd)
        // As near as a thousand places can come, and costs are counted in whole units.
        const step = curve.freeCostUsd / places + 1e-9
        expect(Math.abs(usd - aimed)).toBeLessThanOrEqual(step)
      }),
    )
  })
})

describe('what is saved of a window', () => {
  it('says nothing of the requests before it: a router that was restored since saves the same', () => {
    fc.assert(
      fc.property(requests, requests, (before, window) => {
        const worn = curveOf(before)
        worn.keepLatest(0)
        for (const each of window) worn.add(flat(each))
        expect(worn.save()).toEqual(curveOf(window).save())
      }),
    )
  })
})
