import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitsSchema } from '../../../src/rewards/validators/json-schema.js'

/** Its schemas are valid as they are made, and each is asked once. */
const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false, code: { optimize: false } })

const value = fc.jsonValue({ maxDepth: 3 })
const small = fc.nat(4)
const names = fc.constantFrom('a', 'b', 'c')
/** A few keywords each: nothing fits a schema that has most of them. */
const schema = fc.letrec<{ schema: unknown }>((tie) => {
  const schemas = fc.array(tie('schema'), { minLength: 1, maxLength: 2 })
  const keywords = {
    type: fc.oneof(
      fc.constantFrom('object', 'array', 'string', 'number', 'integer', 'boolean', 'null'),
      fc.uniqueArray(fc.constantFrom('object', 'array', 'string', 'null'), { minLength: 1 }),
    ),
    enum: fc.uniqueArray(fc.oneof(small, fc.constantFrom('a', null, true)), { minLength: 1 }),
    const: fc.oneof(small, fc.constant({ a: [1] })),
    minimum: small,
    exclusiveMaximum: small,
    multipleOf: fc.constantFrom(1, 2, 0.5),
    minLength: small,
    maxLength: small,
    minItems: small,
    maxItems: small,
    maxProperties: small,
    required: fc.uniqueArray(names),
    properties: fc.dictionary(names, tie('schema')),
    additionalProperties: tie('schema'),
    items: tie('schema'),
    prefixItems: schemas,
    allOf: schemas,
    anyOf: schemas,
    oneOf: schemas,
    not: tie('schema'),
    pattern: fc.constantFrom('^a', 'b'),
  }
  const ofOne = Object.entries(keywords).map(([name, each]) => fc.record({ [name]: each }))
  const few = fc.array(fc.oneof(...ofOne), { maxLength: 5 })
  const record = few.map((parts): unknown => Object.assign({}, ...parts))
  return { schema: fc.oneof({ maxDepth: 3 }, fc.boolean(), record, record, record) }
}).schema
/** What ajv compares calls such members, and throws where they are no functions. */
const isReadByAjv = (answer: unknown) => !/"(valueOf|toString)":/.test(JSON.stringify(answer))
const given = fc
  .oneof(value, fc.dictionary(names, value), fc.array(small), fc.string({ maxLength: 5 }))
  .filter(isReadByAjv)

const wide = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]))
const each = (name: string) => ({ allOf: Array<object>(150).fill({ $ref: `#/$defs/${name}` }) })
function nested(depth: number): object {
  let at: object = {}
  for (let i = 0; i < depth; i++) at = { not: at }
  return at
}

