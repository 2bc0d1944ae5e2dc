import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONTEXT_ENTRY_MAX, copyContext } from '../../src/base/check.js'
import { crc32 } from '../../src/base/checksum.js'
import { ParetoBanditError } from '../../src/base/errors.js'
import { expectCode, wrong } from '../support/errors.js'
import { makeBench, X } from '../support/router.js'
import '../support/seed.js'

function copied(value: ArrayLike<number>, length: number): Float64Array | string {
  const out = new Float64Array(length + 2)
  try {
    copyContext(value, length, out, 1, 'input')
  } catch (error) {
    if (error instanceof ParetoBanditError) return `${error.code} ${error.message}`
    throw error
  }
  expect([out[0], out[length + 1]]).toEqual([0, 0])
  return out
}

describe('a context', () => {
  it('is copied or refused alike, whatever holds its numbers', () => {
    const entry = fc.oneof(
      { weight: 20, arbitrary: fc.double({ min: -3, max: 3, noNaN: true }) },
      { weight: 3, arbitrary: fc.double({ min: -CONTEXT_ENTRY_MAX, max: CONTEXT_ENTRY_MAX, noNaN: true }) },
      fc.constantFrom(CONTEXT_ENTRY_MAX, -CONTEXT_ENTRY_MAX, CONTEXT_ENTRY_MAX + 2 ** -38, 1e300),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
    )
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), fc.integer({ min: -1, max: 1 }), (entries, off) => {
        const length = Math.max(0, entries.length + (entries.length % 9 === 0 ? off : 0))
        const plain = copied(entries, length)
        expect(copied(Float64Array.from(entries), length)).toEqual(plain)
        const bad = entries.findIndex((number) => !(Math.abs(number) <= CONTEXT_ENTRY_MAX))
        if (length !== entries.length) expect(plain).toContain('DIMENSION_MISMATCH input: expected')
        else if (bad >= 0) expect(plain).toContain(`INVALID_ARGUMENT input[${bad}]: expected`)
        else expect(plain).toEqual(Float64Array.of(0, ...entries, 0))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the keys of an argument', () => {
  it('are its own: inherited ones are read and never refused', async () => {
    const { router } = await makeBench()
    const settlement = Object.assign(Object.create({ colour: 'red', latencyMs: 5 }), { costUsd: 0.5 })
    router.settle(router.route(X).id, wrong(settlement))
    expect(router.stats().pacer.spendUsd).toBe(0.5)
    const bare = Object.assign(Object.create(null), { costUsd: 1, latencyMS: 3 })
    const { id } = router.route(X)
    const { message } = expectCode(
      () => router.settle(id, wrong(bare)),
      'UNKNOWN_OPTION',
      'settlement.latencyMS',
    )
    expect(message).toContain("did you mean 'latencyMs'?")
  })
})

describe('the checksum', () => {
  it('is the CRC-32 of any bytes, in one piece or two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(70), fc.nat(7), (bytes, cut, shift) => {
        let crc = 0xffffffff
        for (const byte of bytes) {
          crc ^= byte
          for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * 0xedb88320)
        }
        const expected = ~crc >>> 0
        const shifted = new Uint8Array(shift + bytes.length)
        shifted.set(bytes, shift)
        const view = shifted.subarray(shift)
        expect(crc32(view)).toBe(expected)
        expect(crc32(view.subarray(cut), crc32(view.subarray(0, cut)))).toBe(expected)
      }),
    )
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
  })
})
