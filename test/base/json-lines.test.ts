import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonLines, jsonLines } from '../../src/base/json-lines.js'
import { expectCode } from '../support/errors.js'
import '../support/seed.js'

describe('lines of a text that comes in pieces', () => {
  it('are those of the whole text', () => {
    const line = fc.constantFrom(
      '{"a":1}',
      '',
      ' ',
      '\ufeff{"b":2}',
      '{"c":"\u{1f600}"}\r',
      '\ufeff',
      '{',
      '\r',
    )
    const texts = fc.tuple(fc.array(line, { maxLength: 8 }), fc.boolean())
    fc.assert(
      fc.property(texts, fc.array(fc.nat(60), { maxLength: 6 }), ([rows, isEnded], cuts) => {
        const text = rows.join('\n') + (isEnded ? '\n' : '')
        const ends = [...cuts.filter((at) => at < text.length), text.length].sort((a, b) => a - b)
        const lines = new JsonLines('file')
        const found = ends.flatMap((end, i) => [...lines.read(text.slice(ends[i - 1] ?? 0, end))])
        const expected = text.split('\n').flatMap((each, i) => {
          const bare = each.replace(/^\ufeff\s*/, '')
          return bare.trim() === '' ? [] : [{ text: bare, place: `file:${i + 1}` }]
        })
        expect([...found, ...lines.end()]).toEqual(expected)
        expect([...jsonLines(text, 'file')]).toEqual(expected)
      }),
    )
  })

  it('of which one has no end are refused', () => {
    const lines = new JsonLines('file')
    const piece = '{'.repeat(2 ** 26)
    expect([...lines.read(`{}\n${piece}`)]).toHaveLength(1)
    expectCode(() => Array.from({ length: 4 }, () => [...lines.read(piece)]), 'DATA_INVALID', 'file:2')
  })
})
