export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonRecord
export interface JsonRecord {
  readonly [name: string]: JsonValue | undefined
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value as a record; one without fields, if it is something else. */
export function recordOf(value: JsonValue | undefined): JsonRecord {
  return isRecord(value) ? value : {}
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

export function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}

export function numberOf(value: JsonValue | undefined): number | null {
  return typeof value === 'number' ? value : null
}

export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
