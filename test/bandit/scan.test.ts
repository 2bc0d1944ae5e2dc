import { describe, expect, it } from 'vitest'
import { ScanChoice } from '../../src/bandit/scan.js'

describe('a scan', () => {
  it('is full for few candidates and prunes many', () => {
    const scan = new ScanChoice()
    expect(scan.prunes(15)).toBe(false)
    expect(scan.prunes(16)).toBe(true)
  })

  it('is full for 64 times once pruning leaves out less than half, then tries again', () => {
    const scan = new ScanChoice()
    let pruned = 0
    while (scan.prunes(100)) {
      scan.record(90, 100)
      pruned++
    }
    // A moving average: one bad scan is no reason to stop.
    expect(pruned).toBeGreaterThan(1)
    expect(pruned).toBeLessThan(10)
    for (let i = 1; i < 64; i++) expect(scan.prunes(100)).toBe(false)
    expect(scan.prunes(100)).toBe(true)
  })

  it('lets the trial count for itself alone', () => {
    for (const [evaluated, again] of [
      [90, false],
      [5, true],
    ] as const) {
      const scan = new ScanChoice()
      while (scan.prunes(100)) scan.record(100, 100)
      while (!scan.prunes(100)) expect(scan).toBeDefined()
      scan.record(evaluated, 100)
      expect(scan.prunes(100)).toBe(again)
    }
  })

  it('keeps pruning while it pays', () => {
    const scan = new ScanChoice()
    for (let i = 0; i < 500; i++) {
      expect(scan.prunes(1000)).toBe(true)
      scan.record(i % 10 === 0 ? 1000 : 20, 1000)
    }
  })
})
