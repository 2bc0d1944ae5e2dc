import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configFile, configSchema } from '../../../src/gateway/config/config-shape.js'
import type { Reading } from '../../../src/gateway/config/shape.js'
import { exampleTree, type Tree } from './example.js'

const validate = new Ajv({ strict: false, allErrors: false }).compile(configSchema())

function checkerTakes(value: unknown): boolean {
  const reading: Reading = { env: null, mistakes: [] }
  configFile.read(value, [], reading)
  return reading.mistakes.length === 0
}

/** A config with every part in it. */
function fullTree(): Tree {
  return {
    ...exampleTree(),
    store: { kind: 'redis', url: '$REDIS_URL', localShare: 0.1 },
    routing: {
      latency: { meanMs: 900 },
      quality: { meanReward: 0.5 },
      expectedTokens: { input: 1, output: 2 },
    },
    rewards: {
      judge: { model: 'small', capUsdPerDay: 1 },
      links: { secret: BRACED },
      metrics: [{ name: 'a', worst: 0, best: 1 }],
    },
    admin: { sha256: 'a'.repeat(64) },
    metrics: { open: true },
    retries: { triesMax: 2 },
    sessions: { onClientGone: 'drain' },
    keys: [{ name: 'stranger', sha256: 'b'.repeat(64), teaches: false }],
  }
}

/** What `sh` also takes; in pieces, as it looks like a template. */
const BRACED = `$${'{NAME}'}`

type Step = string | number

function pathsIn(value: unknown, path: readonly Step[] = []): (readonly Step[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const keys: Step[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return [path, ...keys.flatMap((key) => pathsIn((value as Record<Step, unknown>)[key], [...path, key]))]
}

/** `undefined` takes the part away. */
function withPart(value: unknown, [key, ...rest]: readonly Step[], part: unknown): unknown {
  if (key === undefined) return part
  const copy: Record<Step, unknown> = Array.isArray(value) ? ([...value] as never) : { ...(value as Tree) }
  const made = withPart(copy[key], rest, part)
  if (made === undefined && !Array.isArray(copy)) delete copy[key]
  else copy[key] = made ?? null
  return copy
}

const JUNK = [
  null,
  true,
  '',
  'x',
  '$NAME',
  BRACED,
  'auto',
  '.',
  '..',
  0,
  -1,
  1,
  0.5,
  1.5,
  1e15,
  [],
  ['a'],
  ['a', 'a'],
  {},
  { a: 1 },
  'sqlite',
  'openai',
  'tools',
  'day',
  'a b',
  'ü',
  '\n',
  'http://h',
  '2027-01-01',
  'a'.repeat(64),
  'a'.repeat(300),
  [{}],
  { a: { 'b:c': null } },
  { a: { 'b:c': 1 } },
  { a: [{ 'b = c': null }] },
  { a: [{ 'b c': null }] },
  { a: { b: [null], c: null } },
  JSON.parse('{"a":{"__proto__":1}}'),
  undefined,
] as const

describe('the JSON schema', () => {
  it('is in docs/, as the code has it (node scripts/gateway-schema.mjs)', () => {
    const file = fileURLToPath(new URL('../../../docs/gateway.schema.json', import.meta.url))
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(configSchema())))
  })

  it('takes the example, and a config with every part', () => {
    for (const tree of [exampleTree(), fullTree()]) {
      expect(validate(tree), JSON.stringify(validate.errors)).toBe(true)
      expect(checkerTakes(tree)).toBe(true)
    }
  })

  it('says of every field what it is', () => {
    const bare: string[] = []
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return
      for (const [key, value] of Object.entries(schema)) {
        if (key === 'properties')
          for (const [name, field] of Object.entries(value as Tree))
            if (typeof (field as Tree).description !== 'string') bare.push(`${path}.${name}`)
        visit(value, `${path}.${key}`)
      }
    }
    visit(configSchema(), '')
    expect(bare).toEqual([])
  })

  it('agrees with the checker on every part, whatever stands there', () => {
    const tree = fullTree()
    const wrong: string[] = []
    for (const path of pathsIn(tree)) {
      for (const junk of [...JUNK, { ...(path.length > 0 ? {} : tree), extra: 1 }]) {
        const changed = withPart(tree, path, junk)
        if (validate(changed) !== checkerTakes(changed))
          wrong.push(`${path.join('.')}: ${JSON.stringify(junk)}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('agrees with the checker on several parts at once, of any JSON', () => {
    const tree = fullTree()
    const paths = pathsIn(tree)
    const change = fc.tuple(
      fc.constantFrom(...paths),
      fc.oneof(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(...JUNK)),
    )
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let changed: unknown = tree
        for (const [path, part] of changes) {
          const isThere = pathsIn(changed).some((each) => each.join('\n') === path.join('\n'))
          if (isThere) changed = withPart(changed, path, part)
        }
        expect(validate(changed)).toBe(checkerTakes(changed))
      }),
      { numRuns: 500 },
    )
  })
})
