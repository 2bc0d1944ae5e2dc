import { isRecord } from '../../base/check.js'
import { listOf, objectOf } from '../../base/json.js'
import { reading } from '../../base/read-once.js'

/** Steps that a check may take: schemas come from clients, and some take for ever. */
const STEPS_MAX = 50_000
/** What counts as a step: entries of a list, members of an object, whose names must be listed, parts of the way to a place, characters of a text. A schema may have the same long one looked at in each step. */
const ENTRIES_A_STEP = 16
const MEMBERS_A_STEP = 2
const PLACES_A_STEP = 4
const CHARS_A_STEP = 256
const DEPTH_MAX = 200

/** How far the ratio of two decimals that are rounded may be from a whole number; beyond the most nothing can be told. */
const RATIO_ERROR = 1e-9
const RATIO_ERROR_SHARE = 4 * Number.EPSILON
const RATIO_ERROR_MAX = 0.01

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
    this.step(depth)
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
      const types: readonly unknown[] = Array.isArray(type) ? this.looked(type) : [type]
      if (!types.some((each) => isOfType(value, each))) return false
    }
    if (Array.isArray(among) && !among.some((each) => this.isSame(value, each, 0))) return false
    if (Object.hasOwn(schema, 'const') && !this.isSame(value, schema.const, 0)) return false
    if (typeof value === 'number') return fitsNumber(value, schema)
    if (typeof value === 'string') return this.fitsLength(value, schema)
    if (Array.isArray(value)) return within(value.length, schema.minItems, schema.maxItems)
    if (!isRecord(value)) return true
    if (!this.looked(listOf(schema.required)).every((name) => Object.hasOwn(value, String(name))))
      return false
    const { minProperties: least, maxProperties: most } = schema
    if (least === undefined && most === undefined) return true
    return within(this.namesOf(value).length, least, most)
  }

  private fitsLength(value: string, { minLength: least, maxLength: most }: Schema): boolean {
    if (least === undefined && most === undefined) return true
    this.lookedAt(value)
    return within(lengthOf(value), least, most)
  }

  private fitsParts(value: unknown, schema: Schema, depth: number): boolean {
    if (Array.isArray(value)) {
      const { items, prefixItems } = schema
      const first: readonly unknown[] = Array.isArray(items) ? items : listOf(prefixItems)
      if (items === undefined && first.length === 0) return true
      return this.looked(value).every((each, i) => {
        if (i < first.length) return this.fits(each, first[i], depth)
        return items === undefined || Array.isArray(items) || this.fits(each, items, depth)
      })
    }
    if (!isRecord(value)) return true
    const properties = objectOf(schema.properties) ?? {}
    const { additionalProperties: rest } = schema
    // Which names a pattern leaves is not told here.
    const restIsRead = rest !== undefined && !Object.hasOwn(schema, 'patternProperties')
    if (schema.properties === undefined && !restIsRead) return true
    return this.namesOf(value).every((name) => {
      if (Object.hasOwn(properties, name)) return this.fits(value[name], properties[name], depth)
      return !restIsRead || this.fits(value[name], rest, depth)
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
    this.lookedAt(reference)
    let at: unknown = this.root
    const way = reference.split('/').slice(1)
    this.steps += way.length / PLACES_A_STEP
    for (const step of way) {
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
    this.step(depth)
    if (typeof a === 'string' && typeof b === 'string' && a.length === b.length) this.lookedAt(a)
    if (Array.isArray(a) && Array.isArray(b))
      return a.length === b.length && a.every((each, i) => this.isSame(each, b[i], depth + 1))
    if (!isRecord(a) || !isRecord(b)) return a === b
    const names = this.namesOf(a)
    return (
      names.length === this.namesOf(b).length &&
      names.every((name) => Object.hasOwn(b, name) && this.isSame(a[name], b[name], depth + 1))
    )
  }

  private step(depth: number): void {
    if (++this.steps > STEPS_MAX || depth > DEPTH_MAX) throw new Undecided()
  }

  /** A list that is gone through. */
  private looked<T>(list: readonly T[]): readonly T[] {
    this.steps += list.length / ENTRIES_A_STEP
    if (this.steps > STEPS_MAX) throw new Undecided()
    return list
  }

  /** Of members that are gone through. */
  private namesOf(record: Readonly<Record<string, unknown>>): readonly string[] {
    const names = Object.keys(record)
    this.steps += names.length / MEMBERS_A_STEP
    if (this.steps > STEPS_MAX) throw new Undecided()
    return names
  }

  /** A text that is gone through. */
  private lookedAt({ length }: string): void {
    this.steps += length / CHARS_A_STEP
    if (this.steps > STEPS_MAX) throw new Undecided()
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
      return typeof value === 'number' && isWhole(value)
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
  return typeof multipleOf !== 'number' || isMultiple(value, multipleOf)
}

/** A number beyond those that are told apart has come as one without end. */
function isWhole(value: number): boolean {
  if (Number.isFinite(value)) return Number.isInteger(value)
  throw new Undecided()
}

/** As decimals, which are rounded: 1234567.89 is a multiple of 0.01. */
function isMultiple(value: number, of: number): boolean {
  const ratio = value / of
  if (!(of > 0) || !Number.isFinite(ratio)) throw new Undecided()
  if (value % of === 0) return true
  const error = Math.max(RATIO_ERROR, Math.abs(ratio) * RATIO_ERROR_SHARE)
  if (error > RATIO_ERROR_MAX) throw new Undecided()
  const whole = Math.round(ratio)
  return whole !== 0 && Math.abs(ratio - whole) < error
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
