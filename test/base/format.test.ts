import { describe, expect, it } from 'vitest'
import { percent, plural, usd, usdInText } from '../../src/base/format.js'

describe('figures for people', () => {
  it.each([
    [0, '$0'],
    [0.000_001_234, '$0.00000123'],
    [0.05, '$0.0500'],
    [0.5, '$0.500'],
    [0.09999, '$0.100'],
    [0.9999, '$1.00'],
    [1.2, '$1.20'],
    [999.994, '$999.99'],
    [1000, '$1,000.00'],
    [-1_234_567.891, '-$1,234,567.89'],
    [1e-12, '$1.00e-12'],
    [2.5e9, '$2.50e+9'],
  ])('of %d dollars: %s', (amount, text) => expect(usd(amount)).toBe(text))

  it.each([
    [0, '$0'],
    [0.0053, '$0.0053'],
    [0.05, '$0.05'],
    [1.2, '$1.2'],
    [3, '$3'],
    [100, '$100'],
    [1000, '$1,000'],
    [2.5e9, '$2.50e+9'],
    [2e10, '$2.00e+10'],
  ])('of %d dollars in a sentence: %s', (amount, text) => expect(usdInText(amount)).toBe(text))

  it.each([
    [0, '0 %'],
    [0.004, '0.4 %'],
    [0.0994, '9.9 %'],
    [0.0996, '10 %'],
    [1, '100 %'],
  ])('of a share of %d: %s', (share, text) => expect(percent(share)).toBe(text))

  it('with as many decimals as are wanted', () => expect(percent(0.5, 1)).toBe('50.0 %'))

  it('one, or more', () =>
    expect([0, 1, 2].map((count) => plural(count, 'model'))).toEqual(['0 models', '1 model', '2 models']))
})
