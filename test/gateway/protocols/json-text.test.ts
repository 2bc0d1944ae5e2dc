import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { excessIn, repeatedKey, withMembers, withNumberAt } from '../../../src/gateway/protocols/json-text.js'

const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), {
  maxKeys: 6,
  noNullPrototype: true,
})
const spaces = fc.constantFrom(undefined, 1, '\t')

it.each([
  ['{}', 1],
  ['{"a":1,"b":[{},{"c:[{":"d\\":[{"}]}', 7],
  ['[[],[1,2,3]]', 3],
  ['["a:[{"]', 1],
  ['{"a', 1],
])('counts members, objects and lists, and nothing within a text: %s', (text, parts) => {
  expect([excessIn(text, parts - 1, 1000), excessIn(text, parts, 1000)]).toEqual(['parts', null])
})

it.each([
  ['[1,"a,b",[2,3]]', 4],
  ['{"a":1,"b":[0,0]}', 3],
  ['["","",""', 3],
])('counts values by the commas between them, and not those within a text: %s', (text, values) => {
  expect([excessIn(text, 10, values - 1), excessIn(text, 10, values)]).toEqual(['values', null])
})

describe('edits of JSON', () => {
  it('set and take out members, and leave the rest', () => {
    fc.assert(
      fc.property(object, object, spaces, fc.string(), (before, changes, space, gone) => {
        const text = JSON.stringify(before, null, space)
        const all: Record<string, unknown> = { ...JSON.parse(text), ...JSON.parse(JSON.stringify(changes)) }
        const given = { ...changes, [gone]: null }
        delete all[gone]
        for (const [key, value] of Object.entries(all))
          if (value === null && Object.hasOwn(changes, key)) delete all[key]
        expect(JSON.parse(withMembers(text, given))).toEqual(all)
      }),
    )
  })

  it('set a number deep in it', () => {
    fc.assert(
      fc.property(
        object,
        object,
        spaces,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (outer, inner, space, n) => {
          const value = { ...outer, usage: inner }
          const text = JSON.stringify(value, null, space)
          const expected = JSON.parse(text)
          expected.usage.cost = n
          const edited = withNumberAt(text, ['usage'], 'cost', n)
          expect(JSON.parse(edited)).toEqual(JSON.parse(JSON.stringify(expected), (_key, each) => each))
        },
      ),
    )
  })

  it('find a name that stands twice, however it is written', () => {
    expect(repeatedKey('{"a":1,"b":{"a":2}}')).toBeNull()
    expect(repeatedKey('{ "a" : "\\"}", "\\u0061":2}')).toBe('a')
    expect(repeatedKey('{"__proto__":1,"__proto__":2}')).toBe('__proto__')
    expect(repeatedKey('{"a":[{"b":1},{"b":2,"c":{"b":"\\"b\\":"}}],"b":["b","b"]}')).toBeNull()
    expect(repeatedKey('{"a":[1,{"b":1,"c":[{}],"b":2}]}')).toBe('b')
  })

  it('find none in any text that one reader wrote', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), spaces, (value, space) => {
        expect(repeatedKey(JSON.stringify({ value }, null, space))).toBeNull()
      }),
    )
  })
})
