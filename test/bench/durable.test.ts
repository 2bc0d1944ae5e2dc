import { describe, expect, it } from 'vitest'
import { parseDurableFlags } from '../../bench/durable/flags.js'
import { renderRows, rowOf } from '../../bench/durable/rows.js'
import { FlagError } from '../../bench/flags.js'

describe('parseDurableFlags', () => {
  it('reads all flags', () => {
    expect(parseDurableFlags([])).toEqual({ quick: false, jsonFile: null, write: false })
    expect(parseDurableFlags(['--quick', '--json', 'out.json'])).toEqual({
      quick: true,
      jsonFile: 'out.json',
      write: false,
    })
    expect(parseDurableFlags(['--write'])).toMatchObject({ write: true })
  })

  it.each([[['--fast']], [['--json']], [['file.json']], [['--quick=yes']], [['--write', '--quick']]])(
    'refuses %j in one line',
    (args) => {
      expect(() => parseDurableFlags(args)).toThrow(FlagError)
      expect(() => parseDurableFlags(args)).toThrow(/^[^\n]+$/)
    },
  )
})

describe('rowOf', () => {
  it.each([
    [2, { most: 2 }, true],
    [2.01, { most: 2 }, false],
    [20_000, { least: 20_000 }, true],
    [19_999, { least: 20_000 }, false],
    [5, null, null],
  ])('%d against %j: %j', (value, target, ok) => {
    const row = { what: 'a row', value, unit: 'us', target, ok, range: null }
    expect(rowOf('a row', value, 'us', target)).toEqual(row)
  })

  it('becomes a line with its target and whether it was met', () => {
    const rows = [
      rowOf('route: p50 added', 1.2345, 'us', { most: 2 }),
      rowOf('events a second', 19_999.4, '/s', { least: 20_000 }, [9000.2, 31_000]),
      rowOf('size', 0.5, 'MiB'),
    ]
    expect(renderRows(rows)).toEqual([
      '| | measured | least to most | target |',
      '| --- | ---: | ---: | --- |',
      '| route: p50 added | 1.23 us |  | <= 2 us: met |',
      '| events a second | 19,999 /s | 9,000 to 31,000 | >= 20,000 /s: **missed** |',
      '| size | 0.5 MiB |  |  |',
    ])
  })
})
