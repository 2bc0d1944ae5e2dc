import { describe, expect, it } from 'vitest'
import { percent } from '../../src/base/format.js'
import type { Bucket } from '../../src/gateway/dashboard/shape.js'
import { coarse } from '../../web/dashboard/coarse.js'
import { timeRange, valueTexts } from '../../web/shared/chart.js'
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
