import { describe, expect, it } from 'vitest'
import { AgreementTable } from '../../../src/rewards/collect/agreement.js'

describe('the agreement of sources', () => {
  it('is that of answers which both spoke of: count, mean difference, correlation', () => {
    const table = new AgreementTable()
    const said: [judge: number, person: number][] = [
      [0.9, 1],
      [0.2, 0],
      [0.7, 1],
      [0.6, 0],
    ]
    said.forEach(([judge, person], i) => {
      table.heard(`d.${i}`, 'person', person)
      table.heard(`d.${i}`, 'judge', judge)
      table.heard(`only.${i}`, 'judge', 0)
    })
    const [row, ...others] = table.rows()
    expect(others).toEqual([])
    expect(row).toMatchObject({ sources: ['judge', 'person'], count: 4 })
    expect(row.meanDifference).toBeCloseTo(0.1, 12)
    // By the definition, of (0.9, 0.2, 0.7, 0.6) and (1, 0, 1, 0).
    expect(row.correlation).toBeCloseTo(0.2 / Math.sqrt(0.065 * 4 * 0.25), 12)
  })

  it('has no correlation where there is nothing to tell it from', () => {
    const table = new AgreementTable()
    for (let i = 0; i < 3; i++) {
      table.heard(`d.${i}`, 'a', 1)
      table.heard(`d.${i}`, 'b', i / 2)
    }
    expect(table.rows()).toEqual([{ sources: ['a', 'b'], count: 3, meanDifference: 0.5, correlation: null }])
  })

  it('tells a bad judge from a good one', () => {
    const table = new AgreementTable()
    for (let i = 0; i < 200; i++) {
      table.heard(`d.${i}`, 'person', i % 2)
      table.heard(`d.${i}`, 'good', 0.2 + 0.6 * (i % 2))
      table.heard(`d.${i}`, 'bad', (i % 7) / 6)
    }
    const of = (a: string, b: string) => table.rows().find(({ sources }) => `${sources}` === `${a},${b}`)
    expect(of('good', 'person')?.correlation).toBeCloseTo(1, 9)
    expect(Math.abs(of('bad', 'person')?.correlation ?? 1)).toBeLessThan(0.2)
    expect(table.rows()).toHaveLength(3)
  })

  it('counts the first word of a source, and remembers the latest decisions alone', () => {
    const pairs: unknown[] = []
    const table = new AgreementTable((...pair) => void pairs.push(pair))
    table.heard('old', 'a', 1)
    for (let i = 0; i < 10_000; i++) table.heard(`d.${i}`, 'a', 0.5)
    table.heard('old', 'b', 1)
    for (const value of [0.25, 0.75]) table.heard('d.9999', 'b', value)
    expect(pairs).toEqual([['a', 0.5, 'b', 0.25]])
    expect(table.rows()[0].count).toBe(1)
  })
})
