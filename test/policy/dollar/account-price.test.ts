import { describe, expect, it } from 'vitest'
import { Account } from '../../../src/policy/dollar/accounts/account.js'
import { DemandCurve } from '../../../src/policy/dollar/demand/demand-curve.js'
import { CREDIT_SLACK_DEBT_REQUESTS, CREDIT_TARGET_MAX } from '../../../src/policy/dollar/tuning.js'
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

  it('saves all of it where much is owed', () => {
    expect(priceOwing(CREDIT_SLACK_DEBT_REQUESTS)).toBeGreaterThan(1e4)
  })
})
