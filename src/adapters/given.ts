import { isRecord } from '../base/check.js'
import { isList, show } from '../base/errors.js'
import type { Json } from '../base/json.js'
import { ParetoBanditError, type Router } from '../index.js'

/** Of an argument that is something else. */
export function refused(field: string, message: string, options?: ErrorOptions): ParetoBanditError {
  return new ParetoBanditError('INVALID_ARGUMENT', field, message, options)
}

/** Null: it cannot be read. */
export function quietly<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

export function checkRecord(value: unknown, field: string): Json {
  if (!isRecord(value)) throw refused(field, `expected an object, got ${kindOf(value)}`)
  return value
}

export function checkRouter(value: unknown): void {
  if (!isRecord(value) || typeof value.run !== 'function')
    throw refused('router', `expected a router, got ${kindOf(value)}`)
}

/** Refuses options that are not among those known. @throws UNKNOWN_OPTION */
export function checkOptions(value: unknown, known: readonly string[], field: string): void {
  const key = Object.keys(checkRecord(value, field)).find((each) => !known.includes(each))
  if (key === undefined) return
  throw new ParetoBanditError('UNKNOWN_OPTION', key, `unknown option; known: ${known.join(', ')}`)
}

/** Of what stands by ids of models. @throws UNKNOWN_MODEL for one that the router does not have now, with the nearest spelling */
export function checkIds(router: Router<string>, value: unknown, name: string): void {
  if (value === undefined) return
  for (const id of Object.keys(checkRecord(value, name)))
    try {
      router.inspectArm(id)
    } catch (cause) {
      if (!(cause instanceof ParetoBanditError)) throw cause
      const message = cause.message.slice(cause.message.indexOf(': ') + 2)
      throw new ParetoBanditError(cause.code, fieldOf(name, id), message, { cause })
    }
}

/**
 * Models by their ids.
 * @param methods that each has
 */
export function checkModels(value: unknown, methods: readonly string[]): void {
  const models = Object.entries(checkRecord(value, 'models'))
  if (models.length === 0) throw refused('models', 'expected a model at least, got none')
  for (const [id, model] of models) {
    const field = fieldOf('models', id)
    if (!isRecord(model)) throw refused(field, `expected a model, got ${kindOf(model)}`)
    const missing = methods.find((method) => typeof Reflect.get(model, method) !== 'function')
    if (missing !== undefined) throw refused(field, `expected a model, got an object without ${missing}()`)
  }
}

/** `names["small"]` */
export function fieldOf(name: string, id: string): string {
  return `${name}[${JSON.stringify(id)}]`
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (isList(value)) return 'an array'
  return typeof value === 'object' ? show(value) : `a ${typeof value}`
}
