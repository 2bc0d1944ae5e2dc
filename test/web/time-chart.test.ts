import { describe, expect, it } from 'vitest'
import { percent, usd } from '../../src/base/format.js'
import type { Bucket } from '../../src/gateway/dashboard/shape.js'
import { coarse, withEmpty } from '../../web/dashboard/coarse.js'
import { aloneOf, breaksOf, gapsOf } from '../../web/shared/breaks.js'
import { timeRange } from '../../web/shared/chart.js'
import { stepsTold, valueRange, valueTexts, yAxisPx } from '../../web/shared/value-axis.js'
import { lastWhole, stretchText, wholeCounts } from '../../web/shared/whole.js'

describe('an axis of values', () => {
  it('has each value by itself, whatever else its format takes', () => {
    expect(valueTexts([0, 0.2, 0.4, 0.6, 0.8, 1], percent)).toEqual([
      '0 %',
      '20 %',
      '40 %',
      '60 %',
      '80 %',
      '100 %',
    ])
  })
})

describe('where an axis of values begins and ends', () => {
  it.each([
    ['from 0 with room above', [2, 10, true], [0, 10.6]],
    ['with a given end', [0.2, 0.4, true, 1], [0, 1]],
    ['beyond a given end where a value is', [0.2, 2, true, 1], [0, 2.12]],
    ['around one value alone, however small', [0.002, 0.002, false], [0.001, 0.003]],
    ['around one that is below 0', [-4, -4, false], [-6, -2]],
    ['of zeros alone', [0, 0, true], [0, 1]],
    ['of nothing', [null, null, false], [0, 1]],
  ] as const)('is %s', (_, [low, high, fromZero, max], [from, to]) => {
    const range = valueRange(low, high, fromZero, max)
    expect(range[0]).toBeCloseTo(from, 12)
    expect(range[1]).toBeCloseTo(to, 12)
  })
})

describe('steps of an axis of values', () => {
  it('tell all ticks apart: dollars of a quiet hour are cents, whatever was spent before', () => {
    expect(stepsTold(5000.001, 5000.024, usd)[0]).toBe(0.01)
    expect(stepsTold(0, 1, (value) => value.toFixed(2))[0]).toBe(0.05)
    expect(stepsTold(0.931, 0.934, (value) => value.toFixed(2))).not.toContain(0.001)
  })

  it.each([
    [0, 3e-9],
    [0, 828_900],
    [-2, 7],
    [1e-7, 1e-7 * (1 + 1e-6)],
  ])('are there for every stretch: %s to %s', (low, high) => {
    const [step] = stepsTold(low, high, usd)
    const ticks = Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, i) =>
      usd((Math.ceil(low / step) + i) * step),
    )
    expect(new Set(ticks).size).toBe(ticks.length)
  })
})

describe('an axis of dollars', () => {
  const axisPx = (amounts: readonly number[], width: number) =>
    yAxisPx(amounts.map(usd), width, 62, (text) => 7 * text.length)

  it('is as wide as its longest label, up to half of its chart', () => {
    expect(axisPx([0, 0.2], 600)).toBe(62)
    expect(axisPx([0, 0.0000002], 600)).toBe(7 * '$0.000000200'.length + 10)
    expect(axisPx([0, 800_000], 600)).toBe(7 * '$800,000.00'.length + 10)
    expect(axisPx([0, 0.0000002], 180)).toBe(90)
    expect(axisPx([], 600)).toBe(62)
  })
})

describe('an axis of time', () => {
  it('is as long as its times, and two minutes long around a moment alone', () => {
    expect(timeRange(1000, 1010)).toEqual([1000, 1010])
    expect(timeRange(1000, 1000)).toEqual([940, 1060])
    expect(timeRange(null, null)).toEqual([null, null])
  })
})

