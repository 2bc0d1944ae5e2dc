import { describe, expect, it } from 'vitest'
import { objectOf, objectsOf, parseObject, textOf, textOfContent } from '../../src/base/json.js'

describe('JSON of others', () => {
  it('is read for what it is, and as nothing where it is something else', () => {
    expect([objectOf({ a: 1 }), objectOf([1]), objectOf('x'), objectOf(null)]).toEqual([
      { a: 1 },
      null,
      null,
      null,
    ])
    expect([textOf('x'), textOf(1), textOf(undefined)]).toEqual(['x', '', ''])
    expect(objectsOf([{ a: 1 }, [2], 'x', null])).toEqual([{ a: 1 }])
    expect([objectsOf('x'), parseObject('{"a":1}'), parseObject('[1]'), parseObject('{')]).toEqual([
      [],
      { a: 1 },
      null,
      null,
    ])
  })

  it('has texts in its contents, those of a tool among them', () => {
    expect(textOfContent('a')).toBe('a')
    const parts = [
      'a',
      { type: 'text', text: 'b' },
      { type: 'image_url', image_url: { url: 'x' } },
      { type: 'tool_result', content: [{ type: 'text', text: 'c' }, { type: 'image' }] },
      { type: 'tool_result', content: 'd' },
      7,
    ]
    expect(textOfContent(parts)).toBe('a\nb\nc\nd')
    expect([textOfContent(null), textOfContent({ text: 'x' })]).toEqual(['', ''])
  })
})
