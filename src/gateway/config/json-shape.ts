import { isRecord } from '../../base/check.js'
import { show } from './mistake.js'
import { type Shape, wrong } from './shape.js'

const DEPTH_MAX = 16
/** The gateway writes these itself. */
const OWN_PARAMETERS = ['model', 'messages', 'input', 'stream', 'stream_options'] as const

/** Fields that are merged into a request's body: any JSON, but what the gateway writes itself. */
export const parameters: Shape<Readonly<Record<string, unknown>>> = {
  schema: {
    type: 'object',
    propertyNames: { not: { enum: [...OWN_PARAMETERS, '__proto__'] } },
  },
  read(value, path, reading) {
    if (!isRecord(value)) return wrong(reading, path, `expected an object, got ${show(value)}`)
    for (const key of Object.keys(value)) {
      if (OWN_PARAMETERS.some((name) => name === key) || key === '__proto__')
        return wrong(reading, [...path, key], 'is written by the gateway itself')
    }
    if (isJson(value, DEPTH_MAX)) return structuredClone(value)
    return wrong(reading, path, `expected JSON of at most ${DEPTH_MAX} levels`)
  },
}

function isJson(value: unknown, depth: number): boolean {
  if (depth < 0) return false
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every((each) => isJson(each, depth - 1))
  if (!isRecord(value)) return false
  return Object.entries(value).every(([key, each]) => key !== '__proto__' && isJson(each, depth - 1))
}