describe('figures of stretches of time', () => {
  it.each([
    ['the last one that is over', [0, 10, 20], { widthMs: 10, now: 25 }, 1],
    ['the newest where it is over', [0, 10, 20], { widthMs: 10, now: 30 }, 2],
    ['the first where none is', [20], { widthMs: 10, now: 25 }, 0],
    ['none of none', [], { widthMs: 10, now: 25 }, -1],
    ['the newest of moments', [0, 10, 20], undefined, 2],
  ] as const)('are those of %s', (_, times, stretch, index) => {
    expect(lastWhole(times, stretch)).toBe(index)
  })

  it('that are counts are drawn of stretches that are over', () => {
    const [times, counts] = [
      [0, 10, 20],
      [240, 250, 12],
    ]
    const drawn = (now: number) => wholeCounts(counts, lastWhole(times, { widthMs: 10, now }))
    expect(drawn(25)).toEqual([240, 250, null])
    expect(drawn(30)).toEqual([240, 250, 12])
    expect(wholeCounts([12], lastWhole([20], { widthMs: 10, now: 25 }))).toEqual([12])
  })

  it('have their date where they are of another day', () => {
    const [day, hour] = [86_400_000, 3_600_000]
    const now = new Date(2026, 4, 4, 12).getTime()
    expect(stretchText(now - 2 * day, now, { widthMs: hour, now })).toBe(
      '2026-05-02 12:00:00 to 2026-05-02 13:00:00',
    )
    expect(stretchText(now - 2 * hour, now, { widthMs: hour, now })).toBe('10:00:00 to 11:00:00')
    expect(stretchText(now, now, { widthMs: hour, now })).toBe('12:00:00 to now')
    expect(stretchText(now - day, now, undefined)).toBe('at 2026-05-03 12:00:00')
  })

  it('are of as many requests as say something, and tell how wide they are', () => {
    const buckets = Array.from(
      { length: 48 },
      (_, i): Bucket => ({
        at: 10 * i,
        requests: 8,
        failed: 1,
        refused: 0,
        spendUsd: i,
        allowanceUsd: 2 * i,
        shadowPrice: i % 2 === 0 ? 0.5 : null,
        models: [],
      }),
    )
    const { widthMs, buckets: joined } = coarse(buckets, 10)
    expect(widthMs).toBe(40)
    expect(joined.map(({ at }) => at)).toEqual(Array.from({ length: 12 }, (_, i) => 40 * i))
    expect(joined[1]).toMatchObject({
      requests: 32,
      failed: 4,
      spendUsd: 7,
      allowanceUsd: 14,
      shadowPrice: 0.5,
    })
    expect(coarse(buckets.slice(0, 3), 10)).toEqual({ buckets: buckets.slice(0, 3), widthMs: 10 })
  })
})

describe('requests of stretches in which nothing came', () => {
  const bucket = (at: number, requests: number): Bucket => ({
    at,
    requests,
    failed: 1,
    refused: 2,
    spendUsd: at,
    allowanceUsd: 2 * at,
    shadowPrice: 1,
    models: [],
  })
  const given = { buckets: [bucket(10, 5), bucket(20, 6), bucket(50, 7)], widthMs: 10 }
  const seen = (until: number) => withEmpty(given, until).map(({ at, requests }) => [at, requests])

  it('are 0, between those that had some and up to now', () => {
    const between = [
      [10, 5],
      [20, 6],
      [30, 0],
      [40, 0],
      [50, 7],
    ]
    expect(seen(59)).toEqual(between)
    expect(seen(Number.NEGATIVE_INFINITY)).toEqual(between)
    expect(seen(75)).toEqual([...between, [60, 0], [70, 0]])
    expect(withEmpty(given, 75)[2]).toMatchObject({ failed: 0, refused: 0, spendUsd: 20, allowanceUsd: 40 })
  })

  it('are left out where nothing came at all', () => {
    expect(withEmpty({ buckets: [], widthMs: 10 }, 75)).toEqual([])
  })
})

describe('lines of what is known of stretches in which something came', () => {
  const times = [0, 10, 20, 80, 90, 160, 170]
  const breaks = breaksOf(times, 10)

  it('are broken where nothing came for a tenth of the chart', () => {
    expect(breaks).toEqual([3, 5])
    expect(breaksOf([], 10)).toEqual([])
    expect(breaksOf([5], 10)).toEqual([])
    expect(breaksOf([0, 10, 20], 10)).toEqual([])
    expect(breaksOf([0, 10, 30], 10)).toEqual([2])
    expect(breaksOf([...Array.from({ length: 30 }, (_, i) => 10 * i), 310], 10)).toEqual([])
  })

  it('end and begin at the values beside a break, also where some are missing', () => {
    expect(gapsOf([1, 2, 3, 4, 5, 6, 7], breaks)).toEqual([
      [2, 3],
      [4, 5],
    ])
    expect(gapsOf([1, 2, null, null, null, null, 7], breaks)).toEqual([[1, 6]])
    expect(gapsOf([null, null, null, 4, 5, null, null], breaks)).toEqual([])
  })

  it('have a point where a value stands alone', () => {
    expect(aloneOf([1, 2, 3, 4, null, 6, 7], breaks)).toEqual([3])
    expect(aloneOf([1, null, null, null, null, null, 7], breaks)).toEqual([0, 6])
    expect(aloneOf([1, 2, 3, 4, 5, 6, 7], breaks)).toEqual([])
    expect(aloneOf([4], [])).toEqual([0])
    expect(aloneOf([null], [])).toEqual([])
  })
})
