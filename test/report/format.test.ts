import { expect, it } from 'vitest'
import { savedShare, usdPerThousand } from '../../src/report/format.js'

it.each([
  [0, '$0'],
  [1e-9, '$0.00000100'],
  [9.5e-7, '$0.000950'],
  [1e-6, '$0.0010'],
  [0.00066, '$0.66'],
  [0.015, '$15.0'],
  [7.1, '$7100'],
  [7100, '$7,100,000.00'],
] as const)('%s dollars a request are %s for 1,000, and never a number with an exponent', (usd, text) => {
  expect(usdPerThousand(usd)).toBe(text)
})

it.each([
  [0, '0 %'],
  [0.034, '3.4 %'],
  [0.99, '99 %'],
  [0.995, 'over 99 %'],
  [0.99999, 'over 99 %'],
  [1, '100 %'],
  [-0.2, '-20 %'],
] as const)('a saving of %s is %s: all is saved only where nothing was spent', (share, text) => {
  expect(savedShare(share)).toBe(text)
})
