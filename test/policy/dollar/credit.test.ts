import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Credit } from '../../../src/policy/dollar/accounts/credit.js'
import '../../support/seed.js'

const usd = fc.double({ min: 1e-6, max: 1, noNaN: true })

const step = fc.record({
  budgetUsd: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: usd }),
  expectedUsd: usd,
  /** What it draws on its cheapest model, over what it draws. */
  leastShare: fc.constantFrom(0, 0.3, 0.6, 1),
  /** Realised over reserved. */
  factor: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 50, noNaN: true })),
  probe: fc.boolean(),
  save: fc.constantFrom(0, 1, -1),
  settleNow: fc.boolean(),
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
const plain: Step = {
  budgetUsd: null,
  expectedUsd: 1e-3,
  leastShare: 0,
  factor: 0,
  probe: false,
  save: 0,
  settleNow: true,
}

describe('an account', () => {
  it('lets no more be spent than the sum of B, the burst, what was written off, and what bills exceeded their reservations by', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 120 }),
        usd,
        fc.integer({ min: 1, max: 60 }),
        (steps, first, burst) => {
          const credit = new Credit(burst)
          let budgetUsd = first
          let dearest = first
          credit.open(budgetUsd)
          let allowed = 0
          let spent = 0
          let reserved = 0
          let excess = 0
          const open: { reservedUsd: number; costUsd: number; budgetUsd: number; probe: boolean }[] = []
          const settle = (): void => {
            const one = open.shift()
            if (one === undefined) return
            credit.settle(one.reservedUsd, one.costUsd, one.budgetUsd, one.probe)
            reserved -= one.reservedUsd
            spent += one.costUsd
            excess += Math.max(0, one.costUsd - one.reservedUsd)
          }
          for (const each of steps) {
            if (each.budgetUsd !== null) {
              budgetUsd = each.budgetUsd
              dearest = Math.max(dearest, budgetUsd)
              credit.open(budgetUsd)
            }
            const available = credit.availableUsd(budgetUsd)
            const saving = each.save > 0 ? credit.savingUsd(available, budgetUsd) : 0
            const probe = each.probe && credit.affordsProbe(each.expectedUsd, saving, available, budgetUsd)
            const leastUsd = each.leastShare * each.expectedUsd
            // Strict: what is not affordable is not routed.
            if (!probe && each.expectedUsd > credit.limitUsd(available - saving, budgetUsd, leastUsd)) {
              // It counts as one all the same.
              credit.payIn(budgetUsd)
              allowed += budgetUsd
              settle()
              continue
            }
            credit.route(budgetUsd, each.expectedUsd, each.save < 0 ? -1 : saving, probe)
            allowed += budgetUsd
            reserved += each.expectedUsd
            const costUsd = each.expectedUsd * each.factor
            open.push({ reservedUsd: each.expectedUsd, costUsd, budgetUsd, probe })
            excess = 0
            // Just routed: whatever bills there were, the account answers for them all, but for what it has written off.
            const boundUsd = allowed + burst * dearest + credit.writtenOffUsd
            expect(spent + reserved).toBeLessThanOrEqual(boundUsd * (1 + 1e-9) + 1e-12)
            if (each.settleNow) settle()
          }
          while (open.length > 0) settle()
          const boundUsd = allowed + burst * dearest + excess + credit.writtenOffUsd
          expect(spent).toBeLessThanOrEqual(boundUsd * (1 + 1e-9) + 1e-12)
        },
      ),
      {
        numRuns: 1000,
        examples: [
          // A try is billed at nine times what the fund held for it, where little may be saved up.
          [[{ ...plain, factor: 10, probe: true }, plain, plain], 1e-3, 1],
          [[{ ...plain, factor: 10, probe: true, save: 1 }, plain, { ...plain, save: 1 }], 1e-3, 4],
          // A debt is written down when the budget is lowered, and a higher one lets requests in again.
          [
            [
              { ...plain, factor: 50, settleNow: false },
              { ...plain, budgetUsd: 1e-6, expectedUsd: 1e-6 },
              ...Array.from({ length: 8 }, () => ({ ...plain, budgetUsd: 2e-4, expectedUsd: 1e-6 })),
            ],
            1e-3,
            1,
          ],
        ],
      },
    )
  })

  it('that owes much for a try, and may save up little, lets requests in again once refused ones have paid', () => {
    for (const burst of [1, 2, 5, 50]) {
      const credit = new Credit(burst)
      credit.open(1)
      credit.route(1, 1, 0, true)
      credit.settle(1, 40, 1, true)
      let refused = 0
      while (credit.limitUsd(credit.availableUsd(1), 1) < 1) {
        credit.payIn(1)
        expect(++refused).toBeLessThanOrEqual(60)
      }
      // What was drawn, and what one more draws, is within what was paid in.
      expect(41).toBeLessThanOrEqual(refused + 2 + burst)
    }
  })

  it('never holds more than the burst', () => {
    const credit = new Credit(50)
    credit.open(0.01)
    for (let i = 0; i < 200; i++) credit.route(0.01, 0, 0, false)
    expect(credit.balanceUsd).toBeCloseTo(0.5, 12)
    expect(credit.targetUsd(0.01)).toBeCloseTo(0.015, 12)
  })

  it('lowers what a dollar is worth from 85 % of the burst on, by 60 % where it is full', () => {
    const credit = new Credit(50)
    credit.open(1)
    for (const [balance, worth] of [
      [-10, 1],
      [42.5, 1],
      [46.25, 0.7],
      [50, 0.4],
    ]) {
      credit.balanceUsd = balance
      expect(credit.worthOfDollar(1)).toBeCloseTo(worth, 12)
    }
  })

  it('pays in a whole B up to what it aims to hold, and holds 0.5 % of it back above', () => {
    const credit = new Credit(50)
    credit.open(1)
    credit.balanceUsd = 28.4
    expect(credit.availableUsd(1)).toBeCloseTo(29.4, 12)
    credit.payIn(1)
    expect(credit.balanceUsd).toBeCloseTo(29.4, 12)
    expect(credit.availableUsd(1)).toBeCloseTo(30.395, 12)
    credit.payIn(1)
    expect(credit.balanceUsd).toBeCloseTo(30.395, 12)
    // Without anything held back a balance that stays where it is spends all that comes in.
    credit.route(1, 0.995, 0, false)
    expect(credit.balanceUsd).toBeCloseTo(30.395, 12)
  })

  it('pays in for many requests together what it does one by one, however many they are', () => {
    fc.assert(
      fc.property(
        usd,
        fc.integer({ min: 1, max: 60 }),
        fc.nat(300),
        usd,
        (budgetUsd, burst, requests, drawnUsd) => {
          const [together, apart] = [new Credit(burst), new Credit(burst)]
          for (const credit of [together, apart]) {
            credit.open(budgetUsd)
            credit.settle(0, 40 * drawnUsd, budgetUsd, false)
          }
          together.payIn(budgetUsd, requests)
          for (let i = 0; i < requests; i++) apart.payIn(budgetUsd)
          // At the aim itself rounding decides whether one more is paid in full: half a hundredth of a B.
          expect(Math.abs(together.balanceUsd - apart.balanceUsd)).toBeLessThanOrEqual(0.0051 * budgetUsd)
        },
      ),
    )
    const credit = new Credit(1e9)
    credit.open(1e-6)
    credit.payIn(1e-6, 2 ** 31 - 1)
    expect(credit.balanceUsd).toBeLessThanOrEqual(1e9 * 1e-6)
    expect(credit.balanceUsd).toBeGreaterThan(999)
  })

  it('pays for a model of all but B for ever: nothing is held back from an account that is not above its aim', () => {
    const credit = new Credit(50)
    credit.open(1)
    for (let i = 0; i < 50_000; i++) {
      if (0.999 > credit.limitUsd(credit.availableUsd(1), 1)) throw new Error(`refused at ${i}`)
      credit.route(1, 0.999, 0, false)
      credit.settle(0.999, 0.999, 1, false)
    }
    expect(credit.balanceUsd).toBeGreaterThan(28)
  })

  it('grants its start once, however often the budget is set', () => {
    const credit = new Credit(50)
    credit.open(0.01)
    expect(credit.balanceUsd + credit.fundUsd).toBeCloseTo(0.2, 12)
    credit.route(0.01, 0.21 - credit.fundUsd, 0, false)
    expect(credit.balanceUsd).toBeCloseTo(0, 12)
    credit.open(0.02)
    expect(credit.balanceUsd).toBeCloseTo(0, 12)
  })

  it('asks a dear model to leave room for its tail, and one within B for nothing', () => {
    const credit = new Credit(50)
    credit.open(1)
    expect(credit.limitUsd(1, 1)).toBe(1)
    expect(credit.limitUsd(19, 1)).toBe(5)
    expect(credit.limitUsd(50, 1)).toBeCloseTo(46 / 3, 12)
    // Overdrawn by what the start left of the burst, and no further.
    expect(credit.limitUsd(-20, 1)).toBe(1)
    expect(credit.limitUsd(-29.5, 1)).toBe(0.5)
    expect(credit.limitUsd(-31, 1)).toBeLessThan(0)
  })

  it('pays what a probe costs above B from the fund, and gives the fund back', () => {
    const credit = new Credit(50)
    credit.open(1)
    const before = credit.balanceUsd
    credit.route(1, 4, 0.1, true)
    expect(credit.fundUsd).toBeCloseTo(10 + 0.1 - 3, 12)
    expect(credit.balanceUsd).toBeCloseTo(before + 1 - 0.1 - 1, 12)
    credit.settle(4, 6, 1, true)
    expect(credit.fundUsd).toBeCloseTo(10 + 0.1 - 5, 12)
    credit.route(1, 0, -1, false)
    expect(credit.fundUsd).toBe(0)
  })
})
