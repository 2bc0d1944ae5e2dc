import { describe, expect, it } from 'vitest'
import { farText, heldText, timesBefore } from '../../web/dashboard/words.js'

describe('sentences of the dashboard', () => {
  it.each([
    [0.6, 600, 'P would be 1,000 times what it is now. If that is meant, press again.'],
    [10, 0.1, 'P would be 100 times less than it is now. If that is meant, press again.'],
    [10, 0, 'P would be $0. If that is meant, press again.'],
    [0.6, 59, null],
    [0, 5, null],
    [null, 5, null],
  ] as const)('of an amount of %s that would be %s ask: %s', (now, given, question) => {
    expect(farText('P', now, given)).toBe(question)
  })

  it('count what came before', () => {
    expect([timesBefore(1), timesBefore(2)]).toEqual(['once before', '2 times before'])
  })

  it.each([
    [null, 0, 1, 'Held'],
    [1, 1, 1.2, 'Held'],
    [1.01, 1.1, 1.2, 'Held within its bound'],
    [1.01, 1.3, 1.2, 'Above the bound'],
    [1.01, 1.3, null, 'Above the budget'],
  ] as const)('of a use of %s, %s booked and a bound of %s: %s', (use, booked, bound, said) => {
    expect(heldText(use, booked, bound)).toBe(said)
  })
})
