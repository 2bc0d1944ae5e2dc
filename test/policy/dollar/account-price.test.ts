import { describe, expect, it } from 'vitest'
import { Account } from '../../../src/policy/dollar/accounts/account.js'
import { DemandCurve } from '../../../src/policy/dollar/demand/demand-curve.js'
import {
  CREDIT_SAVING_SHARE,
  CREDIT_SAVING_WORTH,
  CREDIT_SLACK_DEBT_REQUESTS,
  CREDIT_TARGET_MAX,
  CREDIT_WORTH_DEBT_REQUESTS,
  TIGHTNESS,
} from '../../../src/policy/dollar/tuning.js'
import { Ledger } from '../../../src/state/ledger.js'

const BUDGET = 0.01
const BURST = 50

/** Requests of which each is worth a dear model at a price of its own. */
function demand(): DemandCurve {
  const curve = new DemandCurve(64)
  for (let i = 1; i <= 40; i++) curve.add(Float64Array.from([0, 0.5, 0.001, 1, 0.5 + i / 100, 0.05]))
  return curve
}

function fullAccount(): Account {
  const account = new Account(BURST, new Ledger())
  account.setBudget(BUDGET)
  account.credit.adjust(BURST * BUDGET, BUDGET)
  return account
}

describe('the price of an account whose balance is nearly full', () => {
  const own = CREDIT_TARGET_MAX * BUDGET

  it('is lower where its budget sets the pace: what comes in is lost', () => {
    const account = fullAccount()
    expect(account.targetUsd(0, demand())).toBeCloseTo(own, 12)
    const whole = demand().priceOfSpend(own, true)
    expect(whole).toBeGreaterThan(0)
    expect(account.price(demand(), own)).toBeCloseTo(0.4 * whole, 12)
  })

  it('is not lower where a cap does: what the cap keeps is not lost', () => {
    for (const share of [0.3, 0.5, 0.9]) {
      const whole = demand().priceOfSpend(share * own, true)
      expect(whole).toBeGreaterThan(0)
      expect(fullAccount().price(demand(), share * own)).toBe(whole)
    }
  })
})

describe('the price of an account that cannot pay for the cheapest of each', () => {
  /** Requests whose two models cost nearly the same, the better one by one part in ten thousand more. */
  function nearlyAlike(): DemandCurve {
    const curve = new DemandCurve(64)
    for (let i = 0; i < 40; i++) curve.add(Float64Array.from([0, 0.7, 0.02, 1, 0.9, 0.020002]))
    return curve
  }

  function accountOwing(budgets: number): Account {
    const account = new Account(BURST, new Ledger())
    account.setBudget(BUDGET)
    account.credit.adjust(-account.credit.balanceUsd - budgets * BUDGET, BUDGET)
    return account
  }

  const priceOwing = (budgets: number): number => {
    const account = accountOwing(budgets)
    return account.price(nearlyAlike(), account.targetUsd(0, nearlyAlike()))
  }

  it('does not pay for the last of what can be saved with rewards', () => {
    expect(nearlyAlike().priceOfSpend(0)).toBeGreaterThan(1e4)
    expect(priceOwing(0)).toBe(0)
  })

  it('gives up no more than a right answer for a B, and as much again for every ten that are owed', () => {
    expect(CREDIT_SLACK_DEBT_REQUESTS).toBe(CREDIT_WORTH_DEBT_REQUESTS)
    for (const owed of [10, 20, 30, 100, 500])
      expect(priceOwing(owed)).toBeCloseTo((1 + owed / CREDIT_WORTH_DEBT_REQUESTS) / BUDGET, 9)
  })

  it('pays back all the same where a budget can be held, though its models cost nearly the same', () => {
    // A dear model that is worth three B a B, on the other side of the budget.
    const narrow = new DemandCurve(64)
    for (let i = 0; i < 40; i++) narrow.add(Float64Array.from([0, 0.5, 0.95 * BUDGET, 1, 0.8, 1.05 * BUDGET]))
    const worth = 0.3 / (0.1 * BUDGET)
    const priceAt = (budgets: number): number => {
      const account = accountOwing(budgets)
      return account.price(narrow, account.targetUsd(0, narrow))
    }
    expect(priceAt(0)).toBeLessThan(worth)
    expect(priceAt(21)).toBeGreaterThan(worth)
  })
})

describe('the price of an account that saves up', () => {
  /** Requests of which each is worth half as much on a dear model as the one before. */
  function steep(): DemandCurve {
    const curve = new DemandCurve(64)
    for (let i = 0; i < 40; i++) curve.add(Float64Array.from([0, 0, 0.001, 1, 0.5 ** i, 0.05]))
    return curve
  }

  function accountHolding(budgets: number): Account {
    const account = new Account(BURST, new Ledger())
    account.setBudget(BUDGET)
    account.credit.adjust(budgets * BUDGET - account.credit.balanceUsd, BUDGET)
    return account
  }

  const priceHolding = (budgets: number): number => {
    const account = accountHolding(budgets)
    return account.price(steep(), account.targetUsd(0, steep()))
  }
  const steady = steep().priceOfSpend(TIGHTNESS * BUDGET)

  it('is at most twice that of the pace of the budget: saved dollars buy no more than that one day', () => {
    expect(steady).toBeGreaterThan(0)
    expect(priceHolding(15)).toBeCloseTo(CREDIT_SAVING_WORTH * steady, 12)
    expect(steep().priceOfSpend(accountHolding(15).targetUsd(0, steep()))).toBeGreaterThan(priceHolding(15))
  })

  it('rises as the balance falls, until debts are paid whatever it costs', () => {
    const prices = [15, 5, 0, -5, -8, -CREDIT_SAVING_SHARE * BURST].map(priceHolding)
    for (const [i, price] of prices.entries()) if (i > 0) expect(price).toBeGreaterThanOrEqual(prices[i - 1])
    const owing = accountHolding(-CREDIT_SAVING_SHARE * BURST)
    expect(prices.at(-1)).toBe(steep().priceOfSpend(owing.targetUsd(0, steep())))
  })

  it('is nothing where the budget pays for all that anybody wants', () => {
    const account = new Account(BURST, new Ledger())
    account.setBudget(0.06)
    expect(account.targetUsd(0, steep())).toBeLessThan(0.05)
    expect(account.price(steep(), account.targetUsd(0, steep()))).toBe(0)
  })
})
