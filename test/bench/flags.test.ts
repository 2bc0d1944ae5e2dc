import { describe, expect, it } from 'vitest'
import { benchCases, rowLabel, selectCases, skippedRows } from '../../bench/cases.js'
import { FlagError, parseFlags } from '../../bench/flags.js'

describe('parseFlags', () => {
  it('reads all flags', () => {
    expect(parseFlags(['--quick', '--json', 'out.json', '--filter', 'd=26'])).toEqual({
      quick: true,
      jsonFile: 'out.json',
      filter: /d=26/,
    })
    expect(parseFlags([])).toEqual({ quick: false, jsonFile: null, filter: null })
  })

  it.each([[['--fast']], [['--json']], [['file.json']], [['--filter', '(']], [['--quick=yes']]])(
    'refuses %j in one line',
    (args) => {
      expect(() => parseFlags(args)).toThrow(FlagError)
      expect(() => parseFlags(args)).toThrow(/^[^\n]+$/)
    },
  )
})

describe('cases', () => {
  it('covers or names every kernel, dimension and number of models', () => {
    const labels = benchCases(false).flatMap((entry) =>
      entry.rows.map((name) => rowLabel({ ...entry, name })),
    )
    const skipped = skippedRows(false).map(({ label }) => label)
    for (const name of ['route', 'feedback', 'score']) {
      for (const kernel of ['js', 'wasm']) {
        for (const dimension of [26, 385]) {
          for (const models of [3, 100, 1000]) {
            const size = `d=${dimension} k=${models}`
            const measured = labels.includes(`${name} ${kernel} ${size}`)
            expect(measured || skipped.some((label) => label.includes(name) && label.endsWith(size))).toBe(
              true,
            )
          }
        }
      }
    }
    expect(new Set(labels).size).toBe(labels.length)
  })

  it('keeps the rows that match, and drops cases without any', () => {
    const chosen = selectCases(benchCases(false), /^score wasm d=26/)
    expect(chosen.map(({ rows, models }) => [rows, models])).toEqual([
      [['score'], 3],
      [['score'], 100],
      [['score'], 1000],
    ])
    expect(selectCases(benchCases(true), /nothing/)).toEqual([])
  })
})
