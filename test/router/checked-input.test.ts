import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONTEXT_ENTRY_MAX, copyContext } from '../../src/base/check.js'
import { crc32 } from '../../src/base/checksum.js'
import { ParetoBanditError } from '../../src/base/errors.js'
import { readOnce } from '../../src/base/read-once.js'
import { createRouter } from '../../src/create-router.js'
import { createLogImport } from '../../src/evaluate/index.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { MODELS, makeBench, X } from '../support/router.js'
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

  it('are read of a class and of a prototype by createRouter and route as well', async () => {
    class Options {
      get models() {
        return MODELS
      }
      get budget() {
        return { usdPerRequest: 0.5 }
      }
      dimension = 3
      kernel = 'js'
    }
    const router = await createRouter(wrong<RouterOptions>(new Options()))
    expect(router.stats().models.map(({ id }) => id)).toEqual(MODELS.map(({ id }) => id))
    expect(router.stats().pacer.usdPerRequest).toBe(0.5)
    class Request {
      get tenant() {
        return 'nobody'
      }
    }
    expectCode(() => router.route(X, new Request()), 'UNKNOWN_TENANT', 'tenant')
    const { explanation } = router.route(
      X,
      Object.create({ candidates: ['large'], explain: true, colour: 'red' }),
    )
    expect(explanation?.models.map(({ excluded }) => excluded)).toEqual([
      null,
      'not-a-candidate',
      'not-a-candidate',
    ])
    await expectRejection(
      router.run(X, new Request(), () => ({})),
      'UNKNOWN_TENANT',
      'tenant',
    )
    const { id } = router.route(X)
    const named = (proto: object) =>
      wrong<{ id: string; reward: number }>(Object.assign(Object.create(proto), { id }))
    class Bill {
      get costUsd() {
        return 0.25
      }
    }
    router.settleMany([named(Bill.prototype)])
    router.rewardMany([named({ reward: 1 })])
    expect(router.stats().pending.unsettled).toBe(1)
    expect(router.stats().models.map(({ rewarded }) => rewarded)).toContain(1)
    expect(router.stats().pacer.spendUsd).toBe(0.25)
    expectCode(() => createLogImport(Object.create({ for: 'nothing' })), 'INVALID_ARGUMENT', 'for')
  })
})

describe('lists of numbers', () => {
  it('are copied alone: no more of a matrix than the row that was given, and nothing that others write to', () => {
    const shared = new Float64Array(new SharedArrayBuffer(80)).subarray(2, 5)
    const rows = [
      new Float64Array(1e6).subarray(7, 10),
      new Float32Array(9).subarray(3),
      new Uint8Array(64).subarray(1, 2),
    ]
    for (const row of [...rows, shared, new (class extends Float64Array {})(4)]) {
      row[0] = 7
      const copy = readOnce(row, 'row')
      expect(copy.buffer.byteLength).toBe(row.byteLength)
      row[0] = 9
      expect([copy[0], copy.length, Object.prototype.toString.call(copy)]).toEqual([
        7,
        row.length,
        Object.prototype.toString.call(row),
      ])
    }
  })

  it('are named in an error whatever they say of themselves', async () => {
    const { router } = await makeBench()
    const without = Object.defineProperty(new Uint8Array(3), 'constructor', { value: undefined })
    const throwing = Object.defineProperty(new Uint8Array(3), 'constructor', {
      get() {
        throw new RangeError('nobody reads this')
      },
    })
    const tagged = Object.defineProperty(new Uint8Array(3), Symbol.toStringTag, {
      get() {
        throw new RangeError('nobody reads this')
      },
    })
    for (const bytes of [without, throwing, tagged]) {
      const { message } = expectCode(() => router.route(wrong(bytes)), 'INVALID_ARGUMENT', 'input')
      expect(message).toContain('3 bytes')
      expectCode(() => router.reward(router.route(X).id, wrong(bytes)), 'INVALID_ARGUMENT', 'reward')
    }
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
