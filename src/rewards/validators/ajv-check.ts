import { isRecord } from '../../base/check.js'
import { expected } from '../../base/errors.js'
import { LatestMap } from '../../base/latest-map.js'
import { reading } from '../../base/read-once.js'
import type { SchemaCheck } from './json-schema.js'

/** What is used of an `Ajv` of the package `ajv`. */
export interface AjvLike {
  /** Makes a function that checks values by a schema. @throws for what is no schema */
  compile(schema: object | boolean): (value: unknown) => unknown
}

/** Compiled schemas that are kept, the latest. */
const KEPT_MAX = 1000

/**
 * Checks schemas by `ajv`, with patterns, formats and all: for schemas of your own. Ajv compiles a schema to code and runs its patterns, so
 * schemas of strangers are better left to `fitsSchema`, which is bounded in time, and compiles and runs nothing.
 * @param ajv an instance, such as `new Ajv({ strict: false })`
 * @throws INVALID_ARGUMENT for something else
 */
export function ajvCheck(ajv: AjvLike): SchemaCheck {
  const takes = reading(
    'ajv',
    () => typeof ajv === 'object' && ajv !== null && typeof ajv.compile === 'function',
  )
  if (!takes) throw expected('INVALID_ARGUMENT', 'ajv', 'an instance of Ajv', ajv)
  const kept = new LatestMap<string, ((value: unknown) => unknown) | null>(KEPT_MAX)
  return (value, schema) => {
    if (typeof schema !== 'boolean' && !isRecord(schema)) return null
    const key = JSON.stringify(schema)
    let check = kept.get(key)
    if (check === undefined) {
      check = compiled(ajv, schema)
      kept.set(key, check)
    }
    return check === null ? null : check(value) === true
  }
}

/** Null: it is no schema that ajv takes. */
function compiled(ajv: AjvLike, schema: object | boolean): ((value: unknown) => unknown) | null {
  try {
    return ajv.compile(schema)
  } catch {
    return null
  }
}
