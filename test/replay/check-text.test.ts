import { describe, expect, it } from 'vitest'
import type { Check } from '../../src/replay/check.js'
import { measuredText } from '../../src/replay/report/check-text.js'

const CELL = { budgetUsdPerRequest: 0.001, phase: null, variant: null }

describe('what was measured', () => {
  it.each<[Pick<Check, 'name' | 'measured' | 'limit' | 'bound' | 'ok'>, string]>([
    [{ name: 'utilisation', measured: 1.03912, limit: 1, bound: 'at-most', ok: false }, '1.039'],
    [{ name: 'utilisation', measured: 1.000_04, limit: 1, bound: 'at-most', ok: false }, '1.00004'],
    [{ name: 'utilisation', measured: 1 + 1e-12, limit: 1, bound: 'at-most', ok: false }, '1.000000000001'],
    [{ name: 'utilisation', measured: 0.999_99, limit: 1, bound: 'at-most', ok: true }, '1.000'],
    [{ name: 'budget-unspent', measured: 0.949_98, limit: 0.95, bound: 'at-least', ok: false }, '0.94998'],
    [{ name: 'reward-vs-mix', measured: -0.002_41, limit: -0.0005, bound: 'at-least', ok: false }, '-.0024'],
    [
      { name: 'reward-vs-mix', measured: -0.000_504, limit: -0.0005, bound: 'at-least', ok: false },
      '-.000504',
    ],
    [{ name: 'reward-vs-paper', measured: -1e-6, limit: 0, bound: 'at-least', ok: false }, '-.000001'],
  ])('is told so far that a miss is seen as one: %j', (check, text) => {
    expect(measuredText({ ...CELL, ...check })).toBe(text)
  })
})
