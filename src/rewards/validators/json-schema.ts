import { isRecord } from '../../base/check.js'
import { listOf, objectOf } from '../../base/json.js'
import { reading } from '../../base/read-once.js'

/** Steps that a check may take: schemas come from clients, and some take for ever. */
const STEPS_MAX = 50_000
const DEPTH_MAX = 200

/** Too much, or something that is not decided here. */
class Undecided extends Error {}

/** Whether a value fits a schema; null where it cannot be told. */
export type SchemaCheck = (value: unknown, schema: unknown) => boolean | null

/**
 * Whether a value fits a JSON schema, in the part of the language that providers take for answers and tools. Nothing is compiled, no
 * pattern is run, no reference is followed out of the schema, and the work is bounded: schemas are a client's.
 * @returns null where it cannot be told
 * @throws INVALID_ARGUMENT for what cannot be read
 */
export function fitsSchema(value: unknown, schema: unknown): boolean | null {
  return reading('value', () => {
    try {
      return new Check(schema).fits(value, schema, 0)
    } catch (error) {
      if (error instanceof Undecided) return null
      throw error
    }
  })
}

type Schema = Readonly<Record<string, unknown>>

/** Words that decide and are not read here: with one of these nobody can say that a value fits. */
const UNREAD = [
  'pattern',
  'patternProperties',
  'propertyNames',
  'dependentSchemas',
  'dependentRequired',
  'dependencies',
  'unevaluatedProperties',
  'unevaluatedItems',
  'contains',
  'uniqueItems',
  'if',
  '$dynamicRef',
  '$recursiveRef',
  'additionalItems',
]

class Check {
  private steps = 0

  constructor(private readonly root: unknown) {}

  /** What fails fails; what is not read here is undecided only where nothing else fails. */
  fits(value: unknown, schema: unknown, depth: number): boolean {
    if (++this.steps > STEPS_MAX || depth > DEPTH_MAX) throw new Undecided()
    if (typeof schema === 'boolean') return schema
    if (!isRecord(schema)) throw new Undecided()
    if (!this.fitsItself(value, schema) || !this.fitsParts(value, schema, depth + 1)) return false
    if (!this.fitsOthers(value, schema, depth + 1)) return false
    if (UNREAD.some((word) => Object.hasOwn(schema, word))) throw new Undecided()
    return true
  }

  private fitsItself(value: unknown, schema: Schema): boolean {
    const { type, enum: among } = schema
    // As OpenAPI has it.
    if (type !== undefined && !(value === null && schema.nullable === true)) {
      const types: readonly unknown[] = Array.isArray(type) ? type : [type]
      if (!types.some((each) => isOfType(value, each))) return false
    }
    if (Array.isArray(among) && !among.some((each) => this.isSame(value, each, 0))) return false
    if (Object.hasOwn(schema, 'const') && !this.isSame(value, schema.const, 0)) return false
    if (typeof value === 'number') return fitsNumber(value, schema)
    if (typeof value === 'string') return within(lengthOf(value), schema.minLength, schema.maxLength)
    if (Array.isArray(value)) return within(value.length, schema.minItems, schema.maxItems)
    if (!isRecord(value)) return true
    if (!listOf(schema.required).every((name) => Object.hasOwn(value, String(name)))) return false
    return within(Object.keys(value).length, schema.minProperties, schema.maxProperties)
  }

  private fitsParts(value: unknown, schema: Schema, depth: number): boolean {
    if (Array.isArray(value)) {
      const { items, prefixItems } = schema
      const first: readonly unknown[] = Array.isArray(items) ? items : listOf(prefixItems)
      return value.every((each, i) => {
        if (i < first.length) return this.fits(each, first[i], depth)
        return items === undefined || Array.isArray(items) || this.fits(each, items, depth)
      })
    }
    if (!isRecord(value)) return true
    const properties = objectOf(schema.properties) ?? {}
    const { additionalProperties: rest } = schema
    // Which names a pattern leaves is not told here.
    const restIsRead = rest !== undefined && !Object.hasOwn(schema, 'patternProperties')
    return Object.entries(value).every(([name, each]) => {
      if (Object.hasOwn(properties, name)) return this.fits(each, properties[name], depth)
      return !restIsRead || this.fits(each, rest, depth)
    })
  }

  private fitsOthers(value: unknown, schema: Schema, depth: number): boolean {
    const { $ref: reference, allOf, anyOf, oneOf, not } = schema
    if (reference !== undefined && !this.fits(value, this.referred(reference), depth)) return false
    if (!listOf(allOf).every((each) => this.fits(value, each, depth))) return false
    if (Array.isArray(anyOf) && !anyOf.some((each) => this.fits(value, each, depth))) return false
    if (Array.isArray(oneOf) && oneOf.filter((each) => this.fits(value, each, depth)).length !== 1)
      return false
    return not === undefined || !this.fits(value, not, depth)
  }

  /** `#/$defs/name`: a place in the schema. */
  private referred(reference: unknown): unknown {
    if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) throw new Undecided()
    let at: unknown = this.root
    for (const step of reference.split('/').slice(1)) {
      const name = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~')
      const part = Array.isArray(at)
        ? at[Number(name)]
        : isRecord(at) && Object.hasOwn(at, name)
          ? at[name]
          : undefined
      if (part === undefined) throw new Undecided()
      at = part
    }
    return at
  }

  private isSame(a: unknown, b: unknown, depth: number): boolean {
    if (++this.steps > STEPS_MAX || depth > DEPTH_MAX) throw new Undecided()
    if (Array.isArray(a) && Array.isArray(b))
      return a.length === b.length && a.every((each, i) => this.isSame(each, b[i], depth + 1))
    if (!isRecord(a) || !isRecord(b)) return a === b
    const names = Object.keys(a)
    return (
      names.length === Object.keys(b).length &&
      names.every((name) => Object.hasOwn(b, name) && this.isSame(a[name], b[name], depth + 1))
    )
  }
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isRecord(value)
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value)
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
    default:
      throw new Undecided()
  }
}

function fitsNumber(value: number, schema: Schema): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  if (!within(value, minimum, maximum)) return false
  if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) return false
  if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) return false
  if (typeof multipleOf !== 'number') return true
  const ratio = value / multipleOf
  return Math.abs(ratio - Math.round(ratio)) < 1e-9
}

function within(value: number, least: unknown, most: unknown): boolean {
  return !(typeof least === 'number' && value < least) && !(typeof most === 'number' && value > most)
}

/** In characters, not in halves of them. */
function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length++
  return length
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}
