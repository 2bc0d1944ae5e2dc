import { describe, expect, it } from 'vitest'
import {
  againstText,
  bestKnown,
  capText,
  farText,
  guessText,
  heldText,
  knownModels,
  oneModelText,
  timesBefore,
  timesText,
  unrewardedText,
} from '../../web/dashboard/words.js'
import { counted, percent, time } from '../../web/shared/format.js'

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
    expect([1, 0, 1200].map((n) => counted(n, 'reward'))).toEqual(['1 reward', '0 rewards', '1,200 rewards'])
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

  it('compare with the best model of which a reward is known, and call a guess a guess', () => {
    const estimate = (mean: number) => ({ mean, low: mean, high: mean })
    const row = (model: string, reward: number) => ({
      model,
      decisions: 40,
      usdPerRequest: estimate(1),
      reward: estimate(reward),
    })
    const rows = [row('poor', 0.3), row('good', 0.6), row('never tried', 1), row('removed', 1)]
    const models = [
      { id: 'poor', rewarded: 4 },
      { id: 'good', rewarded: 2 },
      { id: 'never tried', rewarded: 0 },
    ]
    const known = knownModels(models)
    expect(bestKnown(rows, known)?.model).toBe('good')
    expect(bestKnown(rows.slice(2), known)).toBeNull()
    // Priors tell them apart.
    const untold = models.map(({ id }) => ({ id, rewarded: 0 }))
    expect(bestKnown(rows, knownModels(untold))?.model).toBe('never tried')
    const mix = (share: number) => ({
      usdPerRequest: 1,
      reward: 1,
      shares: [
        { model: 'good', share: 1 - share },
        ...(share === 0 ? [] : [{ model: 'never tried', share }]),
      ],
    })
    expect(guessText(mix(0.17), known)).toMatch(
      /^17 % of them would go to models that have had no reward yet/,
    )
    expect(guessText(mix(0), known)).toBe('')
  })

  it.each([
    [0.57, '43 % less', '0.57 ×'],
    [1, '0 % less', '1.00 ×'],
    [1.2, '20 % more', '1.20 ×'],
    [27.1, '2,610 % more', '27 ×'],
    [0.00094, 'over 99 % less', 'under 0.001 ×'],
    [0.0041, 'over 99 % less', '0.0041 ×'],
    [0, '100 % less', '0 ×'],
    [1_959_359_168, '195,935,916,700 % more', '1,959,359,168 ×'],
  ])('of a cost that is %s times another: %s, %s', (ratio, said, times) => {
    expect(againstText(ratio)).toBe(said)
    expect(timesText(ratio)).toBe(times)
  })

  it('of a share that is not 0 do not say 0', () => {
    expect([0, 1.5e-9, 0.0005, 0.07, 0.43].map(percent)).toEqual([
      '0 %',
      'under 0.1 %',
      '0.1 %',
      '7.0 %',
      '43 %',
    ])
  })

  it('of a cap have all its parts, and when the next day begins', () => {
    const now = Date.UTC(2026, 4, 4, 8)
    const endsAt = Date.UTC(2026, 4, 5)
    const cap = { usd: 5, per: 'day', window: 'calendar', spentUsd: 1, endsAt } as const
    expect(capText({ ...cap, reservedUsd: 0.5, availableUsd: 3.5 }, now)).toBe(
      `cap $5.00 per day: spent $1.00, reserved $0.500, left $3.50, until ${time(endsAt, now)}`,
    )
    expect(capText({ ...cap, window: 'rolling', endsAt: now, reservedUsd: 0, availableUsd: 4 }, now)).toBe(
      'cap $5.00 per day, rolling: spent $1.00, left $4.00',
    )
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
