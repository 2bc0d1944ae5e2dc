import { ParetoBanditError } from '../index.js'
import { isRecord, type Json } from './json.js'

/** Of an argument that is something else. */
export function refused(field: string, message: string, options?: ErrorOptions): ParetoBanditError {
  return new ParetoBanditError('INVALID_ARGUMENT', field, message, options)
}

/** Runs what reads an argument. @throws INVALID_ARGUMENT for an exception of the caller's code */
export function reading<T>(field: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof ParetoBanditError) throw cause
    throw refused(field, 'expected a value that can be read, got an exception', { cause })
  }
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

/** Models by their ids. */
export function checkModels(value: unknown): void {
  const models = Object.entries(checkRecord(value, 'models'))
  if (models.length === 0) throw refused('models', 'expected a model at least, got none')
  for (const [id, model] of models)
    if (!isRecord(model))
      throw refused(`models[${JSON.stringify(id)}]`, `expected a model, got ${kindOf(model)}`)
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
