import { describe, expect, it } from 'vitest'
import { type BenchRow, formatNs, tableHead, tableLine } from '../../bench/table.js'

const row: BenchRow = {
  name: 'score',
  kernel: 'wasm',
  dimension: 26,
  models: 100,
  p50Ns: 20_000,
  p99Ns: 31_000,
  perMs: 5000,
}

describe('formatNs', () => {
  it.each([
    [0.4, '0.40 ns'],
    [12.34, '12.3 ns'],
    [99.96, '100 ns'],
    [999.4, '999 ns'],
    [999.6, '1.00 us'],
    [12_345, '12.3 us'],
    [999_600, '1.00 ms'],
    [2_500_000_000, '2.50 s'],
  ])('%d reads %s', (ns, text) => {
    expect(formatNs(ns)).toBe(text)
  })
})

describe('tableLine', () => {
  it('compares with the plain row of the same name and size, and with no other', () => {
    const plain = { ...row, kernel: 'plain', p50Ns: 100_000 }
    const others = [
      { ...plain, name: 'feedback' },
      { ...plain, models: 3 },
      { ...plain, dimension: 385 },
    ]
    expect(tableLine(row, [...others, plain])).toMatch(/ 5\.0x$/)
    expect(tableLine(row, others)).not.toContain('x')
    expect(tableLine(plain, [plain])).not.toContain('x')
  })

  it('leaves cells empty that do not apply', () => {
    const encode = { ...row, name: 'encode', models: 0, perMs: null }
    expect(tableLine(encode, []).split(/\s{2,}/)).toEqual(['encode', 'wasm', '26', '20.0 us', '31.0 us'])
  })

  it('ends every column where its head ends', () => {
    const [head] = tableHead().split('\n')
    expect(tableLine(row, [{ ...row, kernel: 'plain' }])).toHaveLength(head.length)
  })
})