describe('a schema', () => {
  it('is read as ajv reads it, or is left undecided', () => {
    const decided = { true: 0, false: 0 }
    fc.assert(
      fc.property(schema, given, (asked, answer) => {
        const fits = fitsSchema(answer, asked)
        if (fits === null) return
        decided[`${fits}`]++
        const known = ajv.validate(asked as object | boolean, answer)
        expect(fits, JSON.stringify([asked, answer])).toBe(known)
      }),
      { numRuns: 1000 },
    )
    expect(Math.min(decided.true, decided.false)).toBeGreaterThan(100)
  }, 180_000)

  it('takes members for what they are, whatever their names', () => {
    for (const name of ['valueOf', 'toString', '__proto__', 'constructor']) {
      const answer: unknown = JSON.parse(`{"${name}":1}`)
      expect(fitsSchema(answer, { const: { a: [1] } })).toBe(false)
      expect(fitsSchema(answer, { const: answer })).toBe(true)
      expect(fitsSchema({}, { required: [name] })).toBe(false)
      expect(fitsSchema(answer, { required: [name], additionalProperties: { type: 'string' } })).toBe(false)
    }
  })

  it('refers to its own places', () => {
    const item = { type: 'object', properties: { next: { $ref: '#/$defs/item' } }, required: ['v'] }
    const list = { $ref: '#/$defs/item', $defs: { item } }
    expect(fitsSchema({ v: 1, next: { v: 2 } }, list)).toBe(true)
    expect(fitsSchema({ v: 1, next: {} }, list)).toBe(false)
    expect(fitsSchema(1, { $ref: '#/$defs/a~1b', $defs: { 'a/b': { type: 'string' } } })).toBe(false)
    for (const $ref of ['https://x/y', '#/nowhere', '#anchor', '#/__proto__', 7])
      expect(fitsSchema(1, { $ref })).toBeNull()
  })

  it('takes null where it is nullable, as OpenAPI has it', () => {
    expect(fitsSchema(null, { type: 'string', nullable: true })).toBe(true)
    expect(fitsSchema(null, { type: 'string' })).toBe(false)
  })

  it('is left undecided where it would take for ever', () => {
    const $defs: Record<string, object> = { d40: { type: 'string' } }
    for (let i = 0; i < 40; i++) {
      const next = { $ref: `#/$defs/d${i + 1}` }
      $defs[`d${i}`] = { allOf: [next, next] }
    }
    expect(fitsSchema('x', { $ref: '#/$defs/d0', $defs })).toBeNull()
    expect(fitsSchema('x', { $ref: '#' })).toBeNull()
    expect(fitsSchema(`${'a'.repeat(50)}!`, { pattern: '^(a+)+$' })).toBeNull()
    const deep = (depth: number): unknown => {
      let at: unknown = 1
      for (let i = 0; i < depth; i++) at = [at]
      return at
    }
    expect(fitsSchema(deep(10_000), { items: { $ref: '#' } })).toBeNull()
    expect(fitsSchema(deep(10_000), { const: deep(10_000) })).toBeNull()
  })

  it.each([
    ['the length of a long text', 'x'.repeat(200_000), { minLength: 1 }],
    ['a list of required names', { a: 1 }, { required: Array<string>(100_000).fill('a') }],
    ['a list of types', 'x', { type: [...Array<string>(100_000).fill('null'), 'string'] }],
    ['the names of a large object', wide(20_000), { minProperties: 1 }],
    ['the members of a large object', wide(20_000), { properties: { b: true } }],
    ['the items of a long list', Array<number>(20_000).fill(1), { prefixItems: [true] }],
    ['a long text that is the only one', 'x'.repeat(200_000), { const: `${'x'.repeat(199_999)}y` }],
    ['a large object that is the only one', wide(20_000), { not: { const: wide(19_999) } }],
    ['a long way to a place', 1, { $ref: `#/$defs${'/not'.repeat(20_000)}` }],
  ])('is looked at in bounded time: %s, again and again', (_, value, again) => {
    const schema = { $defs: { ...nested(20_000), again, all: each('again') }, ...each('all') }
    // Of the processor, which a busy machine has less of: without a bound it is minutes.
    const begun = process.cpuUsage()
    fitsSchema(value, schema)
    const { user, system } = process.cpuUsage(begun)
    expect(user + system).toBeLessThan(1_000_000)
  })

  it('has multiples as decimals have them, and none that cannot be told', () => {
    for (const [value, multipleOf] of [
      [1234567.89, 0.01],
      [123456.789, 0.001],
      [19.99, 0.01],
      [1e300, 2],
    ])
      expect(fitsSchema(value, { multipleOf }), `${value} by ${multipleOf}`).toBe(true)
    for (const [value, multipleOf] of [
      [1234567.895, 0.01],
      [1.5, 1],
      [1e-10, 1],
    ])
      expect(fitsSchema(value, { multipleOf }), `${value} by ${multipleOf}`).toBe(false)
    expect(fitsSchema(4, { multipleOf: 0 })).toBeNull()
    expect(fitsSchema(JSON.parse('1e400'), { multipleOf: 3 })).toBeNull()
    expect(fitsSchema(JSON.parse('1e400'), { type: 'integer' })).toBeNull()
    expect(fitsSchema(JSON.parse('1e400'), { maximum: 9 })).toBe(false)
  })

  it('is left undecided where it is invalid', () => {
    for (const none of [null, 7, 'x', []]) expect(fitsSchema(1, none)).toBeNull()
    expect(fitsSchema(1, { type: 'one-to-come' })).toBeNull()
  })
})
