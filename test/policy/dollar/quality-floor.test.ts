import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DemandCurve } from '../../../src/policy/dollar/demand/demand-curve.js'
import { NO_VALUE } from '../../../src/policy/dollar/pending-columns.js'
import { QualityFloor } from '../../../src/policy/dollar/quality/quality-floor.js'
import { Random } from '../../support/random.js'
import { gauss } from '../../support/slo-world.js'
import '../../support/seed.js'

const reward = fc.double({ min: 0, max: 1, noNaN: true })
const scripts = fc.array(
  fc.oneof(
    fc.record({
      reward,
      value: fc.oneof(fc.double({ min: -1, max: 2, noNaN: true }), fc.constant(NO_VALUE)),
    }),
    fc.record({ dragged: reward }),
    fc.record({ floor: fc.oneof(reward, fc.constant(null)) }),
  ),
  { maxLength: 300 },
)
type Script = typeof scripts extends fc.Arbitrary<infer T> ? T : never

function perform(floor: QualityFloor, script: Script): void {
  for (const each of script) {
    if ('reward' in each) floor.rewarded(each.reward, each.value)
    else if ('dragged' in each) floor.routed(each.dragged)
    else floor.set(each.floor)
  }
}

/** Requests with a cheap answer, worth 0.4 to 0.6, and a dear one that is worth up to 0.5 more. */
function curveOf(seed: number): DemandCurve {
  const random = new Random(seed)
  const curve = new DemandCurve(256)
  for (let i = 0; i < 256; i++) {
    const cheap = 0.4 + 0.2 * random.next()
    curve.add(Float64Array.of(0, cheap, 1e-4, 1, cheap + 0.5 * random.next(), 1e-3))
  }
  return curve
}

describe('a quality floor by itself', () => {
  it('corrects its aim within bounds, whatever rewards come', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const floor = new QualityFloor()
        floor.set(0.5)
        perform(floor, script)
        expect(floor.debt).toBeGreaterThanOrEqual(-8)
        expect(floor.debt).toBeLessThanOrEqual(40)
        expect(floor.bias).toBeGreaterThanOrEqual(-0.02)
        expect(floor.bias).toBeLessThanOrEqual(1)
        const price = floor.price(curveOf(1))
        expect(price).toBeGreaterThanOrEqual(0)
        expect(price).toBeLessThanOrEqual(2 ** 30)
      }),
    )
  })

  it('asks no less for a dollar the lower it is', () => {
    fc.assert(
      fc.property(reward, reward, fc.nat(100), (a, b, seed) => {
        const curve = curveOf(seed)
        const priceAt = (meanReward: number) => {
          const floor = new QualityFloor()
          floor.set(meanReward)
          return floor.price(curve)
        }
        expect(priceAt(Math.min(a, b))).toBeGreaterThanOrEqual(priceAt(Math.max(a, b)))
      }),
    )
  })

  it('takes the best where nothing is known, and the cheapest where that is good enough', () => {
    const floor = new QualityFloor()
    expect(floor.price(curveOf(1))).toBe(0)
    floor.set(0.3)
    expect(floor.price(new DemandCurve(256))).toBe(0)
    expect(floor.price(curveOf(1))).toBe(2 ** 30)
    floor.set(0.99)
    expect(floor.price(curveOf(1))).toBe(0)
    expect(floor.isOutOfReach(curveOf(1))).toBe(false)
    for (let i = 0; i < 30; i++) floor.rewarded(0.75, 0.75)
    expect(floor.isOutOfReach(curveOf(1))).toBe(true)
    floor.set(0.6)
    expect(floor.isOutOfReach(curveOf(1))).toBe(false)
  })

  it('is met where predictions promise too much, and where one price changes all minds', () => {
    // Every answer is worth 0.05 less than predicted; in the second world all dear ones gain the same.
    for (const spread of [0.5, 0]) {
      const random = new Random(8)
      const floor = new QualityFloor()
      floor.set(0.6)
      const curve = new DemandCurve(256)
      let sum = 0
      let dear = 0
      for (let i = 0; i < 6000; i++) {
        const gain = 0.05 + (spread === 0 ? 0.2 : spread * random.next())
        const price = floor.price(curve)
        const isDear = gain - price * 9e-4 > 0
        curve.add(Float64Array.of(0, 0.5, 1e-4, 1, 0.5 + gain, 1e-3))
        const value = isDear ? 0.5 + gain : 0.5
        const earned = value - 0.05 + 0.1 * gauss(random)
        floor.rewarded(earned, value)
        if (i < 1000) continue
        sum += earned / 5000
        dear += Number(isDear) / 5000
      }
      expect(sum).toBeGreaterThan(0.595)
      expect(sum).toBeLessThan(0.61)
      expect(dear).toBeLessThan(0.75)
    }
  })

  it('goes on from its numbers as if nothing had happened, and takes no others', () => {
    fc.assert(
      fc.property(scripts, scripts, fc.nat(), (script, rest, where) => {
        const floor = new QualityFloor()
        floor.set(0.5)
        perform(floor, script)
        const numbers = Float64Array.from([...floor.save(), 1])
        const other = new QualityFloor()
        expect(other.load(numbers)).toBe(numbers.length - 1)
        for (const each of [floor, other]) perform(each, rest)
        expect(other.save()).toEqual(floor.save())
        const spoilt = numbers.slice(0, -1)
        spoilt[where % spoilt.length] = Number.POSITIVE_INFINITY
        expect(new QualityFloor().load(spoilt)).toBe(-1)
        expect(new QualityFloor().load(numbers.subarray(0, where % (numbers.length - 1)))).toBe(-1)
      }),
    )
  })
})
