import { describe, expect, it } from 'vitest'
import { parseLimit } from '../../bench/limit.js'
import { type BenchRow, withRatios } from '../../bench/row.js'

function rowOf(name: string, kernel: string, p50Ns: number, models = 100): BenchRow {
  return { name, kernel, dimension: 26, models, p50Ns, p99Ns: p50Ns, perMs: null }
}

describe('withRatios', () => {
  const others = [
    rowOf('score', 'limit', 10),
    rowOf('feedback', 'limit', 2),
    rowOf('score', 'plain', 200),
    rowOf('feedback', 'plain', 40),
  ]

  it.each([
    ['score', 20, 10],
    ['score-pruned', 20, 10],
    ['route', 20, 10],
    ['route-many', 20, 10],
    ['feedback', 4, 10],
    ['cycle', 24, 10],
  ])('%s has the same work of the limit and of plain to compare with', (name, p50Ns, plainRatio) => {
    expect(withRatios(rowOf(name, 'wasm', p50Ns), others)).toMatchObject({ limitRatio: 2, plainRatio })
  })

  it('compares nothing of another size, and no row without a like', () => {
    expect(withRatios(rowOf('score', 'wasm', 20, 3), others)).not.toHaveProperty('limitRatio')
    expect(withRatios(rowOf('snapshot', 'wasm', 20), others)).not.toHaveProperty('plainRatio')
    expect(withRatios(rowOf('cycle', 'wasm', 20), others.slice(0, 1))).not.toHaveProperty('limitRatio')
  })

  it('compares plain with the limit alone, and the limit with nothing', () => {
    expect(withRatios(others[2], others)).toEqual({ ...others[2], limitRatio: 20 })
    expect(withRatios(others[0], others)).toEqual(others[0])
  })
})

describe('parseLimit', () => {
  it('reads a row a line', () => {
    const text =
      '{"name":"score","dimension":26,"models":3,"p50Ns":60,"p99Ns":90}\n' +
      '{"name":"feedback","dimension":26,"models":3,"p50Ns":200,"p99Ns":300}\n'
    const size = { kernel: 'limit', dimension: 26, models: 3 }
    expect(parseLimit(text)).toEqual([
      { name: 'score', ...size, p50Ns: 60, p99Ns: 90, perMs: 50_000 },
      { name: 'feedback', ...size, p50Ns: 200, p99Ns: 300, perMs: null },
    ])
  })
})
