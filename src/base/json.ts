import { isRecord } from './check.js'
import { isList } from './errors.js'
import { reading } from './read-once.js'

/** An object of JSON. */
export type Json = { readonly [field: string]: unknown }

const NO_OBJECTS: readonly Json[] = Object.freeze([])

/** Null: it is something else. */
export function objectOf(value: unknown): Json | null {
  return isRecord(value) ? value : null
}

/** Empty: it is something else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Null: it is something else, or not finite. */
export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** Empty: it is something else. */
export function listOf(value: unknown): readonly unknown[] {
  return isList(value) ? value : []
}

export function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) ? reading(name, () => value[name]) : undefined
}

/** Objects of a list; what else is in it is passed over. @throws INVALID_ARGUMENT for a list that cannot be read */
export function objectsOf(value: unknown): readonly Json[] {
  // What is not there is what is read most.
  if (value === undefined || value === null) return NO_OBJECTS
  return reading('', () => listOf(value).filter(isRecord))
}

/**
 * The texts of a content: a text, or parts of which some have one; a tool's result holds parts of its own.
 * @throws INVALID_ARGUMENT for what cannot be read
 */
export function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content
  return content === undefined || content === null ? '' : reading('content', () => textOfParts(content))
}

function textOfParts(content: unknown): string {
  return joined(
    listOf(content).map((part) => {
      if (typeof part === 'string') return part
      const { text, content: inner } = objectOf(part) ?? {}
      if (typeof text === 'string') return text
      return typeof inner === 'string' ? inner : joined(objectsOf(inner).map((each) => textOf(each.text)))
    }),
  )
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n')
}

/** Undefined: the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Null: the text is no JSON, or that of something else. */
export function parseObject(text: string): Json | null {
  return objectOf(parseJson(text))
}
