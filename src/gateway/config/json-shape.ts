import { isRecord } from '../../base/check.js'
import { expectedObject, GROWN_TOGETHER, grownTogether, isWord, WORD } from './mistake.js'
import { type JsonSchema, type Shape, wrong } from './shape.js'

const DEPTH_MAX = 16
/** The gateway writes these itself. */
const OWN_PARAMETERS = ['model', 'messages', 'input', 'stream', 'stream_options'] as const

const JSON_WITHIN = { $ref: '#/definitions/json' }

/** What the schema below points to: JSON at any depth, of which `parameters` takes `DEPTH_MAX` levels. */
export const jsonDefinitions: JsonSchema = {
  json: {
    description: `JSON of at most ${DEPTH_MAX} levels`,
    propertyNames: { not: { const: '__proto__' } },
    patternProperties: { [GROWN_TOGETHER]: { not: { type: 'null' } } },
    allOf: [{ additionalProperties: JSON_WITHIN, items: JSON_WITHIN }],
  },
}

/**
 * Fields that are merged into a request's body: any JSON, but what the gateway writes itself. All their own names are words, as those of
 * bodies are. Names further down may be any, as a JSON schema's are, but those that YAML has grown together with their values.
 */
export const parameters: Shape<Readonly<Record<string, unknown>>> = {
  schema: {
    type: 'object',
    propertyNames: { pattern: WORD, not: { enum: [...OWN_PARAMETERS, '__proto__'] } },
    additionalProperties: JSON_WITHIN,
  },
  read(value, path, reading) {
    if (!isRecord(value)) return wrong(reading, path, expectedObject(value))
    for (const key of Object.keys(value)) {
      if (!isWord(key))
        return wrong(
          reading,
          path,
          `expected ${grownTogether(key) ?? 'a word for the name of each parameter'}`,
        )
      if (OWN_PARAMETERS.some((name) => name === key) || key === '__proto__')
        return wrong(reading, [...path, key], 'is written by the gateway itself')
    }
    if (!isJson(value, DEPTH_MAX)) return wrong(reading, path, `expected JSON of at most ${DEPTH_MAX} levels`)
    const grown = grownIn(value)
    return grown === null ? structuredClone(value) : wrong(reading, path, `expected ${grown}`)
  },
}

/** What is wrong with a name that has its value in it: YAML gives it nothing for a value. Null: there is no such name. */
function grownIn(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null
  for (const [name, each] of Object.entries(value)) {
    const grown = each === null && !Array.isArray(value) ? grownTogether(name) : grownIn(each)
    if (grown !== null) return grown
  }
  return null
}

function isJson(value: unknown, depth: number): boolean {
  if (depth < 0) return false
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every((each) => isJson(each, depth - 1))
  if (!isRecord(value)) return false
  return Object.entries(value).every(([key, each]) => key !== '__proto__' && isJson(each, depth - 1))
}
