import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LatencyObjective } from '../../../src/policy/dollar/latency/latency-objective.js'
import { NO_USE } from '../../../src/policy/dollar/pending-columns.js'
import { LATENCY_PRICE_MAX } from '../../../src/policy/dollar/tuning.js'
import { Random } from '../../support/random.js'
import { gauss } from '../../support/slo-world.js'
import '../../support/seed.js'

const SLOTS = [0, 1, 2]
const limit = fc.oneof(
  fc.record({ ms: fc.constantFrom(1, 300, 1e6), percentile: fc.constant(null) }),
  fc.record({ ms: fc.constantFrom(1, 300, 1e6), percentile: fc.constantFrom(0.6, 0.9, 0.99, 0.9999) }),
)
const use = fc.double({ min: 0, max: 10, noNaN: true })
const value = fc.double({ min: -2, max: 2, noNaN: true })
const step = fc.oneof(
  fc.record({
    do: fc.constant('routed' as const),
    values: fc.tuple(value, value, value),
    uses: fc.tuple(use, use, use),
    chosen: fc.constantFrom(NO_USE, 0, 1, 2),
    price: fc.constantFrom(0, 0.1, 5),
  }),
  fc.record({
    do: fc.constant('settled' as const),
    slot: fc.constantFrom(...SLOTS),
    ms: fc.constantFrom(0, 1, 200, 400, 1e5, 1e12),
    use: fc.oneof(use, fc.constant(NO_USE)),
  }),
  fc.record({ do: fc.constant('failed' as const), use: fc.oneof(use, fc.constant(NO_USE)) }),
  fc.record({ do: fc.constant('strayed' as const), slot: fc.constantFrom(...SLOTS) }),
  fc.record({ do: fc.constant('forget' as const), slot: fc.constantFrom(...SLOTS) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
const scripts = fc.array(step, { maxLength: 200 })

function fresh(): LatencyObjective {
  const objective = new LatencyObjective()
  for (const slot of SLOTS) objective.profiles.start(slot)
  return objective
}

function perform(objective: LatencyObjective, script: readonly Step[], from = 1): void {
  script.forEach((each, i) => {
    if (each.do === 'routed') {
      const { values, uses, chosen, price } = each
      const contenders = Float64Array.from(SLOTS.flatMap((slot) => [slot, values[slot], 0.001 * (slot + 1)]))
      objective.routed(
        contenders,
        Float64Array.from(uses),
        chosen === NO_USE ? NO_USE : uses[chosen as 0 | 1 | 2],
        1,
        price,
      )
    } else if (each.do === 'settled') {
      objective.profiles.observe(each.slot, Math.log(Math.max(each.ms, 0.001)))
      objective.settled(each.slot, each.ms, each.use)
    } else if (each.do === 'failed') objective.failed(each.use)
    else if (each.do === 'strayed') {
      objective.profiles.strayed(each.slot, from + i)
      objective.changed()
    } else objective.forget(each.slot)
  })
}

describe('a latency objective by itself', () => {
  it('has a price within its bounds, and a debt that one horizon pays back', () => {
    fc.assert(
      fc.property(limit, scripts, (asked, script) => {
        const objective = fresh()
        objective.set(asked)
        perform(objective, script)
        const price = objective.price()
        expect(price).toBeGreaterThanOrEqual(0)
        expect(price).toBeLessThanOrEqual(LATENCY_PRICE_MAX)
        const horizon = asked.percentile === null ? 64 : 64 + 20 / (1 - asked.percentile)
        expect(objective.debt).toBeLessThanOrEqual(0.7 * horizon + 1e-9)
        expect(objective.debt).toBeGreaterThanOrEqual(
          (asked.percentile === null ? -0.4 : -0.15) * horizon - 1e-9,
        )
        for (const slot of SLOTS) {
          expect(objective.correction(slot)).toBeGreaterThanOrEqual(0.25)
          expect(objective.correction(slot)).toBeLessThanOrEqual(4)
        }
      }),
    )
  })

  it('goes on from its numbers as if nothing had happened, and takes no others', () => {
    fc.assert(
      fc.property(limit, scripts, scripts, fc.nat(), (asked, script, rest, where) => {
        const objective = fresh()
        objective.set(asked)
        perform(objective, script)
        const other = fresh()
        const numbers = Float64Array.from([...objective.save(), 7, 8])
        expect(other.load(numbers, new Set(SLOTS))).toBe(numbers.length - 2)
        for (const slot of SLOTS) other.profiles.row(slot).set(objective.profiles.row(slot))
        expect(other.save()).toEqual(objective.save())
        for (const each of [objective, other]) perform(each, rest, 1000)
        expect(other.save()).toEqual(objective.save())
        expect(other.price()).toBe(objective.price())
        const spoilt = numbers.slice()
        spoilt[where % 7] = Number.NaN
        expect(fresh().load(spoilt, new Set(SLOTS))).toBe(-1)
        expect(fresh().load(numbers.subarray(0, where % (numbers.length - 2)), new Set(SLOTS))).toBe(-1)
      }),
    )
  })

  it('predicts the mean and the tail of lognormal latencies', () => {
    for (const [median, sigma] of [
      [200, 0.3],
      [1000, 0.6],
      [5000, 1],
    ]) {
      const random = new Random(5)
      const mean = fresh()
      mean.set({ ms: 1000, percentile: null })
      const tail = fresh()
      const ms = median * Math.exp(1.2 * sigma)
      tail.set({ ms, percentile: 0.9 })
      for (let i = 0; i < 2000; i++) {
        const latencyMs = median * Math.exp(sigma * gauss(random))
        for (const each of [mean, tail]) {
          // The head says ln 700 throughout: level and spread are the profile's to find.
          each.settled(0, latencyMs, each.predict(0, Math.log(700)))
          each.profiles.observe(0, Math.log(latencyMs / 700))
        }
      }
      const use = (each: LatencyObjective) => each.predict(0, Math.log(700)) * each.correction(0)
      const predicted = use(mean) / ((median / 1000) * Math.exp((sigma * sigma) / 2))
      expect(predicted).toBeGreaterThan(0.85)
      expect(predicted).toBeLessThan(1.15)
      // P(Z > 1.2) = 0.1151
      expect(use(tail) / 1.151).toBeGreaterThan(0.75)
      expect(use(tail) / 1.151).toBeLessThan(1.25)
      expect(mean.predict(1, 5)).toBe(NO_USE)
    }
  })

  it('is at the tail of the normal distribution what tables say', () => {
    const objective = fresh()
    objective.set({ ms: 100, percentile: 0.9 })
    objective.profiles.observe(0, 0)
    const sigma = Math.sqrt(objective.profiles.variance(0))
    const tails: readonly [number, number][] = [
      [0, 0.5],
      [1, 0.158655],
      [-1, 0.841345],
      [2, 0.0227501],
      [-3, 0.9986501],
      [4, 0.0000317],
    ]
    for (const [z, tail] of tails)
      expect(objective.predict(0, Math.log(100) - z * sigma) * 0.1).toBeCloseTo(tail, 6)
  })

  it('prices latency so that the window uses what is allowed, in either unit', () => {
    for (const percentile of [null, 0.9]) {
      const random = new Random(6)
      const objective = fresh()
      objective.set({ ms: 100, percentile })
      let used = 0
      let price = 0
      for (let i = 0; i < 4000; i++) {
        const gain = random.next()
        // A slow model that is worth more by a different amount each time, and a fast one.
        price = objective.price()
        const slow = gain - 3 * price > -0.4 * price
        const latencyUse = slow ? 3 : 0.4
        const contenders = Float64Array.of(0, gain - 3 * price, 0, 1, -0.4 * price, 0)
        objective.routed(contenders, Float64Array.of(3, 0.4), latencyUse, 0, price)
        if (i >= 1000) used += latencyUse / 3000
      }
      expect(used).toBeGreaterThan(0.95)
      expect(used).toBeLessThan(1.01)
      // A share (1 - 0.4) / 2.6 of the requests may be slow: those that gain more than 0.77 by it.
      expect(price * 2.6).toBeGreaterThan(0.7)
      expect(price * 2.6).toBeLessThan(0.85)
    }
  })
})

describe('latency profiles', () => {
  it('find a level that moved within ten latencies, and the old one again', () => {
    const random = new Random(7)
    const { profiles } = fresh()
    for (let i = 0; i < 300; i++) profiles.observe(0, 0.4 * gauss(random))
    expect(Math.abs(profiles.level(0))).toBeLessThan(0.25)
    for (let i = 0; i < 4; i++) profiles.observe(0, 2 + 0.4 * gauss(random))
    profiles.strayed(0, 304)
    for (let i = 0; i < 6; i++) expect(profiles.observe(0, 2 + 0.4 * gauss(random))).toBe(false)
    expect(profiles.level(0)).toBeGreaterThan(1.4)
    expect(profiles.promise(0, 24, 400)).toBeNaN()
    expect(profiles.promise(0, 26, 400)).toBeLessThan(0.5)
    expect(profiles.promise(0, 26, 1000)).toBeNaN()
    let trials = 0
    while (!profiles.observe(0, 0.4 * gauss(random))) trials++
    expect(trials).toBeLessThan(6)
    expect(profiles.level(0)).toBeLessThan(0.5)
    expect(profiles.promise(0, 1e6, 1e6)).toBeNaN()
  })
})
