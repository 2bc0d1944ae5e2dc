import { describe, expect, it } from 'vitest'
import { farText, heldText, oneModelText, timesBefore, unrewardedText } from '../../web/dashboard/words.js'

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

  it('compare no rewards where none has come, and no priors tell models apart', () => {
    expect(unrewardedText([{ rewarded: 0 }, { rewarded: 0 }], [1, 1])).toContain('No reward has come yet')
    expect(unrewardedText([{ rewarded: 0 }, { rewarded: 0 }], [0.9, 0.4])).toBeNull()
    expect(unrewardedText([{ rewarded: 0 }, { rewarded: 3 }], [1, 1])).toBeNull()
  })

  it.each([
    [0, 305, ''],
    [84, 1305, '84 of the 1,305 had no other model to go to'],
    [305, 305, 'All of them had no other model to go to'],
  ])('of %s decisions of %s that had one model: %s', (withOneModel, decisions, said) => {
    const text = oneModelText(withOneModel, decisions)
    expect(text.slice(0, said.length)).toBe(said)
    expect(text.includes('names one')).toBe(said !== '')
  })
})
