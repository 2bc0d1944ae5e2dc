import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CostCalibration } from '../../src/replay/calibration.js'
import { newRunRecord } from '../../src/replay/play.js'
import '../support/seed.js'

interface Request {
  readonly model: number
  readonly predicted: number
  readonly realised: number
}

function curvesOf(requests: readonly Request[]) {
  const record = newRunRecord({ fit: [], burnIn: [], phases: [requests.map((_, i) => i)] })
  requests.forEach(({ model, predicted, realised }, i) => {
    record.models[i] = model
    record.expectedCostsUsd[i] = predicted
    record.costsUsd[i] = realised
    record.length++
  })
  const calibration = new CostCalibration(['a', 'b', 'never'])
  calibration.add(record)
  return calibration.curves()
}

const cost = fc.double({ min: 1e-6, max: 1e-1, noNaN: true })
const requests = fc.array(
  fc.record({ model: fc.integer({ min: 0, max: 1 }), predicted: cost, realised: cost }),
  {
    minLength: 1,
    maxLength: 300,
  },
)

describe('CostCalibration', () => {
  it('keeps every request and every dollar, by model and by tenth', () => {
    fc.assert(
      fc.property(requests, (all) => {
        const curves = curvesOf(all)
        expect(curves[0]).toMatchObject({ model: null, requests: all.length })
        const dollars = all.reduce((sum, { realised }) => sum + realised, 0)
        expect(curves[0].realisedUsd * all.length).toBeCloseTo(dollars, 12)
        expect(curves.slice(1).reduce((sum, curve) => sum + curve.requests, 0)).toBe(all.length)
        for (const { requests: count, predictedUsd, deciles, ratio, realisedUsd } of curves) {
          expect(deciles.length).toBeLessThanOrEqual(10)
          expect(deciles.reduce((sum, point) => sum + point.requests, 0)).toBe(count)
          const predicted = deciles.reduce((sum, point) => sum + point.requests * point.predictedUsd, 0)
          expect(predicted / count).toBeCloseTo(predictedUsd, 12)
          const levels = deciles.map((point) => point.predictedUsd)
          expect(levels).toEqual([...levels].sort((a, b) => a - b))
          expect(ratio).toBeCloseTo(realisedUsd / predictedUsd, 9)
        }
      }),
    )
  })

  it('finds tenths of evenly spread predictions, and a bias', () => {
    const all = Array.from({ length: 1000 }, (_, i) => {
      const predicted = 1e-4 * 10 ** (i / 500)
      return { model: 0, predicted, realised: 1.5 * predicted }
    })
    const [, a] = curvesOf(all)
    expect(a.deciles).toHaveLength(10)
    for (const point of a.deciles) {
      expect(point.requests).toBeGreaterThanOrEqual(95)
      expect(point.requests).toBeLessThanOrEqual(105)
      expect(point.ratio).toBeCloseTo(1.5, 9)
    }
  })

  it('leaves out models without requests, and gives no ratio where nothing was predicted', () => {
    const curves = curvesOf([{ model: 1, predicted: 0, realised: 0 }])
    expect(curves.map(({ model, ratio }) => [model, ratio])).toEqual([
      [null, null],
      ['b', null],
    ])
  })
})
