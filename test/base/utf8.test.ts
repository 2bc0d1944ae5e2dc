import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Utf8Reader, utf8Text } from '../../src/base/utf8.js'
import '../support/seed.js'

const refuse = (message: string) => new RangeError(message)

function piecewise(bytes: Uint8Array, cuts: readonly number[]): string {
  const reader = new Utf8Reader(refuse)
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  const text = [...ends, bytes.length].map((end, i, all) =>
    reader.read(bytes.subarray(i === 0 ? 0 : all[i - 1], end)),
  )
  reader.end()
  return text.join('')
}

function thrownBy(call: () => unknown): string | null {
  try {
    call()
    return null
  } catch (error) {
    return error instanceof RangeError ? error.message : String(error)
  }
}

const cuts = fc.array(fc.nat(200), { maxLength: 6 })

describe('text of bytes', () => {
  it('is what was written, wherever the pieces end, byte order mark and U+FFFD included', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '\n', 'é', '你', '😀', '\ufeff', '\ufffd'),
      maxLength: 60,
    })
    fc.assert(
      fc.property(text, cuts, (written, at) => {
        expect(piecewise(new TextEncoder().encode(written), at)).toBe(written)
      }),
    )
  })

  it('is refused for any other bytes, and the place is the same however they come', () => {
    const bytes = fc.uint8Array({ maxLength: 60 })
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), bytes, cuts, (before, after, at) => {
        const all = Buffer.concat([Buffer.from(before), after])
        const isUtf8 = Buffer.from(all.toString('utf8')).equals(all)
        const whole = thrownBy(() => utf8Text(all, refuse))
        expect(whole === null).toBe(isUtf8)
        expect(thrownBy(() => piecewise(all, at)) === null).toBe(isUtf8)
      }),
    )
  })

  it('is read from pieces in memory that is used again', () => {
    const reader = new Utf8Reader(refuse)
    const piece = Buffer.alloc(2)
    const text = [...Buffer.from('a你bé', 'utf8')].map((byte) => {
      piece.fill(byte)
      return reader.read(piece.subarray(0, 1))
    })
    reader.end()
    expect(text.join('')).toBe('a你bé')
  })

  it.each([
    ['Latin-1', Buffer.from('a\nb\ncafé\n', 'latin1'), /byte 4 of line 3 is 0xe9, not UTF-8/],
    ['the first byte', Uint8Array.of(0xff, 0x61), /byte 1 of line 1 is 0xff/],
    ['a character that is cut', Buffer.from('x\n你').subarray(0, 4), /byte 1 of line 2 is 0xe4/],
    ['half a surrogate pair', Uint8Array.of(0x61, 0xed, 0xa0, 0x80), /byte 2 of line 1 is 0xed/],
    ['more bytes than needed', Uint8Array.of(0xc0, 0x80), /byte 1 of line 1 is 0xc0/],
  ])('names line and byte: %s', (_, bytes, message) => {
    expect(thrownBy(() => utf8Text(bytes, refuse))).toMatch(message)
    const each = Array.from(bytes, (_, i) => i)
    expect(thrownBy(() => piecewise(bytes, each))).toMatch(message)
  })
})
