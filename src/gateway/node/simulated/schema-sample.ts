import { type JsonRecord, type JsonValue, listOf, numberOf, recordOf, textOf } from './json.js'
import type { Random } from './random.js'

const DEPTH_MAX = 8

/** A value that fits a JSON schema: types, enums, bounds, required and other properties, references to definitions. */
export function sampleOf(schema: JsonValue | undefined, random: Random): JsonValue {
  return sample(recordOf(schema), recordOf(schema), random, 0)
}

function sample(schema: JsonRecord, root: JsonRecord, random: Random, depth: number): JsonValue {
  const reference = textOf(schema.$ref)
  if (reference !== null) return sample(resolve(reference, root), root, random, depth + 1)
  if (schema.const !== undefined) return schema.const
  const choices = listOf(schema.enum)
  if (choices.length > 0) return choices[random.below(choices.length)]
  const among = [...listOf(schema.anyOf), ...listOf(schema.oneOf)]
  if (among.length > 0) return sample(recordOf(among[0]), root, random, depth)
  const type = textOf(schema.type) ?? textOf(listOf(schema.type)[0]) ?? typeByFields(schema)
  if (type === 'object') return objectOf(schema, root, random, depth)
  if (type === 'array') {
    const count = Math.max(numberOf(schema.minItems) ?? 0, depth > DEPTH_MAX ? 0 : 1)
    return Array.from({ length: count }, () => sample(recordOf(schema.items), root, random, depth + 1))
  }
  const low = numberOf(schema.minimum) ?? 0
  if (type === 'integer') {
    const least = Math.ceil(low)
    return least + random.below(Math.min((numberOf(schema.maximum) ?? least + 9) - least, 9) + 1)
  }
  if (type === 'number') return numberOf(schema.maximum) ?? low + 0.5
  if (type === 'boolean') return random.next() < 0.5
  if (type === 'null') return null
  return 'naïve'.repeat(Math.ceil((numberOf(schema.minLength) ?? 1) / 5))
}

function objectOf(schema: JsonRecord, root: JsonRecord, random: Random, depth: number): JsonValue {
  const required = listOf(schema.required)
  const named = Object.entries(recordOf(schema.properties))
  const taken = named.filter(([name]) => depth <= DEPTH_MAX || required.includes(name))
  return Object.fromEntries(taken.map(([name, of]) => [name, sample(recordOf(of), root, random, depth + 1)]))
}

function typeByFields(schema: JsonRecord): string {
  if (schema.properties !== undefined) return 'object'
  return schema.items === undefined ? 'string' : 'array'
}

function resolve(reference: string, root: JsonRecord): JsonRecord {
  let at = root
  for (const name of reference.split('/').slice(1)) at = recordOf(at[name])
  return at
}
