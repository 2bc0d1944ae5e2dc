import { describe, expect, it } from 'vitest'
import { type BenchCase, benchCases, rowLabel, selectCases, skippedRows } from '../../bench/cases.js'
import { ownUpdates } from '../../bench/taught-arms.js'

function labelsOf(cases: readonly BenchCase[]): string[] {
  return cases.flatMap((entry) => entry.rows.map((row) => rowLabel({ ...entry, ...row })))
}

describe('cases', () => {
  it('covers or names every row, kernel, dimension and number of models', () => {
    const labels = labelsOf(benchCases(false))
    const skipped = skippedRows(false).map(({ label }) => label)
    const missing = ['route', 'feedback', 'cycle', 'score', 'score-pruned', 'route-many'].flatMap((name) =>
      ['js', 'wasm', 'native'].flatMap((kernel) =>
        [26, 64, 385].flatMap((dimension) =>
          [3, 100, 1000, 10_000].flatMap((models) => {
            const size = `d=${dimension} k=${models}`
            const measured = labels.some((label) => `${label} `.startsWith(`${name} ${kernel} ${size} `))
            const named = skipped.some((label) => label === size || label === `${name} ${size}`)
            return measured === named ? [`${name} ${kernel} ${size}`] : []
          }),
        ),
      ),
    )
    expect(missing).toEqual([])
    expect(new Set(labels).size).toBe(labels.length)
  })

  it('scores pruned at three weights beside the full scan of the same arms', () => {
    const arms = benchCases(false, ['wasm']).find(({ part, models }) => part === 'arms' && models === 1000)
    expect(arms?.rows).toEqual([
      { name: 'score', alpha: 0.1 },
      { name: 'score-pruned', alpha: 0.01 },
      { name: 'score-pruned', alpha: 0.1 },
      { name: 'score-pruned', alpha: 0.5 },
    ])
  })

  it('has only the kernels that run here, and plain ahead of them', () => {
    const kernels = benchCases(true, ['wasm']).map(({ kernel }) => kernel)
    expect(new Set(kernels)).toEqual(new Set(['plain', 'wasm', 'js']))
    expect(kernels.indexOf('plain')).toBe(0)
    expect(labelsOf(benchCases(true, ['wasm'])).filter((label) => label.includes(' js '))).toEqual([
      'encode js d=26 k=0',
    ])
  })

  it('keeps the rows that match, and drops cases without any', () => {
    const chosen = selectCases(benchCases(false), /^score-pruned wasm d=26 .*alpha=0.5/)
    expect(chosen.map(({ rows, models }) => [rows, models])).toEqual(
      [3, 100, 1000, 10_000].map((models) => [[{ name: 'score-pruned', alpha: 0.5 }], models]),
    )
    expect(selectCases(benchCases(true), /nothing/)).toEqual([])
  })
})

describe('updates of its own', () => {
  it('are as the workload asks at every size that targets are set for', () => {
    for (const models of [3, 100, 1000, 10_000]) {
      expect(ownUpdates(26, models)).toEqual({ low: 200, high: 2000 })
    }
  })

  it('are fewer where teaching would take too long, and then that is said', () => {
    const { low, high } = ownUpdates(64, 10_000)
    expect(low).toBeLessThan(200)
    const said = skippedRows(false).find(({ why }) => why.includes(`${low} to ${high} updates`))
    expect(said?.label).toContain('d=64 k=10000')
  })
})
