import { describe, expect, it } from 'vitest'
import { formatNs, times, whole } from '../../bench/format.js'
import type { BenchRow } from '../../bench/row.js'
import { tableHead, tableLine } from '../../bench/table.js'

const row: BenchRow = {
  name: 'score',
  kernel: 'wasm',
  dimension: 26,
  models: 100,
  p50Ns: 20_000,
  p99Ns: 31_000,
  perMs: 5000,
}

describe('formats', () => {
  it.each([
    [0.4, '0.40 ns'],
    [12.34, '12.3 ns'],
    [99.96, '100 ns'],
    [999.4, '999 ns'],
    [999.6, '1.00 us'],
    [12_345, '12.3 us'],
    [999_600, '1.00 ms'],
    [2_500_000_000, '2.50 s'],
  ])('%d ns reads %s', (ns, text) => {
    expect(formatNs(ns)).toBe(text)
  })

  it.each([
    [0.034, '0.03x'],
    [0.3, '0.3x'],
    [9.94, '9.9x'],
    [9.96, '10x'],
    [312.4, '312x'],
  ])('a ratio of %d reads %s', (ratio, text) => {
    expect(times(ratio)).toBe(text)
  })

  it('separates thousands', () => {
    expect(whole(1_234_567.8)).toBe('1,234,568')
  })
})

describe('tableLine', () => {
  it('tells the ratios, alpha and the facts that a row has', () => {
    const full = { ...row, alpha: 0.1, plainRatio: 5, limitRatio: 1.26, evaluated: 17.3 }
    expect(
      tableLine(full)
        .split(/\s{2,}/)
        .slice(4),
    ).toEqual(['0.1', '20.0 us', '31.0 us', '5000', '5.0x', '1.3x', '17.3 forms'])
  })

  it('tells the rate and the heap of cycles', () => {
    const cycle = {
      ...row,
      name: 'cycle',
      cyclesPerSecond: 412_345,
      heapBytesPerMillion: -1200,
      allocatedBytesPerCycle: 700,
    }
    expect(tableLine(cycle)).toMatch(/ 412,345 cycles\/s, heap -1,200 B\/million, garbage 700 B\/cycle$/)
  })

  it('leaves cells empty that do not apply', () => {
    const encode = { ...row, name: 'encode', models: 0, perMs: null }
    expect(tableLine(encode).split(/\s{2,}/)).toEqual(['encode', 'wasm', '26', '20.0 us', '31.0 us'])
  })

  it('ends every column where its head ends', () => {
    const [head] = tableHead().split('\n')
    const numbers = head.slice(0, head.indexOf('vs limit') + 'vs limit'.length)
    expect(tableLine({ ...row, limitRatio: 1 })).toHaveLength(numbers.length)
  })
})
